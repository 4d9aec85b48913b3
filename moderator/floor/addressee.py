"""Was it said to the agent? A name that is called, not one that is mentioned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from moderator.language.phrases import Phrases, normalise
from moderator.spacing import ASKS, BREAKS, COMMAS, ENDS, joined, tokens
from roles.schema import Role

ALIKE = 0.8
"""A recogniser spells names as it likes: "Robyn" is Robin, "Robert" is not."""

LONGEST_NAME = 3


@dataclass(frozen=True, slots=True)
class Call:
    """The agent's name inside a sentence, as an address.

    Attributes:
        begin: index of the sentence's first word in the words looked at.
        first: index of the name's first word.
        end: index behind the sentence's last word.
        rest: the normalised words of the same sentence without the name and the fillers.
    """

    begin: int
    first: int
    end: int
    rest: tuple[str, ...]


class AddresseeDetector:
    """Finds sentences that are addressed to the agent by name.

    Args:
        names: what the agent answers to.
        phrases: the words of the language that tell a call from a mention.
        title: what it answers to instead where others have all of its names.
        others: the names of those who are there now.
    """

    def __init__(
        self,
        names: Sequence[str],
        phrases: Phrases,
        *,
        title: str | None = None,
        others: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._given, self._title, self._others = tuple(names), title, others
        self._every = _plain(names)
        self._phrases = phrases

    @classmethod
    def of(
        cls, role: Role, phrases: Phrases, others: Callable[[], Sequence[str]] = tuple
    ) -> AddresseeDetector:
        """Finds calls of a role's agent among `others`."""
        identity = role.identity
        names = [identity.name, *identity.aliases]
        return cls(names, phrases, title=identity.title, others=others)

    @property
    def answers_to(self) -> tuple[str, ...]:
        """Its names that nobody else there has."""
        return _unambiguous(self._given, self._title, tuple(self._others()))

    def namesakes(self) -> list[str]:
        """The names of those who have its first name, or one that sounds like it."""
        name = _plain(self._given[:1])
        return [other for other in self._others() if _shared(name, (other,))]

    def find(self, words: Sequence[str]) -> Call | None:
        """The last sentence among `words` (with their punctuation) that calls the agent."""
        found = None
        for first, sentence in _sentences(words):
            call = self._call(sentence, first)
            found = call or found
        return found

    def calls(self, words: Sequence[str]) -> bool:
        """Whether words, with their punctuation, call the agent."""
        return self.find(words) is not None

    def find_question(self, words: Sequence[str]) -> Call | None:
        """The last sentence among `words` that asks something, whoever is asked."""
        latest_first = reversed(_sentences(words))
        return next((_whole(*one) for one in latest_first if self._asks(one[1])), None)

    def last_sentence(self, words: Sequence[str]) -> Call | None:
        """The last sentence among `words`, whoever it is said to."""
        sentences = _sentences(words)
        return _whole(*sentences[-1]) if sentences else None

    def _asks(self, sentence: Sequence[str]) -> bool:
        plain = [normalise(word) for word in sentence]
        while taken := self._phrases.fillers.begins(plain):
            plain = plain[taken:]
        if sentence[-1].endswith(ASKS) or self._phrases.requests.begins(plain):
            return True
        return self._phrases.question(joined(sentence)) is not None

    def without_name(self, words: Sequence[str], *, shared: bool = False) -> tuple[str, ...] | None:
        """The normalised words without the agent's name; None where it is not among them.

        Unlike `find`, takes a mention for a call: only for what must not be missed.

        Args:
            words: with their punctuation.
            shared: also a name that somebody else there has.
        """
        plain = [normalise(word) for word in words]
        names = self._every if shared else _plain(self.answers_to)
        for index in range(len(plain)):
            length = self._named(names, plain, index)
            if length:
                return tuple(word for word in plain[:index] + plain[index + length :] if word)
        return None

    def _call(self, sentence: Sequence[str], offset: int) -> Call | None:
        plain = [normalise(word) for word in sentence]
        names = _plain(self.answers_to)
        for index in range(len(plain)):
            length = self._named(names, plain, index)
            if length and self._is_call(sentence, plain, index, index + length):
                rest = plain[:index] + plain[index + length :]
                while filler := self._phrases.fillers.begins(rest):
                    rest = rest[filler:]
                end = offset + len(sentence)
                return Call(offset, offset + index, end, tuple(word for word in rest if word))
        return None

    def _named(self, names: Sequence[tuple[str, ...]], plain: Sequence[str], index: int) -> int:
        """How many words from `index` on are one of the names, with what it is honoured by."""
        length = _name_at(names, plain, index)
        return length + self._phrases.honorifics.begins(plain[index + length :]) if length else 0

    def _is_call(self, sentence: Sequence[str], plain: Sequence[str], start: int, end: int) -> bool:
        phrases = self._phrases
        before, after = plain[:start], plain[end:]
        comma_before = start > 0 and sentence[start - 1].endswith(COMMAS)
        set_off = sentence[end - 1].endswith(BREAKS)
        if phrases.mentions.ends(before) and not comma_before:
            return False
        if phrases.fillers.makes(before):
            if set_off:
                return not self._listed(after)
            return not after or self._opens(after)
        if not after or phrases.please.makes(after):
            to_somebody = sentence[-1].endswith(ASKS) or phrases.openers.begins(before)
            asked = comma_before or to_somebody or phrases.second_person.within(before)
            return (set_off or comma_before) and bool(asked)
        return comma_before and set_off and not self._stated(after)

    def _opens(self, after: Sequence[str]) -> bool:
        """What follows the name, without a comma, is said to it and not about it."""
        return self._phrases.openers.begins(after) > 0 and not self._stated(after)

    def _stated(self, after: Sequence[str]) -> bool:
        """What follows the name has it as its subject: "is right", but not "is there time"."""
        taken = self._phrases.auxiliaries.begins(after)
        return taken > 0 and not self._phrases.subjects.begins(after[taken:])

    def _listed(self, after: Sequence[str]) -> bool:
        """The name is the first of several: "Robin, Ana and Ben"."""
        phrases = self._phrases
        joined_on = phrases.joins.begins(after[1:]) > 0
        return joined_on and not (phrases.openers | phrases.fillers).begins(after[:1])


def _whole(first: int, sentence: Sequence[str]) -> Call:
    """A sentence that is an address without any name in it."""
    rest = tuple(plain for word in sentence if (plain := normalise(word)))
    return Call(first, first, first + len(sentence), rest)


@lru_cache(maxsize=256)
def _plain_one(name: str) -> tuple[str, ...]:
    return tuple(normalise(part) for part in tokens(name.split()))


def _plain(names: Iterable[str]) -> list[tuple[str, ...]]:
    return [name for name in map(_plain_one, names) if name and all(name)]


@lru_cache(maxsize=256)
def _unambiguous(
    names: tuple[str, ...], title: str | None, others: tuple[str, ...]
) -> tuple[str, ...]:
    """Those of the names that none of the others has; the title where none is left."""
    kept = tuple(name for name in names if not _shared(_plain([name]), others))
    if kept or not names or title is None or _shared(_plain([title]), others):
        return kept
    return (title,)


def _shared(names: Sequence[tuple[str, ...]], others: Iterable[str]) -> bool:
    return any(
        _name_at(names, other, index) for other in _plain(others) for index in range(len(other))
    )


def _name_at(names: Sequence[tuple[str, ...]], plain: Sequence[str], index: int) -> int:
    """How many words from `index` on are one of the names; 0 for none."""
    initial = plain[index][:1]
    for name in names:
        if name[0][:1] != initial:  # what sounds alike begins alike, too
            continue
        part = tuple(plain[index : index + len(name)])
        if part == name or (len(part) == len(name) and _alike(joined(part), joined(name))):
            return len(name)
    return 0


@lru_cache(maxsize=8192)
def _alike(heard: str, name: str) -> bool:
    if len(name) < 4 or not heard or heard[0] != name[0] or heard.endswith("'s"):
        return False
    return SequenceMatcher(None, heard, name).ratio() >= ALIKE


def _sentences(words: Sequence[str]) -> list[tuple[int, Sequence[str]]]:
    """The sentences among `words` with the index of their first word."""
    result, first = [], 0
    for index, word in enumerate(words):
        if word.endswith(ENDS):
            result.append((first, words[first : index + 1]))
            first = index + 1
    if first < len(words):
        result.append((first, words[first:]))
    return result
