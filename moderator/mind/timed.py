"""Duties timed by a model: what is said comes from duties, when it is said from the model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

from moderator.events import Act, Percept, Proposal
from moderator.floor import FloorView
from moderator.mind.base import Capabilities, Participant
from moderator.mind.duties import Duties
from moderator.mind.duties.session import DutiesSession
from moderator.mind.moderator_lm.mind import ModeratorLM
from moderator.mind.moderator_lm.session import ModeratorSession
from moderator.timeline import Samples, to_samples
from roles.schema import Role

CAN_WAIT = frozenset({Act.INVITE, Act.HAND_OVER, Act.SUMMARISE, Act.TIME_CHECK})
"""Acts that wait for a fitting moment; all others are due when the duty says so."""

PATIENCE = to_samples(8.0)
"""For so long; then the duty is done as if there were no model."""


class TimedDuties:
    """The default mind of a replay: duties, at moments that the embedded model finds fitting.

    Args:
        duties: propose what to say.
        model: says when; its weights are loaded only for roles that may speak.
    """

    def __init__(self, duties: Duties, model: ModeratorLM) -> None:
        self._duties, self._model = duties, model

    @property
    def capabilities(self) -> Capabilities:
        """The model's, with the duties' words."""
        return self._model.capabilities

    async def open(self, role: Role, participants: Mapping[str, Participant]) -> TimedSession:
        """Starts a session of both.

        Raises:
            InputError: as the two do.
        """
        duties = await self._duties.open(role, participants)
        model = await self._model.open(role, participants) if role.turn.may_speak else None
        return TimedSession(duties, model)


class TimedSession:
    """Duties and model in one meeting.

    Args:
        duties: the duties' session.
        model: the model's; None: nothing is ever said.
    """

    def __init__(self, duties: DutiesSession, model: ModeratorSession | None) -> None:
        self._duties, self._model = duties, model
        self._now: Samples = 0
        self._waiting: tuple[str | None, Samples] | None = None

    async def push(self, percept: Percept, floor: FloorView) -> None:
        """Takes the next chunk."""
        self._now = percept.end
        await self._duties.push(percept, floor)
        if self._model is not None:
            await self._model.push(percept, floor)

    async def propose(self) -> Proposal | None:
        """The duties' wish, if it need not wait or has waited long enough."""
        wish = await self._duties.propose()
        if self._model is None or wish is None or wish.answering or wish.act not in CAN_WAIT:
            self._waiting = None
            return wish
        if self._waiting is None or self._waiting[0] != wish.duty:
            self._waiting = (wish.duty, self._now)
        fitting = await self._model.probability()
        note = f"fitting {fitting:.2f}"
        if fitting >= self._model.threshold:
            return replace(wish, cue=f"{wish.cue}; {note}".lstrip("; "))
        if self._now - self._waiting[1] >= PATIENCE:
            return replace(wish, cue=f"{wish.cue}; {note}, waited enough".lstrip("; "))
        return None

    async def compose(self, proposal: Proposal) -> AsyncIterator[str]:
        """The duties' words."""
        self._waiting = None
        async for piece in self._duties.compose(proposal):
            yield piece

    def heard(self, words: str) -> None:
        """Tells both."""
        self._duties.heard(words)
        if self._model is not None:
            self._model.heard(words)

    def forget(self, speaker: str) -> None:
        """Tells both."""
        self._duties.forget(speaker)
        if self._model is not None:
            self._model.forget(speaker)

    def cancel(self) -> None:
        """Tells both."""
        self._duties.cancel()
        if self._model is not None:
            self._model.cancel()

    async def close(self) -> None:
        """Closes both."""
        await self._duties.close()
        if self._model is not None:
            await self._model.close()
