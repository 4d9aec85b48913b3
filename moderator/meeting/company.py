"""Who is in the meeting, and whether the agent is alone with one person."""

from __future__ import annotations

from moderator.events import Heard, Joined, Left, Renamed
from moderator.labels import unnamed
from moderator.mind.base import Participant
from moderator.presence import AloneWith
from moderator.timeline import Samples
from roles.schema import Role


class Company:
    """Follows who comes and goes.

    Args:
        participants: who takes part, by id; kept up to date in place.
        names: of those who took part before; kept up to date in place.

    Attributes:
        names: of everybody who ever took part, by id.
        unheard: how many more are there, or may be, of whom nothing is heard.
    """

    def __init__(
        self, participants: dict[str, Participant], names: dict[str, str] | None = None
    ) -> None:
        self.participants = participants
        self.names = {} if names is None else names
        self.names.update({one.id: one.name for one in participants.values()})
        self.unheard = 0
        self._alone_with: str | None = None

    def join(self, at: Samples, participant: Participant) -> Joined | Renamed:
        """Somebody came in, or is called otherwise from now on."""
        event = Renamed if participant.id in self.participants else Joined
        self.participants[participant.id] = participant
        self.names[participant.id] = participant.name
        return event(at, participant.id, participant.name)

    def leave(self, at: Samples, participant: str) -> Left | None:
        """Somebody went out; None if they were not there."""
        gone = self.participants.pop(participant, None)
        return None if gone is None else Left(at, participant)

    def meet(self, heard: Heard) -> None:
        """Somebody who was heard for the first time becomes a participant."""
        for word in heard.words:
            if not unnamed(word.speaker) and word.speaker not in self.names:
                self.participants[word.speaker] = Participant(word.speaker, word.speaker)
                self.names[word.speaker] = word.speaker

    def alone_with(self, role: Role) -> str | None:
        """Id of the only person there: what they ask is asked of the agent. None: there are more.

        Nor where the role wants the agent to be called by its name all the same.
        """
        if self.unheard or len(self.participants) != 1 or role.turn.alone_needs_name:
            return None
        return next(iter(self.participants))

    def change(self, at: Samples, role: Role) -> AloneWith | None:
        """Whether the agent is alone with somebody, where that has changed."""
        before, self._alone_with = self._alone_with, self.alone_with(role)
        return None if self._alone_with == before else AloneWith(at, self._alone_with)
