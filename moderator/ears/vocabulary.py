"""The words of a language: what is one of them need not be a name that was misheard."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources
from typing import TypeAlias

from moderator.plain_json import parse_json

Known: TypeAlias = Callable[[str], bool]
"""Whether a word, in any case, is one of the language."""


def everything(word: str) -> bool:
    """Of a language without a list every word may be one."""
    return True


def vocabulary(languages: Sequence[str]) -> Known:
    """The words of what is spoken, where there is a list; names that it has count, too.

    Args:
        languages: ISO 639-1 codes of a recogniser.
    """
    return _is_english if tuple(languages) == ("en",) else everything


def _is_english(word: str) -> bool:
    return word.casefold() in _english()


@cache
def _english() -> frozenset[str]:
    """The words that the embedded voice has a pronunciation for, about 180,000."""
    words: set[str] = set()
    for grade in ("gold", "silver"):
        path = resources.files("hibari") / "assets" / f"lexicon_us_{grade}.json.gz"
        words.update(map(str.casefold, parse_json(gzip.decompress(path.read_bytes()))))
    return frozenset(words)
