"""STM: one segment a line with its speaker, times and words (NIST, sclite; MeetEval).

``<file> <channel> <speaker> <start s> <end s> [<label>] <words>``. Of alternatives, written
``{ yes / yeah / @ }``, the first is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from integrations.files.disk.foreign import shown
from integrations.files.transcripts.drafts import Draft
from integrations.files.transcripts.recordings import Recordings
from integrations.files.transcripts.rttm import (
    NUMBER,
    nist_field,
    numbered_fields,
    times,
    white_space,
)
from integrations.files.transcripts.segments import join_words
from integrations.files.transcripts.words import MeetingWords
from moderator.errors import InputError
from moderator.events import Word
from moderator.timeline import to_seconds

_NOT_SPOKEN: Final = frozenset({"ignore_time_segment_in_scoring", "inter_segment_gap"})
_CHANNEL: Final = re.compile(r"[0-9A-Za-z]{1,2}")
_LINES_TOLD_BY: Final = 1000


def fits(text: str) -> bool:
    """Whether lines are STM, as far as the first thousand tell."""
    lines = [fields for _, fields in islice(numbered_fields(text), _LINES_TOLD_BY)]
    return bool(lines) and all(_fits(fields) for fields in lines)


def _fits(fields: Sequence[str]) -> bool:
    at = _times_at(fields)
    return at is not None and float(fields[at]) <= float(fields[at + 1])


def parse_stm(text: str, path: Path) -> MeetingWords:
    """A meeting from the text of an STM file; `path` stands in messages.

    Several recordings are one meeting where each has a speaker of its own.

    Raises:
        InputError: a line that does not fit, several recordings of the same people, no words.
    """
    draft = Draft(path)
    recordings = Recordings(path)
    for number, fields in numbered_fields(text):
        place = f"line {number}"
        where = f"{shown(path)}:{number}"
        at = _times_at(fields)
        if at is None:
            raise InputError(
                "no start and end in seconds behind file, channel and speaker",
                where=where,
                todo="correct the line",
            )
        if at > 3 and not _CHANNEL.fullmatch(fields[1]):
            raise white_space(f"{at} fields before the times where STM has 3", where)
        begin, upto = float(fields[at]), float(fields[at + 1])
        start, end = times(fields[at], repr(upto - begin) if upto >= begin else "-1", where)
        name = unquote(" ".join(fields[2:at]))
        if {name.lower(), *(field.lower() for field in fields[at + 2 :][:2])} & _NOT_SPOKEN:
            continue
        said, chosen = _first_of_alternatives(fields[at + 2 :])
        if chosen:
            draft.note("the first of several alternatives was taken")
        speaker = draft.speaker(name, place)
        recordings.take(unquote(fields[0]), speaker)
        draft.say(speaker, said, start, end, place)
    recordings.name(draft)
    return draft.meeting("give the STM of a meeting with words")


def stm_text(meeting_id: str, words: Iterable[Word]) -> str:
    """Words as STM, a segment a line; white space in a name as in a URL."""
    file = nist_field(meeting_id)
    return "".join(
        f"{file} 1 {nist_field(segment.speaker)} {to_seconds(segment.start):.6f}"
        f" {to_seconds(segment.end):.6f} {segment.text}\n"
        for segment in join_words(words)
    )


def _times_at(fields: Sequence[str]) -> int | None:
    """Where the start stands: 3, or later where a speaker's name has white space."""
    for at in range(3, min(len(fields) - 1, 10)):
        if NUMBER.fullmatch(fields[at]) and NUMBER.fullmatch(fields[at + 1]):
            return at
    return None


def _first_of_alternatives(fields: Sequence[str]) -> tuple[str, bool]:
    """The words without a label ``<o,f0,male>`` in front, and whether there were alternatives."""
    if fields and fields[0].startswith("<") and fields[0].endswith(">"):
        fields = fields[1:]
    if "{" not in fields:
        return " ".join(fields), False
    said, open_, taken = [], 0, [True]
    for field in fields:
        if field == "{":
            open_ += 1
            taken.append(taken[-1])
        elif field == "}" and open_:
            open_ -= 1
            taken.pop()
        elif field == "/" and open_:
            taken[-1] = False
        elif taken[-1] and field != "@":
            said.append(field)
    return " ".join(said), True
