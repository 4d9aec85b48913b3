"""RTTM: who spoke when, one line a turn (NIST, Rich Transcription evaluation plan, 2009).

``SPEAKER <file> <channel> <start s> <duration s> <NA> <NA> <speaker> <NA> <NA>``. Fields end at
white space, so white space in a name is written as in a URL (``Ann%20Lee``) and read back.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from diarize.base import SpeakerActivity
from integrations.files.disk import foreign
from integrations.files.disk.atomic import write_text
from integrations.files.disk.foreign import checked_id, clipped, shown
from integrations.files.transcripts.words import LATEST_S, Span, checked_turns
from moderator.errors import InputError
from moderator.timeline import Samples, to_samples, to_seconds

_OTHER_TYPES: Final = (
    *("SEGMENT", "NOSCORE", "NO_RT_METADATA", "LEXEME", "NON-LEX", "NON-SPEECH", "FILLER"),
    *("EDIT", "SU", "IP", "CB", "A/P", "SPKR-INFO"),
)

TYPES: Final = frozenset({"SPEAKER", *_OTHER_TYPES})
"""Types of line that the format knows; all but SPEAKER are passed over."""


@dataclass(frozen=True, slots=True)
class SpeakerTurns:
    """What an RTTM file says.

    Attributes:
        file: the recording's name in it.
        turns: who spoke when, by start.
    """

    file: str
    turns: tuple[SpeakerActivity, ...]


def parse_rttm(text: str, path: Path) -> SpeakerTurns:
    """Speaker turns from the text of an RTTM file; `path` stands in messages."""
    spans: list[Span] = []
    file: str | None = None
    for number, fields in numbered_fields(text):
        where = f"{shown(path)}:{number}"
        if fields[0] not in TYPES:
            raise InputError(
                f"unknown type of line '{clipped(fields[0])}'", where=where, todo="give RTTM"
            )
        if fields[0] != "SPEAKER":
            continue
        if len(fields) < 8:
            raise InputError(
                f"{len(fields)} fields where RTTM has 8 to 10", where=where, todo="correct the line"
            )
        if file is not None and fields[1] != file:
            names = f"'{clipped(file)}' and '{clipped(fields[1])}'"
            raise InputError(f"two recordings, {names}", where=where, todo="give one a file")
        file = fields[1]
        start, end = times(fields[3], fields[4], where)
        speaker = checked_id(unquote(fields[7]), where)
        spans.append(Span(speaker, start, end, f"line {number}"))
    if file is None or not any(span.end > span.start for span in spans):
        raise InputError(
            "no SPEAKER line with a duration in it",
            where=shown(path),
            todo="give the RTTM of a meeting with speech",
        )
    return SpeakerTurns(foreign.meeting_id(unquote(file)), checked_turns(spans, path))


def write_rttm(path: Path, meeting_id: str, activities: Iterable[SpeakerActivity]) -> None:
    """Writes who spoke when; pieces of one speaker that touch or overlap become one turn.

    Raises:
        InputError: it cannot be written.
    """
    file = _field(meeting_id)
    lines = [
        f"SPEAKER {file} 1 {to_seconds(turn.start):.6f} {to_seconds(turn.end - turn.start):.6f}"
        f" <NA> <NA> {_field(turn.speaker)} <NA> <NA>\n"
        for turn in merged(activities)
    ]
    write_text(path, "".join(lines))


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


def _field(name: str) -> str:
    """A name as one field: white space, percent signs and control characters as in a URL."""
    return "".join(
        quote(char, safe="") if char.isspace() or char == "%" or not char.isprintable() else char
        for char in name
    )
