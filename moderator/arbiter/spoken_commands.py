"""Spoken commands: who told the agent what, and whether the role lets them.

What a participant says is data: it can only ever become one of the role's commands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from moderator.events import Command, CommandGiven, Word
from moderator.floor.addressee import AddresseeDetector
from moderator.language.phrases import Phrases, normalise, phrases_of
from moderator.spacing import ENDS
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

    @classmethod
    def of(cls, role: Role, others: Callable[[], Sequence[str]]) -> CommandSpotter:
        """Finds what is said to a role's agent among people who have the names `others`.

        Raises:
            InputError: there are no phrases in the role's language.
        """
        phrases = phrases_of(role)
        return cls(role, phrases, AddresseeDetector.of(role, phrases, others))

    def spot(
        self,
        words: Iterable[Word],
        transcript: Transcript,
        now: Samples,
        *,
        agent_speaking: bool,
        alone_with: str | None = None,
    ) -> list[CommandGiven]:
        """Commands that the newly stable words complete; each utterance gives one at most.

        Whoever is alone with the agent (`alone_with`) need not name it: it is for nobody else.

        "Stop talking" is obeyed at once, as is "stop" while the agent speaks. Otherwise the
        sentence must be over: "leave" may go on with "that to me", and "wait" with "for Ben".
        Called without words, this finds those that are over by now.
        """
        found = []
        speakers = dict.fromkeys([*self._unsure, *(word.speaker for word in words)])
        self._unsure = []
        for speaker in speakers:
            utterance = transcript.current(speaker)
            if utterance is None or self._done.get(speaker) == utterance.start:
                continue
            alone = speaker == alone_with
            command, over = self._command(utterance, agent_speaking=agent_speaking, alone=alone)
            if command is None:
                continue
            if not over and now - utterance.end < OVER_AFTER:
                self._unsure.append(speaker)
                continue
            self._done[speaker] = utterance.start
            accepted = permitted(self._role, command, "voice", speaker)
            found.append(CommandGiven(now, command, speaker, "voice", accepted))
        return found

    def _command(
        self, utterance: Utterance, *, agent_speaking: bool, alone: bool
    ) -> tuple[Command | None, bool]:
        """The command in an utterance, and whether nothing that may follow changes it."""
        call = self._detector.find(utterance.words)
        if call is None and alone:
            call = self._detector.last_sentence(utterance.words)
        if call is not None:
            command = self._phrases.command(call.rest)
            if command is not None:
                over = utterance.words[call.end - 1].endswith(ENDS)
                sure = agent_speaking or self._phrases.hushes_whatever_follows(call.rest)
                return command, over or (command is Command.HUSH and sure)
        # "Stop Robin" without its comma reads like a mention; to be quiet for nothing does no harm.
        # So does it where somebody else has its name, while the agent is heard.
        named = self._detector.without_name(utterance.words, shared=agent_speaking)
        if named is not None and self._phrases.command(named) is Command.HUSH:
            before = utterance.words[:-1]
            ends = self._detector.without_name(before, shared=agent_speaking) is None
            stopped = utterance.words[-1].endswith(ENDS)
            sure = agent_speaking or self._phrases.hushes_whatever_follows(named)
            return Command.HUSH, ends or stopped or sure
        if agent_speaking:
            plain = tuple(normalise(word) for word in utterance.words)
            if self._phrases.stops_agent(plain):
                return Command.HUSH, True
        return None, False
