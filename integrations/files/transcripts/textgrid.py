"""TextGrid: tiers of Praat (Boersma and Weenink), in its long and its short text form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from integrations.files.disk.foreign import shown
from integrations.files.transcripts.rttm import NUMBER
from integrations.files.transcripts.tiers import Interval, Tier, meeting_of_tiers
from integrations.files.transcripts.words import LATEST_S, MeetingWords, clean
from moderator.errors import InputError
from moderator.timeline import Samples, to_samples, to_seconds

_HEAD: Final = re.compile(
    r'\s*(?:File type\s*=\s*)?"ooTextFile(?: short)?"\s*(?:Object class\s*=\s*)?"TextGrid"'
)


def fits(text: str) -> bool:
    """Whether a text is a TextGrid."""
    return _HEAD.match(text) is not None


def parse_textgrid(text: str, path: Path) -> MeetingWords:
    """A meeting from the text of a TextGrid; `path` stands in messages.

    Raises:
        InputError: not of this form, times reversed, a bad name, no words.
    """
    values = _values(text)
    try:
        return meeting_of_tiers(list(_tiers(values)), path)
    except (StopIteration, RuntimeError, TypeError, ValueError, OverflowError):
        raise InputError(
            "a TextGrid that is broken or cut off",
            where=shown(path),
            todo="save it as text in Praat again",
        ) from None


def textgrid_text(tiers: Sequence[Tier], duration: Samples) -> str:
    """Tiers as a TextGrid in the long form; what lies between intervals is empty ones."""
    end = max([duration, *(tier.intervals[-1].end for tier in tiers if tier.intervals)])
    lines = [
        'File type = "ooTextFile"\nObject class = "TextGrid"\n',
        f"xmin = 0\nxmax = {to_seconds(end)}\ntiers? <exists>\nsize = {len(tiers)}\nitem []:",
    ]
    for number, tier in enumerate(tiers, start=1):
        intervals = list(_filled(tier.intervals, end))
        lines.append(
            f'    item [{number}]:\n        class = "IntervalTier"\n        name = '
            f"{_quoted(tier.speaker or tier.name)}\n        xmin = 0\n"
            f"        xmax = {to_seconds(end)}\n        intervals: size = {len(intervals)}"
        )
        lines += (
            f"        intervals [{at}]:\n            xmin = {to_seconds(one.start)}\n"
            f"            xmax = {to_seconds(one.end)}\n            text = {_quoted(one.text)}"
            for at, one in enumerate(intervals, start=1)
        )
    return "\n".join(lines) + "\n"


def _filled(intervals: Sequence[Interval], end: Samples) -> Iterator[Interval]:
    at = 0
    for one in intervals:
        if one.start > at:
            yield Interval(at, one.start, "")
        yield one
        at = one.end
    if at < end:
        yield Interval(at, end, "")


def _quoted(text: str) -> str:
    return '"' + clean(text).replace('"', '""') + '"'


def _values(text: str) -> Iterator[str | float]:
    """What counts in a TextGrid: texts in quotation marks, numbers and flags that stand free."""
    at, length = 0, len(text)
    while at < length:
        if text[at].isspace():
            at += 1
        elif text[at] == '"':
            end = _closing(text, at + 1)
            yield text[at + 1 : end].replace('""', '"')
            at = end + 1
        elif text[at] == "!":
            at = _until(text, "\n", at)
        else:
            end = at
            while end < length and not text[end].isspace():
                end += 1
            word = text[at:end]
            if NUMBER.fullmatch(word):
                yield float(word)
            at = end


def _closing(text: str, at: int) -> int:
    while True:
        at = text.index('"', at)
        if text[at : at + 2] != '""':
            return at
        at += 2


def _until(text: str, char: str, at: int) -> int:
    found = text.find(char, at)
    return len(text) if found < 0 else found


def _tiers(values: Iterator[str | float]) -> Iterator[Tier]:
    """Reads what `_values` gives: file type, class, start, end, number of tiers, tiers."""
    _text(values), _text(values), _number(values), _number(values)
    for _ in range(int(_number(values))):
        kind, name = _text(values), _text(values)
        _number(values), _number(values)
        intervals = []
        for _ in range(int(_number(values))):
            start = _number(values)
            end = _number(values) if kind == "IntervalTier" else start
            said = clean(_text(values))
            if said and kind == "IntervalTier":
                intervals.append(Interval(_samples(start), _samples(end), said))
        if kind == "IntervalTier":
            yield Tier(name, intervals)


def _text(values: Iterator[str | float]) -> str:
    value = next(values)
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(values: Iterator[str | float]) -> float:
    value = next(values)
    if not isinstance(value, float):
        raise TypeError
    return value


def _samples(seconds: float) -> Samples:
    if not 0 <= seconds <= LATEST_S:
        raise ValueError
    return to_samples(seconds)
