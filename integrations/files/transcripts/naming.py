"""Finds who speaks where a name stands in front of what is said: ``Ana Lee: good morning``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

_CALLED: Final = re.compile(
    r"(?:[-\u2013\u2014]\s*|>>\s*)?(?P<name>[^\W_][^:\uff1a\n]{0,59}|\+\d[^:\uff1a\n]{3,20})[:\uff1a](?:\s+|$)"
)
_FIRST: Final = re.compile(r"[^\W\d]")
_MOST_WORDS: Final = 6


class Names:
    """Which beginnings of lines are names.

    Where half of the lines begin with what may be a name, all such beginnings are names, as in what
    Zoom exports. Elsewhere those are that begin with a capital and come more than once: a line may
    begin with ``Note:`` or ``10:30`` as well.

    Args:
        lines: what is said, each with or without a name in front.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        found: Counter[str] = Counter()
        total = 0
        for line in lines:
            total += 1
            if name := _called(line)[0]:
                found[name] += 1
        usual = 2 * found.total() >= total
        self._names = {
            name for name, times in found.items() if usual or (times > 1 and not name[:1].islower())
        }

    def split(self, line: str) -> tuple[str | None, str]:
        """Who says a line, None where that is not said, and what they say."""
        name, rest = _called(line)
        return (name, rest) if name in self._names else (None, line)


def _called(line: str) -> tuple[str | None, str]:
    found = _CALLED.match(line)
    if found is None:
        return None, line
    name = found["name"].strip()
    if not may_be_name(name):
        return None, line
    return name, line[found.end() :]


def may_be_name(text: str) -> bool:
    """Whether a text may be somebody's name: few words, the first of which begins with a letter."""
    begins = _FIRST.match(text) or (text.startswith("+") and text[1:2].isdigit())
    return bool(begins) and len(text.split()) <= _MOST_WORDS and text[-1] not in ".?!,;"
