"""What people are called: nobody by a name that somebody else in the meeting has already."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


class Names:
    """Gives everybody a name of their own, since they choose what is displayed themselves.

    Who comes second with a name is called ``Ana (2)``. Upper and lower case, and the ways to write
    one character, make no difference. Whoever comes back keeps their name.

    Args:
        own: what the agent is called; nobody else is.
    """

    def __init__(self, own: Iterable[str]) -> None:
        self._by_key = dict.fromkeys(map(_key, own), "")
        self._known: dict[tuple[str, str], str] = {}

    def of(self, identity: str, shown: str) -> str:
        """The name of whoever has an identity and displays `shown`."""
        if (identity, shown) not in self._known:
            self._known[identity, shown] = self._free(identity, shown)
        return self._known[identity, shown]

    def _free(self, identity: str, shown: str) -> str:
        name, number = shown, 2
        while self._by_key.setdefault(_key(name), identity) != identity:
            name, number = f"{shown} ({number})", number + 1
        return name


def own_names(name: str, aliases: Iterable[str] = ()) -> tuple[str, ...]:
    """What an agent is called: by people, in transcripts, and to its model."""
    return (name, *aliases, f"{name} (agent)", f"{name} (you)")


def _key(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
