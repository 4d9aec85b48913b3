"""Captions: blocks of text with a start and an end, as WebVTT and SRT have them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Final

from integrations.files.disk.foreign import shown
from integrations.files.transcripts.drafts import Draft
from integrations.files.transcripts.naming import Names
from integrations.files.transcripts.stamps import STAMP, seconds_of
from integrations.files.transcripts.words import MeetingWords, clean
from moderator.errors import InputError

TIMES: Final = re.compile(rf"\s*({STAMP})\s*-->\s*({STAMP})(?:\s|$)")
"""The line of a caption with its start and end."""

_VOICE: Final = re.compile(r"<v(?:\.[^\s<>]{0,100})?\s([^<>]{0,500})>|</v>")
_TAG: Final = re.compile(r"<[^<>]{0,200}>|\{\\[^{}]{0,200}\}")


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption.

    Attributes:
        line: the line of its times.
        start: in seconds.
        end: in seconds.
        text: what is shown, with its tags, lines parted by line breaks.
    """

    line: int
    start: float
    end: float
    text: str


def captions_in(text: str, path: Path) -> Iterator[Caption]:
    """The captions of a WebVTT or SRT text; whatever else stands in it is passed over.

    Raises:
        InputError: a line with ``-->`` whose times cannot be read.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    at = 0
    while at < len(lines):
        if "-->" not in lines[at]:
            # A comment or a style sheet goes on to the next empty line, whatever it holds.
            if lines[at].split(" ")[0] in ("NOTE", "STYLE", "REGION"):
                while at < len(lines) and lines[at].strip():
                    at += 1
            at += 1
            continue
        times = TIMES.match(lines[at])
        if times is None:
            raise InputError(
                "no times on both sides of -->",
                where=f"{shown(path)}:{at + 1}",
                todo="correct the line",
            )
        first = at + 1
        at = first
        while at < len(lines) and lines[at].strip() and not TIMES.match(lines[at]):
            at += 1
        shown_lines = lines[first:at]
        if at < len(lines) and lines[at].strip() and shown_lines:
            shown_lines = shown_lines[:-1]  # the name of the next one: no empty line between them
        yield Caption(first, seconds_of(times[1]), seconds_of(times[2]), "\n".join(shown_lines))


def meeting_of_captions(captions: Sequence[Caption], path: Path) -> MeetingWords:
    """A meeting of captions that say who speaks by voice tags or by names in front.

    A caption without either is of whoever spoke last.

    Raises:
        InputError: a caption ends before it starts, or there is nothing in them.
    """
    draft = Draft(path)
    said = [(caption, list(_voices(caption.text))) for caption in captions]
    tagged = any(name is not None for _, parts in said for name, _ in parts)
    names = Names("" if tagged else text for _, parts in said for _, text in parts)
    before: str | None = None
    unnamed = 0
    for caption, parts in said:
        place = f"line {caption.line}"
        start, end = draft.time(caption.start, place), draft.time(caption.end, place)
        total = sum(len(text) + 1 for _, text in parts)
        done = 0
        for voice, text in parts:
            name, words = (voice, text) if voice is not None else names.split(text)
            if name is None and words:
                unnamed += before is not None
            before = before if name is None else name
            begin = start + max(end - start, 0) * done // total
            done += len(text) + 1
            until = end if done == total else start + max(end - start, 0) * done // total
            draft.say(draft.speaker(before, place), words, begin, until, place)
    if unnamed:
        draft.note(f"{unnamed} captions without a name, given to who spoke before")
    return draft.meeting("give captions with words")


def _voices(text: str) -> Iterator[tuple[str | None, str]]:
    """Who says what in a caption: by voice tags, else line by line where lines begin with names."""
    if not _VOICE.search(text):
        lines = [line for line in map(_plain, text.split("\n")) if line]
        apart = len(lines) > 1 and all(line[:1] in "-\u2013>" for line in lines)
        yield from ((None, line) for line in (lines if apart else [" ".join(lines)]) if line)
        return
    at, name = 0, None
    for tag in _VOICE.finditer(text):
        if said := _plain(text[at : tag.start()]):
            yield name, said
        name, at = _plain(tag[1]) or None if tag[1] is not None else None, tag.end()
    if said := _plain(text[at:]):
        yield name, said


def _plain(text: str) -> str:
    """Text without tags, on one line."""
    return clean(unescape(_TAG.sub("", text)))
