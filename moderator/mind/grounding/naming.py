"""Sentences that name their lines, cut out of a text that is still being written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from moderator.mouth.cleaning import ThoughtFilter
from moderator.mouth.sentences import split

_MARK = re.compile(r"\[([\d\s,;]+)\]")
_CLOSES = ".!?…\"'\u201d\u2019)]"
_BEHIND = re.compile(r"([.!?…]+[\"'\u201d\u2019)]*)((?:\s*\[[\d\s,;]+\])+)")
"""Numbers that stand behind the end of the sentence they belong to."""
_END = re.compile(r"[.!?…]+[\"'\u201d\u2019)]*(?=\s+[^\s\[])|\n+(?=\s*[^\s\[])")
_FOLLOWS = "This."
_LONGEST_NUMBER = 4
_MOST_HELD = 2_000
"""Characters without the end of a sentence after which no more are read."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence as it would be spoken, and the numbers of the lines that it names."""

    text: str
    numbers: frozenset[int]


class Claims:
    """Cuts a text that arrives piece by piece; thoughts are no part of it."""

    def __init__(self) -> None:
        self._thoughts = ThoughtFilter()
        self._buffer = ""

    def push(self, piece: str) -> Iterator[Claim]:
        """The sentences that are complete with this piece, the numbers behind them too."""
        spoken, orphan = self._thoughts.push(piece)
        self._buffer = (spoken if orphan else self._buffer + spoken)[:_MOST_HELD]
        self._buffer = _BEHIND.sub(r" \2\1", self._buffer)
        while end := self._next_end():
            head, self._buffer = self._buffer[:end], self._buffer[end:]
            yield from _claims(head)

    def finish(self) -> Iterator[Claim]:
        """What is left when nothing more will come; half a sentence is none."""
        self._buffer = _BEHIND.sub(r" \2\1", self._buffer + self._thoughts.finish())
        while end := self._next_end():
            head, self._buffer = self._buffer[:end], self._buffer[end:]
            yield from _claims(head)
        rest, self._buffer = self._buffer.rstrip(), ""
        if rest.endswith(tuple(_CLOSES)):
            yield from _claims(rest)

    def _next_end(self) -> int | None:
        """Where the first sentence ends; a full stop after an abbreviation ends none."""
        for match in _END.finditer(self._buffer):
            head = _spoken(self._buffer[: match.end()])
            if "\n" in match[0] or len(split(f"{head} {_FOLLOWS}")) > 1:
                return match.end()
        return None


def _spoken(text: str) -> str:
    """A text without its numbers."""
    return " ".join(re.sub(r"\s+([.!?…,;:])", r"\1", _MARK.sub(" ", text)).split())


def _claims(text: str) -> Iterator[Claim]:
    """The claim that a sentence makes, if it says anything."""
    found = frozenset(
        int(number)
        for mark in _MARK.findall(text)
        for number in re.findall(r"\d+", mark)
        if len(number) <= _LONGEST_NUMBER
    )
    sentence = " ".join(split(_spoken(text)))
    if sentence:
        yield Claim(sentence, found)
