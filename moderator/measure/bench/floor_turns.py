"""Floor turns: when a participant really takes the floor, and not only nods along."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from moderator.events import Word
from moderator.floor.state import TURN_LENGTH, TURN_PAUSE
from moderator.measure.bench.meeting import BenchMeeting
from moderator.timeline import Samples
from moderator.transcript import UTTERANCE_PAUSE

TURN_WORDS = 4
"""As many words make a floor turn, however fast they are said."""


@dataclass(frozen=True, slots=True)
class Span:
    """Words of one speaker joined over pauses.

    Attributes:
        speaker: participant's id.
        start: start of the first word.
        end: latest end of a word.
        words: how many.
    """

    speaker: str
    start: Samples
    end: Samples
    words: int


def joined(speaker: str, words: Iterable[Word], pause: Samples) -> list[Span]:
    """The words of one speaker joined over pauses shorter than `pause`, by start."""
    spans: list[Span] = []
    for word in sorted(words, key=lambda word: (word.start, word.end)):
        last = spans[-1] if spans else None
        if last is not None and word.start - last.end < pause:
            spans[-1] = Span(speaker, last.start, max(last.end, word.end), last.words + 1)
        else:
            spans.append(Span(speaker, word.start, word.end, 1))
    return spans


def utterances(meeting: BenchMeeting, speaker: str) -> list[Span]:
    """When a participant speaks: words joined over pauses under 0.5 s."""
    return joined(speaker, _words(meeting, speaker), UTTERANCE_PAUSE)


def floor_turns(meeting: BenchMeeting, speaker: str) -> list[Span]:
    """A participant's floor turns.

    Words merged over pauses under 1.0 s that last at least 1.0 s or are at least 4 words, so that
    backchannels do not count.
    """
    return [
        span
        for span in joined(speaker, _words(meeting, speaker), TURN_PAUSE)
        if span.end - span.start >= TURN_LENGTH or span.words >= TURN_WORDS
    ]


def all_floor_turns(meeting: BenchMeeting) -> list[Span]:
    """Everybody's floor turns, by start."""
    turns = [turn for speaker in speakers(meeting) for turn in floor_turns(meeting, speaker)]
    return sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker))


def speakers(meeting: BenchMeeting) -> Sequence[str]:
    """Ids of those who say something, sorted."""
    return sorted({word.speaker for word in meeting.words})


def _words(meeting: BenchMeeting, speaker: str) -> list[Word]:
    return [word for word in meeting.words if word.speaker == speaker]
