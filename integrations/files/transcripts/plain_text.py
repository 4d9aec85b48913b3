"""Transcripts as text for people: a time and a name, then what was said (Otter, Meet, Zoom, Teams).

Read are, in one file or another:

* ``[00:01:02] Ana Lee: good morning``, also with two times, without brackets, or with the text on
  the next lines;
* ``Ana Lee  1:02``, ``[Ana Lee] 10:01:02``, ``Ana Lee (1:02): good morning``;
* ``10:01:02 From Ana Lee to Everyone: good morning``;
* a time on a line of its own, then lines ``Ana Lee: good morning`` up to the next time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from integrations.files.disk.foreign import shown
from integrations.files.transcripts.drafts import Draft
from integrations.files.transcripts.naming import Names, may_be_name
from integrations.files.transcripts.segments import join_words
from integrations.files.transcripts.stamps import STAMP, seconds_of, stamp_of
from integrations.files.transcripts.words import MeetingWords, clean
from moderator.errors import InputError
from moderator.events import Word

_TIME_FIRST: Final = re.compile(
    rf"[\[(<]?(?P<start>{STAMP})(?:\s*(?:-->|->|-|\u2013|\u2014|to)\s*(?P<end>{STAMP}))?[\])>]?"
    r"(?:\s*[-\u2013\u2014|:]?\s+|$)(?P<rest>.*)"
)
_NAME_FIRST: Final = re.compile(
    r"(?P<left>[\[(]?)\s{0,5}"
    r"(?P<name>[^\[\]():|\s](?:[^\[\]():|\t]{0,78}?[^\[\]():|\s])??)(?:\s{0,5}[\])])?"
    r"(?P<gap>\s{0,40}(?:[-\u2013\u2014|,]\s{0,20})?)(?P<left2>[\[(]?)"
    rf"(?P<start>{STAMP})(?:\s*(?:-->|-|\u2013|\u2014)\s*(?P<end>{STAMP}))?[\])]?"
    r"(?:\s*:\s*(?P<rest>.*)|\s*$)"
)
_RECIPIENTS: Final = re.compile(r"\s[Tt]o\s")
_LONGEST_SENDER: Final = 200
_DAY_S: Final = 86_400.0
_LONGEST_LINE: Final = 100_000
_LONGEST_HEAD: Final = 1000
_LINES_TOLD_BY: Final = 2000


@dataclass(slots=True)
class _Block:
    line: int
    start: float
    end: float | None
    name: str | None
    said: list[str] = field(default_factory=list)


def fits(text: str) -> bool:
    """Whether a text has lines that begin with a time, or with a name and a time."""
    lines = [line.strip() for line in islice(text.splitlines(), _LINES_TOLD_BY) if line.strip()]
    return sum(_head(line[:_LONGEST_HEAD]) is not None for line in lines) * 12 >= len(lines) > 0


def parse_text(text: str, path: Path) -> MeetingWords:
    """A meeting from text with times and names; `path` stands in messages.

    What stands before the first time is passed over, with a note.

    Raises:
        InputError: no line has a time, times are reversed, a bad name, no words.
    """
    blocks, before = _blocks(text, path)
    draft = Draft(path)
    if before:
        draft.note(f"{before} lines before the first time are not read")
    first = blocks[0].start if blocks else 0.0
    names = Names(line for block in blocks if block.name is None for line in block.said)
    # Times of day: a meeting that begins after six hours of itself does not exist.
    origin = first if first >= 6 * 3600 else 0.0
    if origin:
        draft.note(f"times of day; the meeting begins at {stamp_of(round(first * 16_000))[:8]}")
    days, last = 0.0, origin
    for block in blocks:
        if origin and block.start + days < last - _DAY_S / 2:
            days += _DAY_S
        last = block.start + days
        _say(draft, block, names, last - origin)
    return draft.meeting("give a transcript with words")


def _say(draft: Draft, block: _Block, names: Names, at: float) -> None:
    place = f"line {block.line}"
    start = draft.time(max(at, 0.0), place)
    end = None if block.end is None else draft.time(max(at + block.end - block.start, 0.0), place)
    if block.name is not None:
        draft.say(draft.speaker(block.name, place), " ".join(block.said), start, end, place)
        return
    parts: list[tuple[str | None, list[str]]] = []
    for line in block.said:
        name, said = names.split(line)
        if name is None and parts:
            parts[-1][1].append(said)
        else:
            parts.append((name, [said]))
    for name, lines in parts:
        speaker = draft.speaker(name, place)
        draft.say(speaker, " ".join(lines), start, end if len(parts) == 1 else None, place)


def _blocks(text: str, path: Path) -> tuple[list[_Block], int]:
    blocks: list[_Block] = []
    before = 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = clean_line(raw)
        if not line:
            continue
        if len(line) > _LONGEST_LINE:
            raise InputError(
                f"a line of {len(line)} characters",
                where=f"{shown(path)}:{number}",
                todo="give a transcript of lines",
            )
        head = _head(line)
        if head is not None:
            head.line = number
            blocks.append(head)
        elif blocks:
            _go_on(blocks[-1], line)
        else:
            before += 1
    return blocks, before


def _go_on(block: _Block, line: str) -> None:
    """Takes a line without a time; a name alone behind a time with an end is who speaks."""
    unnamed = block.end is not None and block.name is None and not block.said
    if unnamed and may_be_name(line) and ":" not in line and len(line.split()) <= 4:
        block.name = line
    else:
        block.said.append(line)


def _head(line: str) -> _Block | None:
    """The time, and perhaps the name and words, of a line that begins with them."""
    if found := _TIME_FIRST.fullmatch(line):
        end = None if found["end"] is None else seconds_of(found["end"])
        block = _Block(0, seconds_of(found["start"]), end, None)
        rest = found["rest"].strip()
        block.name, rest = _sender(rest)
        if rest:
            block.said.append(rest)
        return block
    found = _NAME_FIRST.fullmatch(line) if len(line) <= _LONGEST_HEAD else None
    if found is None:
        return None
    name = found["name"].strip()
    marked = found["left"] or found["left2"] or len(found["gap"]) > 1 or found["rest"] is not None
    if not may_be_name(name) or not (marked or _capital(name)):
        return None
    end = None if found["end"] is None else seconds_of(found["end"])
    said = [found["rest"]] if found["rest"] else []
    return _Block(0, seconds_of(found["start"]), end, name, said)


def _sender(text: str) -> tuple[str | None, str]:
    """Who wrote a line of a chat, ``From Ana Lee to Everyone: good morning``, and what."""
    head, colon, said = text.partition(":")
    if not colon or len(head) > _LONGEST_SENDER or not re.match(r"From\s", head):
        return None, text
    name = _RECIPIENTS.split(head[5:], maxsplit=1)[0].strip()
    return (name, said.strip()) if name else (None, text)


def _capital(name: str) -> bool:
    """Whether every word of a name begins like one: ``We meet at`` is none."""
    return all(
        not word[:1].islower() or word in ("de", "van", "von", "der") for word in name.split()
    )


def clean_line(line: str) -> str:
    """A line without control characters, its inner white space kept."""
    return "".join(c for c in line.replace("\t", "  ") if c.isprintable() or c.isspace()).strip()


def plain_text(words: Iterable[Word], names: Mapping[str, str] | None = None) -> str:
    """Words as lines ``[hh:mm:ss.ttt] Name: words``, a segment a line, by start.

    Args:
        words: in any order.
        names: what to show for a participant's id; the id itself where it is missing.
    """
    shown_as = names or {}
    return "".join(
        f"[{stamp_of(segment.start)} - {stamp_of(segment.end, after=segment.start)}]"
        f" {clean(shown_as.get(segment.speaker, segment.speaker))}: {clean(segment.text)}\n"
        for segment in join_words(words)
    )
