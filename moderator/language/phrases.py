"""Phrases of one language: templates for the duties, commands, and words that mark an address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, cached_property, lru_cache
from importlib import resources

from pydantic import BaseModel, ConfigDict
from ruamel.yaml import YAML

from moderator.errors import InputError
from roles.schema import Command

_EDGES = re.compile(r"^[^\w']+|[^\w']+$")


@lru_cache(maxsize=8192)
def normalise(word: str) -> str:
    """A word in lower case without the punctuation around it."""
    return _EDGES.sub("", word.lower().replace("\u2019", "'"))


class Phrases(BaseModel):
    """The phrases of a language; see ``en.yaml`` for what each part is for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    commands: dict[Command, list[str]]
    stop_over_agent: list[str]
    fillers: frozenset[str]
    greetings: frozenset[str]
    openers: frozenset[str]
    auxiliaries: frozenset[str]
    subjects: frozenset[str]
    joins: frozenset[str]
    mentions: frozenset[str]
    second_person: frozenset[str]
    questions: dict[str, list[str]]
    stop_words: frozenset[str]
    templates: dict[str, list[str]]

    def say(self, template: str, variant: int = 0, **facts: str | float | int) -> str:
        """A template filled with facts; variants take turns.

        Raises:
            KeyError: there is no such template, or it names a fact that is not given.
        """
        variants = self.templates[template]
        return variants[variant % len(variants)].format(**facts).strip()

    def command(self, words: Sequence[str]) -> Command | None:
        """Which command normalised words are, and nothing else; None: none."""
        said, known = list(words), self._all_commands
        while said and said[0] in self.fillers and " ".join(said) not in known:
            said = said[1:]
        while said and said[-1] in self.fillers and " ".join(said) not in known:
            said = said[:-1]
        return known.get(" ".join(said))

    @cached_property
    def _all_commands(self) -> dict[str, Command]:
        return {way: command for command, ways in self.commands.items() for way in ways}

    def question(self, text: str) -> str | None:
        """Which of the questions that facts answer `text` asks; None: another."""
        plain = " ".join(normalise(word) for word in text.split())
        for kind, phrases in self.questions.items():
            if any(f" {phrase} " in f" {plain} " for phrase in phrases):
                return kind
        return None


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
