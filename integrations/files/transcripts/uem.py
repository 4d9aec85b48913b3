"""UEM: the stretches of a recording that count (NIST): ``<file> <channel> <start> <end>``."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

from integrations.files.disk import foreign
from integrations.files.disk.foreign import clipped, shown
from integrations.files.transcripts.rttm import nist_field, numbered_fields, times
from integrations.files.transcripts.words import MeetingWords
from moderator.errors import InputError
from moderator.timeline import Samples, to_seconds


@dataclass(frozen=True, slots=True)
class Stretches:
    """What a UEM file says.

    Attributes:
        file: the recording's name in it.
        spans: first and one past the last sample of each stretch.
    """

    file: str
    spans: tuple[tuple[Samples, Samples], ...]


def fits(lines: Sequence[Sequence[str]]) -> bool:
    """Whether lines are UEM: four fields, of which the second is a channel."""
    return all(len(line) == 4 and len(line[1]) <= 2 and _is_number(*line[2:]) for line in lines)


def parse_uem(text: str, path: Path) -> Stretches:
    """The stretches in the text of a UEM file; `path` stands in messages.

    Raises:
        InputError: a line that does not fit, reversed times, several recordings, no stretch.
    """
    files: set[str] = set()
    spans = []
    for number, fields in numbered_fields(text):
        where = f"{shown(path)}:{number}"
        if len(fields) != 4 or not _is_number(*fields[2:]):
            raise InputError("no line of UEM", where=where, todo="correct the line")
        files.add(fields[0])
        length = float(fields[3]) - float(fields[2])
        spans.append(times(fields[2], repr(length), where))
        if len(files) > 1:
            names = " and ".join(f"'{clipped(file)}'" for file in sorted(files))
            raise InputError(f"two recordings, {names}", where=where, todo="give one a file")
    if not files:
        raise InputError("no stretch in it", where=shown(path), todo="give UEM with a line")
    return Stretches(foreign.meeting_id(files.pop()), tuple(sorted(spans)))


def within(meeting: MeetingWords, stretches: Stretches) -> MeetingWords:
    """A meeting without the words that lie outside all stretches; a note says how many.

    Raises:
        InputError: no word is left.
    """
    reached = list(accumulate((end for _, end in stretches.spans), max))
    starts = [start for start, _ in stretches.spans]
    kept = tuple(
        word
        for word in meeting.words
        if (before := bisect_left(starts, word.end)) and reached[before - 1] > word.start
    )
    if not kept:
        raise InputError(
            "no word in the stretches that count",
            where="UEM",
            todo="give UEM and words of one meeting",
        )
    left = len(meeting.words) - len(kept)
    notes = (
        (*meeting.notes, f"{left} words outside the stretches of the UEM left out") if left else ()
    )
    end = max(meeting.duration, reached[-1])
    return replace(meeting, words=kept, duration=end, notes=notes or meeting.notes)


def uem_text(meeting_id: str, duration: Samples) -> str:
    """UEM of a whole meeting."""
    return f"{nist_field(meeting_id)} 1 0.000000 {to_seconds(duration):.6f}\n"


def _is_number(*texts: str) -> bool:
    try:
        return all(float(text) >= 0 for text in texts)
    except ValueError:
        return False
