"""When the words of a spoken sentence sound, while it comes part by part."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from integrations.livekit.providers.words import shares
from moderator.mouth.base import SpokenWord
from moderator.timeline import Samples, to_samples

Timed: TypeAlias = tuple[str, object, object]
"""A word with its beginning and end in seconds, as a plugin says it; nothing of it is trusted."""

CHARACTER: Samples = to_samples(0.08)
"""About what a character takes, rather more: a word that was not heard must not count as heard."""


class Wording:
    """Gives each part of a sentence its words.

    A plugin's own times are used while it has one for every word so far; otherwise words are spread
    by length, in the last part exactly over what is left.

    Args:
        text: the sentence.
    """

    def __init__(self, text: str) -> None:
        self._left = text.split()
        self._given: list[tuple[Samples, Samples]] = []
        self._taken = 0
        self._believes = True

    def told(self, words: Iterable[Timed]) -> None:
        """Takes words with times; they are believed as long as they can be."""
        for text, start, end in words:
            if not text or not self._believes:
                continue
            expected = len(self._given) - self._taken
            known = expected < len(self._left) and self._left[expected] == text
            timed = isinstance(start, int | float) and isinstance(end, int | float)
            if not (known and timed and 0 <= start <= end < 1e4):  # type: ignore[operator]
                self._believes = False
                continue
            self._given.append((to_samples(start), to_samples(end)))  # type: ignore[arg-type]

    def upto(
        self, base: Samples, length: Samples, skipped: Samples, *, last: bool
    ) -> tuple[SpokenWord, ...]:
        """The words of the next part, with times from its first sample.

        Args:
            base: where it begins in the sentence.
            length: of it.
            skipped: of silence before the sentence, which the plugin's times count.
            last: it is the last one: all words that are left.
        """
        believed = self._believes and bool(self._given)
        if believed and (not last or len(self._given) - self._taken == len(self._left)):
            return self._by_times(base + skipped, length, last=last)
        return self._by_length(length, last=last)

    def _by_times(self, base: Samples, length: Samples, *, last: bool) -> tuple[SpokenWord, ...]:
        found = []
        while self._taken < len(self._given) and self._left:
            start, end = self._given[self._taken]
            if end > base + length and not last:
                break
            begun = min(max(0, start - base), length)
            over = min(max(begun, end - base), length)
            found.append(SpokenWord(self._left.pop(0), begun, over))
            self._taken += 1
        return tuple(found)

    def _by_length(self, length: Samples, *, last: bool) -> tuple[SpokenWord, ...]:
        self._believes = False
        if last:
            words, self._left = self._left, []
            spans = shares(words, 0, length)
            return tuple(SpokenWord(word, *span) for word, span in zip(words, spans, strict=True))
        found, at = [], 0
        while self._left and (end := at + CHARACTER * (len(self._left[0]) + 1)) <= length:
            found.append(SpokenWord(self._left.pop(0), at, end))
            at = end
        return tuple(found)
