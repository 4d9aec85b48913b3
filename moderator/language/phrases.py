"""Phrases of one language: templates for the duties, commands, and words that mark an address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from importlib import resources
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict
from ruamel.yaml import YAML

from moderator.errors import InputError
from roles.schema import Command, Role

_EDGES = re.compile(r"^[^\w']+|[^\w']+$")

_STOPS = frozenset(".?!,")
_FAREWELL = 12
"""Words of a sentence that are looked at for a farewell at its beginning."""


@lru_cache(maxsize=8192)
def normalise(word: str) -> str:
    """A word in lower case without the punctuation around it."""
    return _EDGES.sub("", word.lower().replace("\u2019", "'"))


_ByWord: TypeAlias = Mapping[str, Sequence[tuple[str, ...]]]
"""Phrases by the first or the last of their words, the longest first."""


def _by_word(phrases: Iterable[str], at: int) -> _ByWord:
    found: dict[str, list[tuple[str, ...]]] = {}
    split = {tuple(phrase.split()) for phrase in phrases}
    for phrase in sorted(split, key=lambda phrase: (-len(phrase), phrase)):
        found.setdefault(phrase[at], []).append(phrase)
    return found


def _without_beginning(words: tuple[str, ...], by_first: _ByWord) -> tuple[str, ...] | None:
    """The words without the longest phrase that they begin with; None: with none."""
    for phrase in by_first.get(words[0], ()) if words else ():
        if len(words) > len(phrase) and words[: len(phrase)] == phrase:
            return words[len(phrase) :]
    return None


def _without_end(words: tuple[str, ...], by_last: _ByWord) -> tuple[str, ...] | None:
    for phrase in by_last.get(words[-1], ()) if words else ():
        if len(words) > len(phrase) and words[-len(phrase) :] == phrase:
            return words[: -len(phrase)]
    return None


class Phrases(BaseModel):
    """The phrases of a language; see ``en.yaml`` for what each part is for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    commands: dict[Command, list[str]]
    hush_openings: list[str]
    requests_before: list[str]
    requests_after: list[str]
    stop_over_agent: list[str]
    fillers: frozenset[str]
    greetings: frozenset[str]
    farewells: list[str]
    endings: list[str]
    openers: frozenset[str]
    auxiliaries: frozenset[str]
    subjects: frozenset[str]
    joins: frozenset[str]
    mentions: frozenset[str]
    second_person: frozenset[str]
    questions: dict[str, list[str]]
    requests: frozenset[str] = frozenset()
    refusals: list[str] = []
    around_questions: frozenset[str]
    stop_words: frozenset[str]
    stemmer: str
    exact: frozenset[str]
    numbers: dict[str, int]
    negations: frozenset[str]
    reporting: frozenset[str]
    asks_number: list[str]
    asks_time: list[str]
    templates: dict[str, list[str]]
    language_names: dict[str, str]

    def say(self, template: str, variant: int = 0, **facts: str | float | int) -> str:
        """A template filled with facts; variants take turns.

        Raises:
            KeyError: there is no such template, or it names a fact that is not given.
        """
        variants = self.templates[template]
        return variants[variant % len(variants)].format(**facts).strip()

    def command(self, words: Sequence[str]) -> Command | None:
        """Which command normalised words are, and nothing else; None: none.

        Politeness around it makes no difference: "could you please stop talking now" is "stop
        talking".
        """
        known = self._all_commands
        cores = list(self._cores(words))
        found = (known.get(" ".join(core)) for core in cores)
        command = next((one for one in found if one is not None), None)
        if command is None and any(self._begins_hush(core) for core in cores):
            return Command.HUSH
        return command

    def hushes_whatever_follows(self, words: Sequence[str]) -> bool:
        """Whether normalised words ask to be quiet, however their sentence may go on."""
        return any(self._begins_hush(core) for core in self._cores(words))

    def refuses(self, words: Sequence[str]) -> bool:
        """Whether normalised words say that their speaker does not want to be heard."""
        return any(" ".join(core) in self.refusals for core in self._cores(words))

    def stops_agent(self, words: Sequence[str]) -> bool:
        """Whether normalised words, said over the agent, are meant for it without its name."""
        return any(" ".join(core) in self.stop_over_agent for core in self._cores(words))

    def _begins_hush(self, core: Sequence[str]) -> bool:
        said = " ".join(core) + " "
        return any(said.startswith(f"{opening} ") for opening in self.hush_openings)

    def _cores(self, words: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """The words as they are, then with more and more of what is put around them taken off."""
        core: tuple[str, ...] | None = tuple(words)
        while core is not None:
            end: tuple[str, ...] | None = core
            while end is not None:
                yield end
                end = _without_end(end, self._after)
            core = _without_beginning(core, self._before)

    @cached_property
    def _before(self) -> _ByWord:
        return _by_word([*self.requests_before, *self.fillers], 0)

    @cached_property
    def _after(self) -> _ByWord:
        return _by_word([*self.requests_after, *self.fillers], -1)

    @cached_property
    def _all_commands(self) -> dict[str, Command]:
        return {way: command for command, ways in self.commands.items() for way in ways}

    def takes_leave(self, words: Sequence[str]) -> bool:
        """Whether words as heard, with their punctuation, say goodbye."""
        return self._leaves(tuple(words))

    @cached_property
    def _leaves(self) -> Callable[[tuple[str, ...]], bool]:
        return lru_cache(maxsize=64)(self._say_goodbye)  # what was said last is asked all the time

    def _say_goodbye(self, words: tuple[str, ...]) -> bool:
        plain = [normalise(word) for word in words]
        said = f" {' '.join(plain)} "
        if any(f" {ending} " in said for ending in self.endings):
            return True
        begins = [0, *(at + 1 for at, word in enumerate(words) if word[-1:] in _STOPS)]
        rests = [tuple(plain[begin : begin + _FAREWELL]) for begin in begins]
        starts = [f"{' '.join(core)} " for rest in rests for core in self._cores(rest)]
        return any(one.startswith(f"{way} ") for one in starts for way in self.farewells)

    def question(self, text: str) -> str | None:
        """Which of the questions that facts answer `text` asks; None: another.

        A phrase among words that say more is another: "how much time did Ben spend on the tents"
        is not about the time left. What comes before the question may be anything.
        """
        plain = [word for word in map(normalise, text.split()) if word]
        for begin, word in enumerate(plain):
            if begin == 0 or word in self.openers:
                asked = f" {' '.join(plain[begin:])} "
                for kind, phrases in self.questions.items():
                    if any(self._asks_only(asked, f" {phrase} ") for phrase in phrases):
                        return kind
        return None

    def _asks_only(self, asked: str, phrase: str) -> bool:
        before, found, after = asked.partition(phrase)
        return bool(found) and all(word in self._around for word in f"{before} {after}".split())

    @cached_property
    def _around(self) -> frozenset[str]:
        parts = (self.fillers, self.greetings, self.auxiliaries, self.subjects, self.second_person)
        return self.around_questions.union(*parts)


def languages() -> list[str]:
    """Languages that there are phrases for."""
    entries = resources.files("moderator.language").iterdir()
    return sorted(entry.name[:-5] for entry in entries if entry.name.endswith(".yaml"))


@cache
def load_phrases(language: str) -> Phrases:
    """The phrases of a language; a region (``en-GB``) falls back to its language.

    Raises:
        InputError: there are none.
    """
    name = language.split("-", maxsplit=1)[0]
    if name not in languages():
        known = ", ".join(languages())
        raise InputError(
            f"no phrases in language {language!r}", where="role, language", todo=f"use {known}"
        )
    text = resources.files("moderator.language").joinpath(f"{name}.yaml").read_text("utf-8")
    return Phrases.model_validate(YAML(typ="safe", pure=True).load(text))


def phrases_of(role: Role) -> Phrases:
    """The phrases of a role's language.

    A role that never speaks needs none: it hears whatever its recogniser knows, and understands
    what is said to it in English.

    Raises:
        InputError: there are none, and the role speaks.
    """
    known = role.language.split("-", maxsplit=1)[0] in languages()
    return load_phrases(role.language if known or role.turn.may_speak else "en")
