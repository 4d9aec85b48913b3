"""Text from a model is data: only what can be said reaches the voice."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_THOUGHT = r"(?:think|thinking|thought|reasoning)"
_EITHER = re.compile(
    rf"<\s{{0,4}}(?:{_THOUGHT}\b|(?P<closing>/\s{{0,4}}{_THOUGHT}\s{{0,4}}>))", re.IGNORECASE
)

_LONGEST_TAG = 32
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
            if not self._depth and match["closing"]:
                orphan = True
                spoken.clear()
            elif not self._depth:
                spoken.append(self._pending[: match.start()])
            self._depth = max(0, self._depth + (-1 if match["closing"] else 1))
            self._pending = self._pending[match.end() :]
        held = self._held_from()
        if not self._depth:
            spoken.append(self._pending[:held])
        self._pending = self._pending[held:]
        return "".join(spoken), orphan

    def finish(self) -> str:
        """What was held back, now that nothing follows; empty inside a thought."""
        rest, self._pending = self._pending, ""
        if self._depth or _looks_like_tag(rest):
            return ""
        return rest

    def _held_from(self) -> int:
        last = self._pending.rfind("<")
        if last < 0 or len(self._pending) - last > _LONGEST_TAG or ">" in self._pending[last:]:
            return len(self._pending)
        return last


def _looks_like_tag(rest: str) -> bool:
    """`rest` may be the first part of a thought's tag, cut off."""
    letters = re.sub(r"[\s/<]", "", rest).lower()
    names = ("think", "thinking", "thought", "reasoning")
    return rest.startswith("<") and any(name.startswith(letters) for name in names)


def without_thoughts(text: str) -> str:
    """The text outside thoughts; nothing before a closing tag that was never opened."""
    thoughts = ThoughtFilter()
    spoken, _ = thoughts.push(text)
    return spoken + thoughts.finish()


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
