"""Text from a model is data: only what can be said reaches the voice."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_NAMES = ("think", "thinking", "thought", "reasoning")
_UNSEEN = "[\u00ad\u200b-\u200f\u2060\ufeff]{0,3}"
_THOUGHT = "|".join("".join(letter + _UNSEEN for letter in name) for name in _NAMES)
_NAME = rf"(?:[a-z]{{1,10}}:)?(?:{_THOUGHT})"
_LESS = r"(?:[<\uff1c\ufe64\u25c1]|&lt;|&#0{0,3}60;|&#x0{0,3}3c;)"
_MORE = r"(?:[>\uff1e\ufe65\u25b7]|&gt;|&#0{0,3}62;|&#x0{0,3}3e;)"
_GAP = rf"{_UNSEEN}\s{{0,4}}\|?"
_BRACKETS = ("[THINK]", "[/THINK]")
_OPENING = rf"{_LESS}{_GAP}{_NAME}\b"
_CLOSING = rf"{_LESS}{_GAP}/{_GAP}\s{{0,4}}{_NAME}\s{{0,4}}\|?{_MORE}"
_EITHER = re.compile(
    rf"{_OPENING}|(?P<closing>{_CLOSING})|(?-i:\[THINK\]|(?P<bracket>\[/THINK\]))", re.IGNORECASE
)
"""What begins and ends a thought: as models write it, and however those characters are written that
become `<` where text is cleaned."""

_WHOLE = re.compile(
    rf"{_OPENING}(?:[^<>]{{0,64}}?{_MORE})?|{_CLOSING}|(?-i:\[/?THINK\])", re.IGNORECASE
)
"""The same with all of its tag."""

_BEGINS = re.compile(_LESS, re.IGNORECASE)
_ENDS = re.compile(_MORE, re.IGNORECASE)
_MAY_BEGIN = "<\uff1c\ufe64\u25c1&["
_LONGEST_ENTITY = 9

_LONGEST_TAG = 64
"""Characters a `<` is held back for, until it is clear whether it begins a thought: more than the
longest tag has."""

_BLOCK_MARK = re.compile(r"^\s*(?:#{1,6}\s+|>\s?|[-*+•]\s+|`{3,}\w*|~{3,}\w*)+")
_LEFTOVER = str.maketrans(dict.fromkeys("*_`#~|<>[]{}\\^", " "))


_LONG_NUMBER = re.compile(r"\d(?:[.,]?\d){12,}")
"""More digits than anybody reads as one number; they are read one by one."""


class ThoughtFilter:
    """Removes thoughts from text that arrives piece by piece.

    Tags may be split between pieces, nested or left open; what is doubtful is not spoken. A closing
    tag that was never opened ends a thought whose opening the model's template swallowed: whatever
    of it has not been handed on is dropped.
    """

    def __init__(self) -> None:
        self._pending = ""
        self._depth = 0

    def push(self, piece: str) -> tuple[str, bool]:
        """Takes a piece.

        Returns:
            The text that is certainly no thought, and whether a closing tag without an opening one
            showed that what was handed on before was a thought too.
        """
        self._pending += piece
        spoken: list[str] = []
        orphan = False
        while match := _EITHER.search(self._pending):
            closing = match["closing"] or match["bracket"]
            if not self._depth and closing:
                orphan = True
                spoken.clear()
            elif not self._depth:
                spoken.append(self._pending[: match.start()])
            self._depth = max(0, self._depth + (-1 if closing else 1))
            self._pending = self._pending[match.end() :]
        held = self._held_from()
        if not self._depth:
            spoken.append(self._pending[:held])
        self._pending = self._pending[held:]
        return "".join(spoken), orphan

    def finish(self) -> str:
        """What was held back, now that nothing follows; empty inside a thought."""
        rest, self._pending = self._pending, ""
        if self._depth:
            return ""
        last = max((match.start() for match in _BEGINS.finditer(rest)), default=len(rest))
        return rest[:last] if _looks_like_tag(rest[last:]) else rest

    def _held_from(self) -> int:
        size = len(self._pending)
        for at in range(max(0, size - _LONGEST_TAG), size):
            if self._pending[at] in _MAY_BEGIN and _may_be_tag(self._pending[at:]):
                return at
        return size


def _may_be_tag(rest: str) -> bool:
    """`rest`, which goes on, may become a thought's tag."""
    if rest.startswith("["):
        return any(tag.startswith(rest) for tag in _BRACKETS)
    begins = _BEGINS.match(rest)
    if begins is None:
        return len(rest) < _LONGEST_ENTITY
    return _ENDS.search(rest, begins.end()) is None


def _looks_like_tag(rest: str) -> bool:
    """`rest` is the first part of a thought's tag, cut off."""
    letters = re.sub(rf"{_LESS}|[\W_]", "", rest, flags=re.IGNORECASE).lower()
    return bool(rest) and any(name.startswith(letters) for name in _NAMES)


def without_thoughts(text: str) -> str:
    """The text outside thoughts; nothing before a closing tag that was never opened."""
    thoughts = ThoughtFilter()
    spoken, _ = thoughts.push(text)
    return spoken + thoughts.finish()


def without_tags(thought: str) -> str:
    """A thought without the tags around it and within it, on one line."""
    return " ".join(_WHOLE.sub(" ", thought).split())


def plain(text: str) -> str:
    """One sentence without markup, control characters and pictures, spaces made single.

    Emphasis, links and code keep their words; HTML tags and images are dropped.
    """
    words = _inline_text(_BLOCK_MARK.sub("", text))
    kept = (
        " " if unicodedata.category(symbol)[0] in "CZ" else symbol
        for symbol in unicodedata.normalize("NFKC", words).translate(_LEFTOVER)
        if unicodedata.category(symbol) not in ("So", "Sk", "Cs")
    )
    spelled = _LONG_NUMBER.sub(lambda match: " ".join(match[0]), "".join(kept))
    return " ".join(spelled.split())


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark")


def _inline_text(text: str) -> str:
    """The words of inline Markdown."""
    spoken = []
    for block in _markdown().parseInline(text):
        for token in block.children or ():
            if token.type in ("text", "code_inline"):
                spoken.append(token.content)
            elif token.type in ("softbreak", "hardbreak", "html_inline"):
                spoken.append(" ")
    return "".join(spoken)
