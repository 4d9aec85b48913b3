"""Spoken commands: who told the agent what, and whether the role lets them.

What a participant says is data: it can only ever become one of the role's commands.
"""

from __future__ import annotations

from collections.abc import Iterable

from moderator.events import Command, CommandGiven, Word
from moderator.floor.addressee import AddresseeDetector
from moderator.language.phrases import Phrases, load_phrases, normalise
from moderator.timeline import Samples, to_samples
from moderator.transcript import Transcript, Utterance
from roles.schema import Role

OVER_AFTER = to_samples(1.0)
"""A sentence without a full stop is over when its speaker has been silent for this long."""


def permitted(role: Role, command: Command, channel: str, person: str) -> bool:
    """Whether the role lets a person, by their id, give a command by a channel.

    Display names are not enough: participants choose them themselves. Nor is an id that reads like
    one in the role: ``ANA`` is not ``ana``, but somebody else in the same room.
    """
    people = role.authority.commands.get(command, "nobody")
    listed = people == "everyone" if isinstance(people, str) else person in people
    return channel in role.authority.channels and listed


class CommandSpotter:
    """Finds commands in stable words.

    Args:
        role: whom it obeys.
        phrases: how commands sound.
        detector: tells whether a sentence is addressed to the agent.
    """

    def __init__(
        self,
        role: Role,
        phrases: Phrases,
        detector: AddresseeDetector,
    ) -> None:
        self._role = role
        self._phrases, self._detector = phrases, detector
        self._done: dict[str, Samples] = {}
        self._unsure: list[str] = []

    def spot(
        self, words: Iterable[Word], transcript: Transcript, now: Samples, *, agent_speaking: bool
    ) -> list[CommandGiven]:
        """Commands that the newly stable words complete; each utterance gives one at most.

        To be quiet is obeyed at once. For every other command the sentence must be over: "leave"
        may go on with "that to me". Called without words, this finds those that are over by now.
        """
        found = []
        speakers = dict.fromkeys([*self._unsure, *(word.speaker for word in words)])
        self._unsure = []
        for speaker in speakers:
            utterance = transcript.current(speaker)
            if utterance is None or self._done.get(speaker) == utterance.start:
                continue
            command, over = self._command(utterance, agent_speaking=agent_speaking)
            if command is None:
                continue
            if command is not Command.HUSH and not over and now - utterance.end < OVER_AFTER:
                self._unsure.append(speaker)
                continue
            self._done[speaker] = utterance.start
            accepted = permitted(self._role, command, "voice", speaker)
            found.append(CommandGiven(now, command, speaker, "voice", accepted))
        return found

    def _command(
        self, utterance: Utterance, *, agent_speaking: bool
    ) -> tuple[Command | None, bool]:
        """The command in an utterance, and whether its sentence is over."""
        call = self._detector.find(utterance.words)
        if call is not None:
            command = self._phrases.command(call.rest)
            if command is not None:
                return command, utterance.words[call.end - 1].endswith((".", "?", "!"))
        # "Stop Robin" without its comma reads like a mention; to be quiet for nothing does no harm.
        named = self._detector.without_name(utterance.words)
        if named is not None and self._phrases.command(named) is Command.HUSH:
            return Command.HUSH, True
        if agent_speaking:
            plain = self._without_fillers(tuple(normalise(word) for word in utterance.words))
            if " ".join(plain) in self._phrases.stop_over_agent:
                return Command.HUSH, True
        return None, False

    def _without_fillers(self, words: tuple[str, ...]) -> tuple[str, ...]:
        while words and words[0] in self._phrases.fillers and words[0] != "please":
            words = words[1:]
        return words


def spotter_for(role: Role) -> CommandSpotter:
    """A spotter that knows the role's language, and what the agent is called."""
    phrases = load_phrases(role.language)
    names = [role.identity.name, *role.identity.aliases]
    return CommandSpotter(role, phrases, AddresseeDetector(names, phrases))
