"""Phrases of one language: templates for the duties, commands, and words that mark an address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, cached_property, lru_cache
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict
from ruamel.yaml import YAML

from moderator.errors import InputError
from moderator.language.vocabulary import Tokens, Vocabulary, Words, phrase
from moderator.spacing import BREAKS, tokens
from roles.schema import Command, Role

_EDGES = re.compile(r"^[^\w']+|[^\w']+$")

_STOPS = frozenset(BREAKS)
_POLITE = 32
"""Tokens before a request that are taken for politeness at most, and of one with it behind."""

_FAREWELL = 12
"""Words of a sentence that are looked at for a farewell at its beginning."""


@lru_cache(maxsize=8192)
def normalise(word: str) -> str:
    """A word in lower case without the punctuation around it."""
    return _EDGES.sub("", word.lower().replace("\u2019", "'"))


class Phrases(BaseModel):
    """The phrases of a language; see ``en.yaml`` for what each part is for.

    Words are given to its methods as `moderator.spacing.tokens` cuts them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    commands: dict[Command, list[str]]
    hush_openings: Words
    requests_before: Words
    requests_after: Words
    stop_over_agent: list[str]
    fillers: Words
    greetings: Words
    farewells: Words
    endings: list[str]
    openers: Words
    auxiliaries: Words
    subjects: Words
    joins: Words
    mentions: Words
    second_person: Words
    honorifics: Words
    please: Words
    questions: dict[str, list[str]]
    requests: Words
    refusals: list[str]
    around_questions: Words
    stop_words: Words
    stemmer: str
    exact: Words
    numbers: dict[str, int]
    number_joins: dict[str, int]
    counters: list[str]
    signs: dict[str, str]
    negations: Words
    negation_reaches: Literal["behind", "clause"]
    elisions: list[str]
    reporting: Words
    asks_number: Words
    asks_time: Words
    decimal: str
    comma: str
    templates: dict[str, list[str]]
    language_names: dict[str, str]

    def say(self, template: str, variant: int = 0, **facts: str | float | int) -> str:
        """A template filled with facts; variants take turns.

        Raises:
            KeyError: there is no such template, or it names a fact that is not given.
        """
        variants = self.templates[template]
        return variants[variant % len(variants)].format(**facts).strip()

    def listed(self, parts: Iterable[str]) -> str:
        """Parts one after the other, as the language writes it."""
        return self.comma.join(parts)

    def number(self, value: float) -> str:
        """A number in digits."""
        return f"{value:g}".replace(".", self.decimal)

    def minutes(self, value: float) -> str:
        """So many minutes, in words."""
        if value == 1:
            return self.say("duration_one_minute")
        return self.say("duration_minutes", minutes=self.number(value))

    def command(self, words: Sequence[str]) -> Command | None:
        """Which command normalised words are, and nothing else; None: none.

        Politeness around it makes no difference: "could you please stop talking now" is "stop
        talking".
        """
        known = self._all_commands
        cores = list(self._cores(words))
        command = next((known[core] for core in cores if core in known), None)
        if command is None and any(self.hush_openings.begins(core) for core in cores):
            return Command.HUSH
        return command

    def hushes_whatever_follows(self, words: Sequence[str]) -> bool:
        """Whether normalised words ask to be quiet, however their sentence may go on."""
        return any(self.hush_openings.begins(core) for core in self._cores(words))

    def refuses(self, words: Sequence[str]) -> bool:
        """Whether normalised words say that their speaker does not want to be heard."""
        return any(core in self._refusals for core in self._cores(words))

    def stops_agent(self, words: Sequence[str]) -> bool:
        """Whether normalised words, said over the agent, are meant for it without its name."""
        return any(core in self._stops for core in self._cores(words))

    def polite(self, words: Sequence[str]) -> bool:
        """Whether normalised words are greetings and fillers, and nothing else."""
        return self._polite.makes(words)

    def _cores(self, words: Sequence[str]) -> Iterator[Tokens]:
        """The words as they are, then with more and more of what is put around them taken off."""
        for said in dict.fromkeys((tuple(words), tuple(self.please.removed(words)))):
            core: Tokens | None = said
            while core is not None and len(said) - len(core) < _POLITE:
                end: Tokens | None = core
                while end is not None:
                    yield end
                    end = self._after.without_end(end) if len(end) <= _POLITE else None
                core = self._before.without_beginning(core)

    @cached_property
    def _before(self) -> Vocabulary:
        return self.requests_before | self.fillers

    @cached_property
    def _after(self) -> Vocabulary:
        return self.requests_after | self.fillers

    @cached_property
    def _polite(self) -> Vocabulary:
        return self.greetings | self.fillers

    @cached_property
    def _all_commands(self) -> dict[Tokens, Command]:
        return {phrase(way): command for command, ways in self.commands.items() for way in ways}

    @cached_property
    def _refusals(self) -> frozenset[Tokens]:
        return frozenset(map(phrase, self.refusals))

    @cached_property
    def _stops(self) -> frozenset[Tokens]:
        return frozenset(map(phrase, self.stop_over_agent))

    def takes_leave(self, words: Sequence[str]) -> bool:
        """Whether words as heard, with their punctuation, say goodbye."""
        return self._leaves(tuple(words))

    @cached_property
    def _leaves(self) -> Callable[[tuple[str, ...]], bool]:
        return lru_cache(maxsize=64)(self._say_goodbye)  # what was said last is asked all the time

    def _say_goodbye(self, words: tuple[str, ...]) -> bool:
        plain = [normalise(word) for word in words]
        said = f" {' '.join(plain)} "
        if any(f" {ending} " in said for ending in self._endings):
            return True
        begins = [0, *(at + 1 for at, word in enumerate(words) if word[-1:] in _STOPS)]
        rests = [tuple(plain[begin : begin + _FAREWELL]) for begin in begins]
        return any(self.farewells.begins(core) for rest in rests for core in self._cores(rest))

    @cached_property
    def _endings(self) -> list[str]:
        return [" ".join(phrase(ending)) for ending in self.endings]

    def question(self, text: str) -> str | None:
        """Which of the questions that facts answer `text` asks; None: another.

        A phrase among words that say more is another: "how much time did Ben spend on the tents"
        is not about the time left. What comes before the question may be anything.
        """
        words = tokens(text.split())
        plain = [normalise(word) for word in words if normalise(word)]
        for begin in range(len(plain)):
            if begin == 0 or self.openers.begins(plain[begin:]):
                asked = f" {' '.join(plain[begin:])} "
                for kind, phrases in self._questions.items():
                    if any(self._asks_only(asked, f" {way} ") for way in phrases):
                        return kind
        return None

    def _asks_only(self, asked: str, way: str) -> bool:
        before, found, after = asked.partition(way)
        around = self._around
        return bool(found) and around.makes(before.split()) and around.makes(after.split())

    @cached_property
    def _questions(self) -> dict[str, list[str]]:
        return {
            kind: [" ".join(phrase(way)) for way in ways] for kind, ways in self.questions.items()
        }

    @cached_property
    def _around(self) -> Vocabulary:
        known = self.around_questions | self.fillers | self.greetings | self.auxiliaries
        return known | self.subjects | self.second_person


def base(language: str) -> str:
    """A language's code without its region: ``en`` of ``en-GB``."""
    return language.split("-", maxsplit=1)[0]


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
    name = base(language)
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
    known = base(role.language) in languages()
    return load_phrases(role.language if known or role.turn.may_speak else "en")
