"""A meeting as words with times: what every reader of transcripts gives."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from diarize.base import SpeakerActivity
from integrations.files.disk.foreign import shown
from moderator.errors import InputError
from moderator.events import Word
from moderator.mind.base import Participant
from moderator.timeline import Samples, to_samples, to_seconds

LATEST_S: Final = 48 * 3600.0
"""Latest time accepted in a transcript, s; beyond it a time is taken for a mistake."""

OVERLAP_ALLOWED: Final = to_samples(0.05)
"""By how much two turns of one speaker may overlap: more than rounding makes, less than a word.

The turns of the AMI and ICSI records do not overlap at all.
"""


@dataclass(frozen=True, slots=True)
class DialogueAct:
    """A dialogue act of a record, in the words of its corpus.

    Attributes:
        speaker: participant's id.
        start: first sample.
        end: one past the last sample.
        type: the corpus's tag; None where the annotators gave none.
        to: ids of those it was addressed to; empty where not annotated.
    """

    speaker: str
    start: Samples
    end: Samples
    type: str | None
    to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of a record: what a part of the meeting was about.

    Attributes:
        start: first sample.
        end: one past the last sample.
        type: its name; None where the annotators gave none.
        depth: 0 for a topic, 1 for a part of one, and so on.
    """

    start: Samples
    end: Samples
    type: str | None
    depth: int


@dataclass(frozen=True, slots=True)
class MeetingWords:
    """A recorded meeting without its sound.

    Attributes:
        meeting_id: the meeting's name.
        duration: its length; no word or turn ends later.
        words: all words, by start.
        turns: who had a voice when, by start, as the file states it.
        participants: by id, in the file's order.
        moderator: ids of those who led the meeting; empty where not known.
        acts: dialogue acts; empty where not annotated.
        topics: topics; empty where not annotated.
        notes: what had to be assumed, in words.
        people: names that stay the same across meetings, of those who were there, sorted.
        played: id of a participant who plays a role; None for nobody.
    """

    meeting_id: str
    duration: Samples
    words: tuple[Word, ...]
    turns: tuple[SpeakerActivity, ...]
    participants: Mapping[str, Participant]
    moderator: tuple[str, ...] = ()
    acts: tuple[DialogueAct, ...] = ()
    topics: tuple[Topic, ...] = ()
    notes: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    played: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A turn and its place in the file, for messages that name it."""

    speaker: str
    start: Samples
    end: Samples
    place: str


def checked_turns(spans: Iterable[Span], path: Path) -> tuple[SpeakerActivity, ...]:
    """The turns by start, once no speaker is found to talk over themselves.

    Raises:
        InputError: two turns of one speaker overlap by more than `OVERLAP_ALLOWED`.
    """
    ordered = sorted(spans, key=lambda span: (span.start, span.end, span.speaker))
    last: dict[str, Span] = {}
    for span in ordered:
        if span.end == span.start:
            continue
        before = last.get(span.speaker)
        if before is not None and span.start < before.end - OVERLAP_ALLOWED:
            raise InputError(
                f"two turns of {span.speaker!r} overlap, {_timed(before)} and {_timed(span)}",
                where=shown(path),
                todo="a speaker cannot talk over themselves; correct the times or the speaker",
            )
        if before is None or span.end > before.end:
            last[span.speaker] = span
    return tuple(SpeakerActivity(span.speaker, span.start, span.end) for span in ordered)


def clean(text: str) -> str:
    """Text on one line: white space becomes single spaces, control characters vanish."""
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return " ".join("".join(c for c in line if unicodedata.category(c) != "Cc").split())


def spread(speaker: str, text: str, start: Samples, end: Samples) -> list[Word]:
    """The words of a turn whose words carry no times.

    Time is shared out in proportion to the words' length in characters, with one more for the
    gap: the usual approximation where only segments are timed, as in MeetEval's
    ``character_based`` pseudo-word timings (von Neumann et al. 2023).
    """
    tokens = clean(text).split(" ") if clean(text) else []
    total = sum(len(token) + 1 for token in tokens)
    words, done = [], 0
    for token in tokens:
        begin = start + (end - start) * done // total
        done += len(token) + 1
        words.append(Word(speaker, token, begin, start + (end - start) * done // total))
    return words


def in_order(words: Iterable[Word]) -> tuple[Word, ...]:
    """Words by start; ties by end, then speaker, so that the order never depends on the file."""
    return tuple(sorted(words, key=lambda word: (word.start, word.end, word.speaker)))


def _timed(span: Span) -> str:
    return f"{span.place} ({to_seconds(span.start):.2f}-{to_seconds(span.end):.2f} s)"
