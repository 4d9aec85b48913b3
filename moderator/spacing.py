"""Words of scripts that write none: Chinese and Japanese text is taken character by character."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

ENDS = (".", "?", "!", "\u3002", "\uff0e", "\uff1f", "\uff01")
"""What ends a sentence, in any script."""

ASKS = ("?", "\uff1f")
"""What ends a question."""

COMMAS = (",", "\uff0c", "\u3001")

BREAKS = (*ENDS, *COMMAS, ";", ":", "\uff1b", "\uff1a", "\u2026")
"""What sets a name off."""

_SPACELESS = (
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003134f"
)
"""Han, hiragana and katakana; Korean writes spaces."""

RUN = re.compile(f"[{_SPACELESS}]+")
_ANY = re.compile(f"[{_SPACELESS}]")
_PUNCTUATION = "\u3001\u3002\u300c-\u301f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
_WIDE = re.compile(f"[{_SPACELESS}{_PUNCTUATION}]")
_SET_APART = frozenset("?!:;\u00bb")
_PIECE = re.compile(f"[{_SPACELESS}]|[^{_SPACELESS}]+")


def spaceless(text: str) -> bool:
    """Whether a text has characters of a script without spaces."""
    return _ANY.search(text) is not None


def tokens(words: Iterable[str]) -> list[str]:
    """Words as they are, those of scripts without spaces cut into characters.

    Punctuation stays with the character before it, or else with the one after it; French sets a
    space before it. What is cut already stays as it is.
    """
    found: list[str] = []
    for word in words:
        if found and word in _SET_APART:
            found[-1] += word
        else:
            found += _cut(word) if spaceless(word) else (word,)
    return found


@lru_cache(maxsize=8192)
def _cut(word: str) -> tuple[str, ...]:
    pieces: list[str] = []
    opening = ""
    for piece in _PIECE.findall(word):
        # What is no letter at the end of a run of other letters belongs to these already.
        if any(symbol.isalnum() for symbol in piece):
            lead = len(piece) - len(piece.lstrip("\u3001\u3002\uff0c\uff01\uff1f,.?!"))
            if lead and pieces:
                pieces[-1] += piece[:lead]
                piece = piece[lead:]
            pieces.append(opening + piece)
            opening = ""
        elif pieces:
            pieces[-1] += piece
        else:
            opening += piece
    if opening:
        pieces.append(opening)
    return tuple(pieces)


def joined(words: Iterable[str]) -> str:
    """Words as one text: spaces between them, but none where a script writes none."""
    text = ""
    for word in words:
        if text and word and not (_WIDE.match(text[-1]) and _WIDE.match(word[0])):
            text += " "
        text += word
    return text
