"""RTTM: who spoke when, one line a turn (NIST, Rich Transcription evaluation plan, 2009).

``SPEAKER <file> <channel> <start s> <duration s> <NA> <NA> <speaker> <NA> <NA>``. Fields end at
white space, so white space in a name is written as in a URL (``Ann%20Lee``) and read back. Where
others wrote it as it is, it is read as long as only one reading of the line is possible.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from diarize.base import SpeakerActivity
from integrations.files.disk import foreign
from integrations.files.disk.atomic import write_text
from integrations.files.disk.foreign import check_people, checked_id, clipped, shown
from integrations.files.transcripts.words import LATEST_S, Span, joined_turns
from moderator.errors import InputError
from moderator.timeline import Samples, to_samples, to_seconds

_OTHER_TYPES: Final = (
    *("SEGMENT", "NOSCORE", "NO_RT_METADATA", "LEXEME", "NON-LEX", "NON-SPEECH", "FILLER"),
    *("EDIT", "SU", "IP", "CB", "A/P", "SPKR-INFO"),
)

TYPES: Final = frozenset({"SPEAKER", *_OTHER_TYPES})
"""Types of line that the format knows; all but SPEAKER are passed over."""

NO_VALUE: Final = "<NA>"

NUMBER: Final = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")
"""A number as these formats write it; takes time in proportion to a text's length."""


@dataclass(frozen=True, slots=True)
class SpeakerTurns:
    """What an RTTM file says.

    Attributes:
        file: the recording's name in it.
        turns: who spoke when, by start.
        channels: the turns of each channel of the recording, by start.
        notes: what had to be assumed, in words.
    """

    file: str
    turns: tuple[SpeakerActivity, ...]
    channels: Mapping[str, tuple[SpeakerActivity, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class _Line(NamedTuple):
    """A SPEAKER line's fields, each with the white space that is part of it."""

    file: str
    channel: str
    start: str
    duration: str
    speaker: str
    confidence: str


def parse_rttm(text: str, path: Path) -> SpeakerTurns:
    """Speaker turns from the text of an RTTM file; `path` stands in messages.

    Raises:
        InputError: a line that does not fit, or can be read in two ways; several recordings; no
            speech; too many people.
    """
    by_channel: dict[str, list[Span]] = {}
    names = _Names()
    file: str | None = None
    for number, fields in numbered_fields(text):
        where = f"{shown(path)}:{number}"
        if fields[0] not in TYPES:
            raise InputError(
                f"unknown type of line '{clipped(fields[0])}'", where=where, todo="give RTTM"
            )
        if fields[0] != "SPEAKER":
            continue
        line = _line(fields, where)
        if file is not None and line.file != file:
            both = f"'{clipped(file)}' and '{clipped(line.file)}'"
            raise InputError(f"two recordings, {both}", where=where, todo="give one a file")
        file = line.file
        start, end = times(line.start, line.duration, where)
        names.take(line, where)
        speaker = checked_id(unquote(line.speaker), where)
        span = Span(speaker, start, end, f"line {number}")
        by_channel.setdefault(line.channel, []).append(span)
    spans = [span for channel in by_channel.values() for span in channel]
    if file is None or not any(span.end > span.start for span in spans):
        raise InputError(
            "no SPEAKER line with a duration in it",
            where=shown(path),
            todo="give the RTTM of a meeting with speech",
        )
    check_people(len({span.speaker for span in spans}), path)
    turns, notes = joined_turns(spans)
    channels = {name: joined_turns(some)[0] for name, some in by_channel.items()}
    return SpeakerTurns(foreign.meeting_id(unquote(file)), turns, channels, notes)


def _line(fields: list[str], where: str) -> _Line:
    """Finds the two times, behind which two fields are ``<NA>``, and so where the names are.

    Raises:
        InputError: there is no such place, or several.
    """
    found = [
        at
        for at in range(3, len(fields) - 4)
        if fields[at + 2] == fields[at + 3] == NO_VALUE and _is_number(fields[at], fields[at + 1])
    ]
    if not found and 8 <= len(fields) <= 10:
        found = [3]  # with other values there: the times say what is wrong with them
    if len(found) != 1:
        what = f"{len(fields)} fields where RTTM has 8 to 10"
        if len(fields) > 10:
            raise white_space(what, where)
        raise InputError(what, where=where, todo="correct the line")
    at = found[0]
    name = fields[at + 4 :]
    rest: list[str] = []
    while len(name) > 1 and len(rest) < 2 and _may_be_confidence(name[-1]):
        rest.insert(0, name.pop())
    if len(rest) < 2 and len(name) > 1 and _is_number(name[-1]):
        raise white_space(f"is '{clipped(name[-1])}' part of a name, or a confidence?", where)
    file = " ".join(fields[1 : at - 1])
    confidence = rest[0] if rest else NO_VALUE
    return _Line(file, fields[at - 1], fields[at], fields[at + 1], " ".join(name), confidence)


class _Names:
    """Finds names that may be cut short: in ``Speaker 1 <NA>`` the 1 may be a confidence, too."""

    def __init__(self) -> None:
        self._numbers: dict[str, str] = {}

    def take(self, line: _Line, where: str) -> None:
        if not line.confidence.isdecimal():
            return
        before = self._numbers.setdefault(line.speaker, line.confidence)
        if before != line.confidence:
            both = f"{line.speaker} {before}' and '{line.speaker} {line.confidence}"
            raise white_space(f"are '{clipped(both)}' two names, or one with confidences?", where)


def _may_be_confidence(text: str) -> bool:
    return text == NO_VALUE or (_is_number(text) and 0 <= float(text) <= 1)


def _is_number(*texts: str) -> bool:
    try:
        return all(math.isfinite(float(text)) for text in texts)
    except ValueError:
        return False


def white_space(what: str, where: str) -> InputError:
    """The error of a line that white space in a name makes unreadable."""
    return InputError(
        f"{what} (white space in a name)",
        where=where,
        todo="write it as %20 or _, as fields end there",
    )


def write_rttm(path: Path, meeting_id: str, activities: Iterable[SpeakerActivity]) -> None:
    """Writes who spoke when, as `rttm_text`.

    Raises:
        InputError: it cannot be written.
    """
    write_text(path, rttm_text(meeting_id, activities))


def rttm_text(meeting_id: str, activities: Iterable[SpeakerActivity]) -> str:
    """Who spoke when; pieces of one speaker that touch or overlap become one turn."""
    file = nist_field(meeting_id)
    return "".join(
        f"SPEAKER {file} 1 {to_seconds(turn.start):.6f} {to_seconds(turn.end - turn.start):.6f}"
        f" <NA> <NA> {nist_field(turn.speaker)} <NA> <NA>\n"
        for turn in merged(activities)
    )


def merged(activities: Iterable[SpeakerActivity]) -> list[SpeakerActivity]:
    """Turns by start: touching or overlapping pieces of a speaker joined, empty ones dropped."""
    by_speaker: dict[str, list[SpeakerActivity]] = {}
    for piece in sorted(activities, key=lambda piece: (piece.start, piece.end)):
        if piece.end <= piece.start:
            continue
        turns = by_speaker.setdefault(piece.speaker, [])
        if turns and piece.start <= turns[-1].end:
            last = turns.pop()
            piece = SpeakerActivity(piece.speaker, last.start, max(last.end, piece.end))
        turns.append(piece)
    joined = [turn for turns in by_speaker.values() for turn in turns]
    return sorted(joined, key=lambda turn: (turn.start, turn.end, turn.speaker))


def numbered_fields(text: str) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and fields of a NIST text format, without comments and blank lines."""
    for number, line in enumerate(text.split("\n"), start=1):
        fields = line.split()
        if fields and not fields[0].startswith(";;"):
            yield number, fields


def times(start: str, duration: str, where: str) -> tuple[Samples, Samples]:
    """First and one past the last sample of a line's start and duration in seconds.

    Raises:
        InputError: not numbers, negative, or later than `words.LATEST_S`.
    """
    try:
        begin, length = float(start), float(duration)
    except ValueError:
        text = f"'{clipped(start)}' and '{clipped(duration)}'"
        raise InputError(
            f"times {text} are no numbers", where=where, todo="correct the line"
        ) from None
    if not (math.isfinite(begin) and math.isfinite(length)):
        raise InputError(
            f"times {begin} and {length} are not finite", where=where, todo="correct the line"
        )
    if begin < 0:
        raise InputError(f"negative start {begin} s", where=where, todo="correct the line")
    if length < 0:
        raise InputError(
            f"ends before it starts (duration {length} s)", where=where, todo="correct the line"
        )
    if begin + length > LATEST_S:
        raise InputError(
            f"a time beyond {LATEST_S / 3600:.0f} hours", where=where, todo="correct the line"
        )
    return to_samples(begin), to_samples(begin + length)


def nist_field(name: str) -> str:
    """A name as one field: white space, percent signs and control characters as in a URL."""
    return "".join(
        quote(char, safe="") if char.isspace() or char == "%" or not char.isprintable() else char
        for char in name
    )
