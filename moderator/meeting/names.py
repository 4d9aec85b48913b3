"""What people are called: nobody by a name that somebody else in the meeting has already."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from roles.schema import Role

MOST_EXPECTED = 60
"""Names that ears are told to expect."""

_SPOKEN = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*\.?$")

KEPT = 8
"""Names that nobody else gets of whoever displays one after the other."""


class Names:
    """Gives everybody a name of their own, since they choose what is displayed themselves.

    Who comes second with a name is called ``Ana (2)``. Upper and lower case, and the ways to write
    one character, make no difference. Whoever comes back keeps their name, and the last `KEPT`
    that they had.

    Args:
        own: what the agent is called; nobody else is.
    """

    def __init__(self, own: Iterable[str]) -> None:
        self._by_key = dict.fromkeys(map(name_key, own), "")
        self._known: dict[str, dict[str, str]] = {}

    def __len__(self) -> int:
        """Names that somebody has, or keeps."""
        return len(self._by_key)

    def of(self, identity: str, shown: str) -> str:
        """The name of whoever has an identity and displays `shown`."""
        known = self._known.setdefault(identity, {})
        name = known.pop(shown, None) or self._free(identity, shown)
        known[shown] = name  # the last
        if len(known) > KEPT:
            gone = known.pop(next(iter(known)))
            if name_key(gone) not in map(name_key, known.values()):
                del self._by_key[name_key(gone)]
        return name

    def _free(self, identity: str, shown: str) -> str:
        name, number = shown, 2
        while self._by_key.setdefault(name_key(name), identity) != identity:
            name, number = f"{shown} ({number})", number + 1
        return name


def expected(role: Role, people: Iterable[str]) -> tuple[str, ...]:
    """The names that will be said in a meeting, the most important first.

    The agent's, those of people as far as they can be spoken, then the terms of its role.

    Args:
        role: the agent's.
        people: what they are called.
    """
    identity = role.identity
    spoken = filter(None, map(_spoken, people))
    names = dict.fromkeys((identity.name, *identity.aliases, *spoken, *role.terms))
    return tuple(names)[:MOST_EXPECTED]


def _spoken(name: str) -> str:
    """Of a displayed name the words that one can say, at most three: "Ana (2)" is Ana."""
    words = [word for word in name.split() if len(word) > 1 and _SPOKEN.match(word)]
    return " ".join(word[:1].upper() + word[1:] for word in words[:3])


def own_names(name: str, aliases: Iterable[str] = ()) -> tuple[str, ...]:
    """What an agent is called: by people, in transcripts, and to its model."""
    return (name, *aliases, f"{name} (agent)", f"{name} (you)")


def name_key(name: str) -> str:
    """Names with the same key are the same to people."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
