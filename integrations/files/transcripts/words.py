"""A meeting as words with times: what every reader of transcripts gives."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from diarize.base import SpeakerActivity
from moderator.events import Word
from moderator.mind.base import Participant
from moderator.timeline import Samples, to_samples, to_seconds

LATEST_S: Final = 48 * 3600.0
"""Latest time accepted in a transcript, s; beyond it a time is taken for a mistake."""

OVERLAP_ALLOWED: Final = to_samples(0.05)
"""By how much two turns of one speaker may overlap: more than rounding makes, less than a word.

The turns of the AMI and ICSI records do not overlap at all.
"""


CHARACTERS_PER_S: Final = 15.0
"""How fast people talk where no file says: characters a second, gaps between words among them.

Eight AMI meetings have 13.4 to 15.8.
"""

NOBODY: Final = ""
"""Speaker of words whose file does not say who speaks; see `attribution`."""

SPREAD: Final = "words have no times of their own; spread over their segments"
"""The note of a transcript whose words have times by length inside their segments."""


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


def joined_turns(spans: Iterable[Span]) -> tuple[tuple[SpeakerActivity, ...], tuple[str, ...]]:
    """The turns by start, those of one speaker joined where they overlap, and a note of that.

    Nobody talks over themselves: reference files have such turns where two annotations of one
    stretch were put together. Turns that overlap by `OVERLAP_ALLOWED` or less stay two.
    """
    ordered = sorted(spans, key=lambda span: (span.start, span.end, span.speaker))
    last: dict[str, int] = {}
    turns: list[SpeakerActivity] = []
    joined: list[tuple[Span, SpeakerActivity]] = []
    for span in ordered:
        before = turns[last[span.speaker]] if span.speaker in last else None
        overlaps = before is not None and span.start < before.end - OVERLAP_ALLOWED
        if before is not None and overlaps and span.end > span.start:
            joined.append((span, before))
            end = max(before.end, span.end)
            turns[last[span.speaker]] = SpeakerActivity(span.speaker, before.start, end)
            continue
        if before is None or span.end > before.end:
            last[span.speaker] = len(turns)
        turns.append(SpeakerActivity(span.speaker, span.start, span.end))
    if not joined:
        return tuple(turns), ()
    span, before = joined[0]
    times = f"{to_seconds(before.start):.2f}-{to_seconds(before.end):.2f} s"
    more = f", and {len(joined) - 1} more" if len(joined) > 1 else ""
    note = f"overlapping turns of one speaker joined: {_timed(span)} of {span.speaker} with {times}"
    return tuple(turns), (note + more,)


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
    text = clean(text)
    tokens = text.split(" ") if text else []
    total = sum(len(token) + 1 for token in tokens)
    words, done = [], 0
    for token in tokens:
        begin = start + (end - start) * done // total
        done += len(token) + 1
        words.append(Word(speaker, token, begin, start + (end - start) * done // total))
    return words


def with_lengths(words: Iterable[Word]) -> tuple[tuple[Word, ...], tuple[str, ...]]:
    """Words by start, those of no length given one, and a note that says how many.

    Who says a word has a voice meanwhile; a word of no length would be silence. It lasts as long as
    its characters take at `CHARACTERS_PER_S`, and never into the speaker's next word.
    """
    ordered = in_order(words)
    empty = [at for at, word in enumerate(ordered) if word.end == word.start]
    if not empty:
        return ordered, ()
    at_once: dict[tuple[str, Samples], list[str]] = {}
    for at in empty:
        at_once.setdefault((ordered[at].speaker, ordered[at].start), []).append(ordered[at].text)
    following: dict[str, Samples] = {}
    made: list[Word] = []
    for word in reversed(ordered):
        key = (word.speaker, word.start)
        if word.end > word.start:
            made.append(word)
        elif key in at_once:
            text = " ".join(at_once.pop(key))
            length = guessed_length(text)
            if word.speaker in following:
                length = min(length, following[word.speaker] - word.start)
            # As many samples as characters at least: each word has one of its own.
            end = word.start + max(length, len(text) + 1)
            made += spread(word.speaker, text, word.start, end)
        following[word.speaker] = word.start
    return in_order(made), (f"{len(empty)} words have no length; theirs are guesses",)


def guessed_length(text: str) -> Samples:
    """How long a text takes to say, at `CHARACTERS_PER_S`."""
    return to_samples((len(text) + 1) / CHARACTERS_PER_S)


def in_order(words: Iterable[Word]) -> tuple[Word, ...]:
    """Words by start; ties by end, then speaker, so that the order never depends on the file."""
    return tuple(sorted(words, key=lambda word: (word.start, word.end, word.speaker)))


def _timed(span: Span) -> str:
    return f"{span.place} ({to_seconds(span.start):.2f}-{to_seconds(span.end):.2f} s)"
