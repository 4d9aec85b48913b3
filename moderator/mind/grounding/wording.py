"""Text as what can be compared: stems, numbers, names, and words that must be exact."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

from moderator.language.phrases import Phrases, normalise
from moderator.mind.grounding.characters import Characters
from moderator.mind.grounding.counting import numbers_in
from moderator.spacing import joined, spaceless

_WORD = re.compile(r"\d{1,40}|[^\W\d_]+(?:'[^\W\d_]+)*")
_GROUPED = re.compile(r"(?<=\d)[,\u202f\u00a0'](?=\d{3}(?!\d))")
_GROUPED_BY_POINTS = re.compile(r"(?<=\d)[. \u202f\u00a0'](?=\d{3}(?!\d))")
_PARTS = re.compile(
    r"[,.;:!?\u2026]+\s+|\s[\u2013\u2014-]\s|[\u3001\u3002\uff0c\uff1b\uff01\uff1f]"
)
_SHORT = 2
"""Words of at most so many small letters carry no meaning of their own."""

_SHORTEST_TOPIC = 4
_NO_STEMMER = "characters"


@dataclass(frozen=True, slots=True)
class Token:
    """One word; of scripts without spaces, a pair of characters.

    Attributes:
        plain: in lower case, without a genitive's ending.
        stem: what inflected forms have in common.
        capital: written with a capital letter, as a name is; short ones with nothing but such. Of
            scripts without capitals, what may be a name.
    """

    plain: str
    stem: str
    capital: bool


@lru_cache(maxsize=16_384)
def _stem(word: str, algorithm: str) -> str:
    if algorithm == _NO_STEMMER:
        return word
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
        self._grouped = _GROUPED_BY_POINTS if phrases.decimal == "," else _GROUPED
        elided = "|".join(phrases.elisions)
        self._elided = re.compile(rf"\b({elided})'(?=\w)", re.IGNORECASE) if elided else None
        self._characters = Characters(phrases) if phrases.stemmer == _NO_STEMMER else None

    def stem(self, word: str) -> str:
        """What inflected forms of a lower-case word have in common."""
        return _stem(word, self._phrases.stemmer)

    def tokens(self, text: str) -> list[Token]:
        """The words of a text, in order."""
        text = self._grouped.sub("", text.replace("\u2019", "'"))
        if self._elided is not None:
            text = self._elided.sub(r"\1 ", text)
        for sign, word in self._phrases.signs.items():
            text = text.replace(sign, f" {word} ")
        return list(self._read(text))

    def _read(self, text: str) -> Iterator[Token]:
        for word in _WORD.findall(text):
            if self._characters is not None and spaceless(word):
                for plain, name in self._characters.read(word):
                    yield Token(plain, plain, name)
            else:
                plain = word.lower().removesuffix("'s")
                short = len(word) == _SHORT
                capital = word.isupper() if short else word[0].isupper() and len(word) > 1
                yield Token(plain, self.stem(plain), capital)

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
        return len(plain) <= _SHORT and not token.capital and not spaceless(plain)

    def topics(self, words: Sequence[str]) -> list[str]:
        """The words of substance among words as heard, in lower case."""
        if self._characters is not None:
            return self._characters.topics(joined(words))
        plain = (normalise(word) for word in words)
        if self._elided is not None:
            plain = (self._elided.sub("", word) for word in plain)
        return [
            word
            for word in plain
            if len(word) >= _SHORTEST_TOPIC
            and word not in self._phrases.stop_words
            and word.isalpha()
        ]

    def names(self, tokens: Iterable[Token]) -> list[Token]:
        """Those written as names are."""
        return [token for token in self.content(tokens) if token.capital]

    def exact(self, tokens: Iterable[Token]) -> frozenset[str]:
        """Stems of weekdays, months, units and the like."""
        return frozenset(token.stem for token in tokens) & self._exact

    def reports(self, token: Token) -> bool:
        """Whether the word says that somebody says something."""
        return token.plain in self._phrases.reporting

    def helps(self, token: Token) -> bool:
        """Whether the word only helps a verb: "has" of "has said"."""
        return token.plain in self._phrases.auxiliaries and not self.reports(token)

    def denies(self, token: Token) -> bool:
        """Whether the word makes the contrary of a statement."""
        return token.plain in self._phrases.negations or token.plain.endswith("n't")

    @property
    def denies_before(self) -> bool:
        """Whether a negation denies what stands before it, too."""
        return self._phrases.negation_reaches == "clause"

    def numbers(self, tokens: Sequence[Token]) -> frozenset[int]:
        """Values of all numbers, written in digits or in words; parts of a decimal are two."""
        return numbers_in([token.plain for token in tokens], self._phrases)
