"""What can be wrong with a role, and where in its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Keys and list positions that lead to a value, from the top of the role."""

Level: TypeAlias = Literal["error", "note"]


def printable(text: str, longest: int = 60) -> str:
    """A piece of somebody's text for a message: on one line, cut, without control characters."""
    cut = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in cut)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a role, or that is worth knowing about it.

    Attributes:
        what: what is wrong, without a full stop.
        where: the file with line and column, as ``file:line:column``.
        todo: what its author can do about it.
        level: an error keeps the role from loading, a note does not.
        path: the keys that lead to it.
        line: line in the file, from 1; 0 when it is not about a place in a file.
        column: character in the line, from 1; 0 likewise.
    """

    what: str
    where: str
    todo: str = ""
    level: Level = "error"
    path: Path = ()
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """One line, as compilers print it."""
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}, {self.todo}" if self.todo else text


class RoleError(ValueError):
    """A role cannot be used.

    Args:
        problems: all that is wrong, in the order of the file; at least one.

    Attributes:
        what: what is wrong first, without a full stop.
        where: file, line and column of it.
        todo: what its author can do about it.
        problems: all that is wrong.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        self.problems = tuple(problems)
        self.what, self.where, self.todo = first.what, first.where, first.todo
        more = len(problems) - 1
        if more:
            text = f"{more} more problem{'s' if more > 1 else ''} in this role"
            self.todo = f"{self.todo} ({text})" if self.todo else text
        super().__init__(", ".join(part for part in (self.what, self.where, self.todo) if part))
