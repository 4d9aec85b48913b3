"""Spoken commands: who told the agent what, and whether the role lets them.

What a participant says is data: it can only ever become one of the role's commands.
"""

from __future__ import annotations

from collections.abc import Iterable

from moderator.addressee import AddresseeDetector
from moderator.events import Command, CommandGiven, Word
from moderator.language.phrases import Phrases, normalise
from moderator.timeline import Samples
from moderator.transcript import Transcript, Utterance
from roles.people import allows
from roles.schema import Role

LONGEST = 6
"""Words in a spoken command, fillers aside; a longer sentence is talk about something."""


def permitted(role: Role, command: Command, channel: str, person: str) -> bool:
    """Whether the role lets a person, by their id, give a command by a channel.

    Display names are not enough: participants choose them themselves.
    """
    people = role.authority.commands.get(command, "nobody")
    return channel in role.authority.channels and allows(people, person)


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

    def spot(
        self, words: Iterable[Word], transcript: Transcript, now: Samples, *, agent_speaking: bool
    ) -> list[CommandGiven]:
        """Commands that the newly stable words complete; each utterance gives one at most."""
        found = []
        for speaker in dict.fromkeys(word.speaker for word in words):
            utterance = transcript.current(speaker)
            if utterance is None or self._done.get(speaker) == utterance.start:
                continue
            command = self._command(utterance, agent_speaking=agent_speaking)
            if command is not None:
                self._done[speaker] = utterance.start
                accepted = permitted(self._role, command, "voice", speaker)
                found.append(CommandGiven(now, command, speaker, "voice", accepted))
        return found

    def _command(self, utterance: Utterance, *, agent_speaking: bool) -> Command | None:
        call = self._detector.find(utterance.words)
        if call is not None:
            said = self._without_fillers(call.rest)
            for command, ways in self._phrases.commands.items():
                if len(said) <= LONGEST and " ".join(said) in ways:
                    return command
        if agent_speaking:
            plain = self._without_fillers(tuple(normalise(word) for word in utterance.words))
            if " ".join(plain) in self._phrases.stop_over_agent:
                return Command.HUSH
        return None

    def _without_fillers(self, words: tuple[str, ...]) -> tuple[str, ...]:
        while words and words[0] in self._phrases.fillers and words[0] != "please":
            words = words[1:]
        return words
