"""The attributed transcript as tokens, each with the time from which on it is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moderator.events import Word
from moderator.timeline import Samples, to_samples

Encode = Callable[[str], list[int]]
"""Text to token ids, without special tokens."""

CONTEXT = to_samples(30.0)
"""Words that are kept when the cache is built anew."""

SPAN = to_samples(60.0)
"""How much is added before the cache is built anew: a bound on cost and memory."""

LONGEST_WORD = 40
"""Characters of a word that are read."""

OPENING = "<|im_start|>user\n"
"""Stands before the transcript; the first token also serves as attention sink."""

LONG_AGO = -(10**12)
"""When the opening before a transcript became known."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of a transcript.

    Attributes:
        ids: ``(n,)``.
        known: ``(n,)`` meeting time from which on each is known.
    """

    ids: NDArray[np.int64]
    known: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)

    def between(self, after: Samples, until: Samples) -> Tokens:
        """Those that become known in (after, until]."""
        kept = (self.known > after) & (self.known <= until)
        return Tokens(self.ids[kept], self.known[kept])


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of transcript as a decision sees it.

    Attributes:
        begin: where its own moments begin; words reach `CONTEXT` further back.
        tokens: with the opening.
    """

    begin: Samples
    tokens: Tokens

    def rows(self, at: NDArray[np.int64]) -> NDArray[np.intp]:
        """Indices of those of ``(n,)`` moments that are its own: in (begin, begin + SPAN]."""
        return np.nonzero((at > self.begin) & (at <= self.begin + SPAN))[0]


def segment_of(at: Samples) -> tuple[Samples, Samples]:
    """The segment that a moment belongs to: (where its words begin, where it begins).

    Moments in (begin, begin + SPAN] see the words that became known since ``begin - CONTEXT``.
    """
    begin = max(0, (at - 1) // SPAN) * SPAN
    return begin - CONTEXT, begin


class Script:
    """Turns words into tokens as they become known: a label where the speaker changes.

    Args:
        encode: the tokenizer.
        labels: everybody's letter; may grow.
    """

    def __init__(self, encode: Encode, labels: Mapping[str, str]) -> None:
        self._encode, self._labels = encode, labels
        self._speaker: str | None = None
        self._parts: dict[str, list[int]] = {}

    def add(self, words: Iterable[Word]) -> Tokens:
        """The tokens of further words.

        Args:
            words: known later than those before; within one call in any order.
        """
        ids: list[int] = []
        known: list[Samples] = []
        for word in sorted(words, key=lambda one: (one.end, one.start, one.speaker)):
            text = _clean(word.text)
            if not text or word.speaker not in self._labels:
                continue
            pieces: Sequence[int] = self._pieces(" " + text)
            if word.speaker != self._speaker:
                pieces = [*self._pieces(f"\n{self._labels[word.speaker]}:"), *pieces]
                self._speaker = word.speaker
            ids += pieces
            known += [word.end] * len(pieces)
        return Tokens(np.array(ids, dtype=np.int64), np.array(known, dtype=np.int64))

    def _pieces(self, text: str) -> list[int]:
        found = self._parts.get(text)
        if found is None:
            if len(self._parts) > 50_000:
                self._parts.clear()
            found = self._parts[text] = self._encode(text)
        return found


def _clean(text: str) -> str:
    """A word without what could be read as markup: speech is data."""
    return "".join(c for c in text if c.isprintable() and c not in "<>|")[:LONGEST_WORD].strip()
