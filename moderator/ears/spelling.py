"""Names as they are spelt in the room, in place of what sounds like them and is no word.

Precision first: "been" stays where Ben is there. A word of the language becomes a name only where
somebody is called, or where it was written as a name, and only if it sounds the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

from moderator.ears.vocabulary import Known, everything

SHORTEST = 4
"""Letters of a name; shorter ones sound like too many words."""

_UNKNOWN = 0.82  # how alike a word that is none of the language must be
_CALLED = 0.92  # ... and one that is, where somebody is called
_WRITTEN_SO = 0.96  # ... and one that was written as a name
_TOGETHER = 0.88  # ... and two words
_LEAD = 0.04  # over the second name

_EDGES = re.compile(r"^(\W*)(.*?)((?:['\u2019]s)?\W*)$", re.DOTALL)
_SOUNDS = (
    (re.compile("sch|sh|ch|sz|cz|zh"), "s"),
    (re.compile("ph"), "f"),
    (re.compile("gn"), "n"),
    (re.compile("^[aei]n(?=[bdg])"), "n"),  # "in Gozi" is Ngozi
    (re.compile("c(?=[eiy])"), "s"),
    (re.compile("ck|qu|c|q"), "k"),
    (re.compile("^x"), "s"),
    (re.compile("x"), "ks"),
    (re.compile("z"), "s"),
    (re.compile("w"), "v"),
    (re.compile("[yj]"), "i"),
    (re.compile("(?<=.)h"), ""),
    (re.compile(r"(.)\1+"), r"\1"),
    (re.compile("(?<=..[^aeiou])e$"), ""),
)
_VOWELS = re.compile("[aeiou]")


@dataclass(frozen=True, slots=True)
class Spelled:
    """A word as it is to be read.

    Attributes:
        text: with its punctuation.
        count: of how many heard words it was made.
        changed: it is not what was heard.
    """

    text: str
    count: int = 1
    changed: bool = False


class Spelling:
    """Spells names that are expected.

    Args:
        names: each of one or several words.
        known: the words of the language.
    """

    def __init__(self, names: Sequence[str] = (), known: Known = everything) -> None:
        parts = dict.fromkeys(part for name in names for part in name.split())
        self._right = frozenset(_letters(part) for part in parts)
        self._names = tuple(
            (part, _sound(_letters(part)))
            for part in parts
            if len(_letters(part)) >= SHORTEST and part[0].isupper()
        )
        self._known = known
        self._nearest = lru_cache(maxsize=4096)(self._find)

    def spell(self, words: Sequence[str], before: str = "") -> list[Spelled]:
        """Words in a row as they are to be read.

        Args:
            words: with their punctuation.
            before: the word before them; none where an utterance begins.
        """
        if not self._names:
            return [Spelled(word) for word in words]
        return list(self._spell(words, before))

    def _spell(self, words: Sequence[str], before: str) -> Iterator[Spelled]:
        at = 0
        while at < len(words):
            found = self._one(words, at, before) or self._two(words, at, before)
            yield found or Spelled(words[at])
            at += found.count if found else 1
            before = words[at - 1]

    def _one(self, words: Sequence[str], at: int, before: str) -> Spelled | None:
        word = words[at]
        opening, core, closing = _parted(word)
        if not core.isalpha() or _letters(core) in self._right:
            return None
        name, alike = self._nearest(_letters(core))
        if not self._known(core):
            needed = _UNKNOWN
        elif _called(word, before):
            needed = _CALLED
        elif core[0].isupper() and not _begins(before):
            needed = _WRITTEN_SO
        else:
            return None
        return Spelled(opening + name + closing, 1, True) if alike >= needed else None

    def _two(self, words: Sequence[str], at: int, before: str) -> Spelled | None:
        if at + 1 >= len(words):
            return None
        opening, first, between = _parted(words[at])
        inner, second, closing = _parted(words[at + 1])
        if between or inner or not (first.isalpha() and second.isalpha()):
            return None
        if {_letters(first), _letters(second)} & self._right:
            return None
        as_name = first[0].isupper() and not _begins(before) and first != "I"
        odd = not (self._known(first) and self._known(second))
        called = closing[:1] in _SET_OFF and (_begins(before) or before.endswith(","))
        if not (as_name or odd or called):
            return None
        name, alike = self._nearest(_letters(first) + _letters(second))
        return Spelled(opening + name + closing, 2, True) if alike >= _TOGETHER else None

    def _find(self, letters: str) -> tuple[str, float]:
        """The name that sounds most like letters, and how much; 0 where two are as near."""
        sound = _sound(letters)
        ranked = sorted(((_alike(sound, other), name) for name, other in self._names), reverse=True)
        best, name = ranked[0]
        near = [other for alike, other in ranked[1:] if alike > best - _LEAD and other != name]
        return name, 0.0 if near else best


_SET_OFF = tuple(",.!?:;")


def _begins(before: str) -> bool:
    """Whether a sentence begins after a word."""
    return not before or before[-1] in ".!?"


def _called(word: str, before: str) -> bool:
    """Somebody is called: set off by a comma where a sentence begins, or behind one at its end."""
    if _begins(before):
        return word.endswith((",", "?", "!"))
    return before.endswith(",") and word.endswith(_SET_OFF)


@lru_cache(maxsize=4096)
def _parted(word: str) -> tuple[str, str, str]:
    """What opens a word, its letters, and what closes it."""
    found = _EDGES.match(word)
    assert found is not None
    return found[1], found[2], found[3]


@lru_cache(maxsize=4096)
def _letters(word: str) -> str:
    """Letters alone, without accents, in lower case."""
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(char for char in apart if char.isalpha())


def _sound(letters: str) -> str:
    """Letters as they sound, roughly: what languages write otherwise is written one way."""
    for pattern, written in _SOUNDS:
        letters = pattern.sub(written, letters)
    return letters


def _alike(one: str, other: str) -> float:
    """How alike two words sound, from 0 to 1; consonants count twice."""
    if one[:1] != other[:1] and not (_VOWELS.match(one) and _VOWELS.match(other)):
        return 0.0
    whole = Levenshtein.normalized_similarity(one, other)
    firm = Levenshtein.normalized_similarity(_VOWELS.sub("", one), _VOWELS.sub("", other))
    return (whole + firm) / 2
