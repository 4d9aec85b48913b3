"""Ears, and parts of them, that may be told beforehand which names will be said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable


@runtime_checkable
class Expecting(Protocol):
    """Hears names right more often when it knows them."""

    def expect(self, names: Sequence[str]) -> None:
        """Takes the names that are to be expected from now on, the most important first."""
        ...


def expect(by: object, names: Sequence[str]) -> None:
    """Tells ears, a source or a recogniser's stream, if it can make use of names."""
    if isinstance(by, Expecting):
        by.expect(names)
