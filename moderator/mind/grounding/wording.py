"""Text as what can be compared: stems, numbers, names, and words that must be exact."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

from moderator.language.phrases import Phrases

_WORD = re.compile(r"\d{1,40}|[^\W\d_]+(?:'[^\W\d_]+)*")
_GROUPED = re.compile(r"(?<=\d)[,\u202f'](?=\d{3}(?!\d))")
_PARTS = re.compile(r"[,.;:!?\u2026]+\s+|\s[\u2013\u2014-]\s")
_SIGNS = {"%": " percent ", "€": " euro ", "$": " dollar ", "£": " pound "}
_HUNDRED = 100
_SHORT = 2
"""Words of at most so many small letters carry no meaning of their own."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word.

    Attributes:
        plain: in lower case, without a genitive's ending.
        stem: what inflected forms have in common.
        capital: written with a capital letter, as a name is; short ones with nothing but such.
    """

    plain: str
    stem: str
    capital: bool


@lru_cache(maxsize=16_384)
def _stem(word: str, algorithm: str) -> str:
    stem: str = snowballstemmer.stemmer(algorithm).stemWord(word)
    return stem


class Wording:
    """Reads texts in one language.

    Args:
        phrases: which words of it are numbers, dates, negations, and which mean nothing.
    """

    def __init__(self, phrases: Phrases) -> None:
        self._phrases = phrases
        self._idle = phrases.stop_words | phrases.fillers | phrases.auxiliaries | phrases.subjects
        self._exact = frozenset(self.stem(word) for word in phrases.exact)

    def stem(self, word: str) -> str:
        """What inflected forms of a lower-case word have in common."""
        return _stem(word, self._phrases.stemmer)

    def tokens(self, text: str) -> list[Token]:
        """The words of a text, in order."""
        text = _GROUPED.sub("", text.replace("\u2019", "'"))
        for sign, word in _SIGNS.items():
            text = text.replace(sign, word)
        found = []
        for word in _WORD.findall(text):
            plain = word.lower().removesuffix("'s")
            capital = word.isupper() if len(word) == _SHORT else word[0].isupper() and len(word) > 1
            found.append(Token(plain, self.stem(plain), capital))
        return found

    def clauses(self, text: str) -> list[list[Token]]:
        """The words of a text, parted where there is punctuation."""
        return [self.tokens(clause) for clause in _PARTS.split(text)]

    def content(self, tokens: Iterable[Token]) -> list[Token]:
        """Those that carry meaning, numbers aside."""
        return [token for token in tokens if not self._means_nothing(token)]

    def _means_nothing(self, token: Token) -> bool:
        plain = token.plain
        if plain in self._idle or plain.isdigit() or plain in self._phrases.numbers:
            return True
        if plain in self._phrases.reporting or self.denies(token):
            return True
        return len(plain) <= _SHORT and not token.capital

    def names(self, tokens: Iterable[Token]) -> list[Token]:
        """Those written as names are."""
        return [token for token in self.content(tokens) if token.capital]

    def exact(self, tokens: Iterable[Token]) -> frozenset[str]:
        """Stems of weekdays, months, units and the like."""
        return frozenset(token.stem for token in tokens) & self._exact

    def reports(self, token: Token) -> bool:
        """Whether the word says that somebody says something."""
        return token.plain in self._phrases.reporting

    def denies(self, token: Token) -> bool:
        """Whether the word makes the contrary of a statement."""
        return token.plain in self._phrases.negations or token.plain.endswith("n't")

    def numbers(self, tokens: Sequence[Token]) -> frozenset[int]:
        """Values of all numbers, written in digits or in words; parts of a decimal are two."""
        found: set[int] = set()
        total, current, spoken = 0, -1, 0

        def flush() -> None:
            nonlocal total, current, spoken
            if current >= 0 and not (spoken == 1 and current == 1):  # "one of them" counts nothing
                found.add(total + current)
            total, current, spoken = 0, -1, 0

        for token in tokens:
            plain = token.plain
            value = int(plain) if plain.isdecimal() else self._phrases.numbers.get(plain)
            if value is None:
                if not (plain == "and" and current >= _HUNDRED and spoken):
                    flush()
                continue
            if value >= _HUNDRED and value % _HUNDRED == 0 and current >= 0 and not plain.isdigit():
                if value == _HUNDRED:
                    current *= value
                else:
                    total, current = total + current * value, 0
            elif current >= 0 and _adds(current, value, total):
                current += value
            else:
                flush()
                current = value
            spoken += not plain.isdigit()
        flush()
        return frozenset(found)


def _adds(current: int, value: int, total: int) -> bool:
    """Whether "twenty" or "two hundred" goes on with "five"."""
    if current == 0:
        return total > 0 and value < _HUNDRED * 10
    if current % _HUNDRED == 0:
        return 0 < value < _HUNDRED
    return current % _HUNDRED >= 20 and current % 10 == 0 and 0 < value < 10
