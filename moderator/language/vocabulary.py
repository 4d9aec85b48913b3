"""Words that a language is told by; each one token, or several where no spaces are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Annotated, TypeAlias

from pydantic import PlainValidator

from moderator.spacing import tokens

Tokens: TypeAlias = tuple[str, ...]


def phrase(text: str) -> Tokens:
    """A phrase as the tokens that it is compared by."""
    return tuple(tokens(text.split()))


class Vocabulary:
    """A set of words or phrases in lower case, looked for at either end of tokens.

    Args:
        entries: the phrases; their order does not matter.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        self.entries = frozenset(entries)

    def __or__(self, other: Vocabulary) -> Vocabulary:
        return Vocabulary(self.entries | other.entries)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.entries))

    def __contains__(self, word: str) -> bool:
        return word in self.entries

    def begins(self, said: Sequence[str]) -> int:
        """How many tokens of `said` its longest entry takes at the beginning; 0: none does."""
        for entry in self._by_first.get(said[0], ()) if said else ():
            if tuple(said[: len(entry)]) == entry:
                return len(entry)
        return 0

    def ends(self, said: Sequence[str]) -> int:
        """How many tokens of `said` its longest entry takes at the end; 0: none does."""
        for entry in self._by_last.get(said[-1], ()) if said else ():
            if tuple(said[-len(entry) :]) == entry:
                return len(entry)
        return 0

    def makes(self, said: Sequence[str]) -> bool:
        """Whether `said` is nothing but entries, one after the other."""
        reached = {0}
        for at in range(len(said)):
            if at in reached:
                for entry in self._by_first.get(said[at], ()):
                    if tuple(said[at : at + len(entry)]) == entry:
                        reached.add(at + len(entry))
        return len(said) in reached

    def within(self, said: Sequence[str]) -> bool:
        """Whether an entry stands anywhere in `said`."""
        return any(self.begins(said[at:]) for at in range(len(said)))

    def removed(self, said: Sequence[str]) -> list[str]:
        """`said` without its entries."""
        kept, at = list[str](), 0
        while at < len(said):
            taken = self.begins(said[at:])
            if not taken:
                kept.append(said[at])
            at += taken or 1
        return kept

    def without_beginning(self, said: Tokens) -> Tokens | None:
        """What stands behind the longest entry at the beginning; None: nothing does."""
        for entry in self._by_first.get(said[0], ()) if said else ():
            if len(said) > len(entry) and said[: len(entry)] == entry:
                return said[len(entry) :]
        return None

    def without_end(self, said: Tokens) -> Tokens | None:
        """What stands before the longest entry at the end; None: nothing does."""
        for entry in self._by_last.get(said[-1], ()) if said else ():
            if len(said) > len(entry) and said[-len(entry) :] == entry:
                return said[: -len(entry)]
        return None

    @cached_property
    def _by_first(self) -> dict[str, list[Tokens]]:
        return self._by(0)

    @cached_property
    def _by_last(self) -> dict[str, list[Tokens]]:
        return self._by(-1)

    def _by(self, at: int) -> dict[str, list[Tokens]]:
        found: dict[str, list[Tokens]] = {}
        for entry in sorted(map(phrase, self.entries), key=lambda one: (-len(one), one)):
            if entry:
                found.setdefault(entry[at], []).append(entry)
        return found


def _read(value: object) -> Vocabulary:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError("must be a list of texts")
    return Vocabulary(value)


Words: TypeAlias = Annotated[Vocabulary, PlainValidator(_read)]
"""A vocabulary as a field of a model, read from a list."""
