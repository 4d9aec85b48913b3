"""Duties timed by a model: what is said comes from duties, when it is said from the model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from moderator.errors import MindError
from moderator.events import Act, Percept, Proposal, SaidAt
from moderator.floor.state import FloorView
from moderator.mind.base import (
    Capabilities,
    MindSession,
    Moment,
    PartFailed,
    Participant,
    recall_in,
)
from moderator.mind.duties.session import Duties, DutiesSession
from moderator.timeline import Samples, to_samples, to_seconds
from roles import schema
from roles.schema import Role

CAN_WAIT = frozenset({Act.INVITE, Act.HAND_OVER, Act.SUMMARISE, Act.TIME_CHECK})
"""Acts that wait for a fitting moment; all others are due when the duty says so."""

PATIENCE = to_samples(8.0)
"""For so long; then the duty is done as if there were no model."""

FITS_FOR = to_samples(1.0)
"""So far the model looks ahead: a moment that fits does so for as long, and so does a no."""


class TimingSession(MindSession, Protocol):
    """A session of a mind that says when."""

    @property
    def threshold(self) -> float:
        """Probability from which on taking the turn is advised, of the kind of the last one."""
        ...

    @property
    def thought(self) -> str | None:
        """The thought before the last probability; None without one."""
        ...

    async def probability(self, *, exact: bool = True) -> float:
        """That a turn is fitting now, in [0, 1].

        Args:
            exact: if not, any number below the threshold says that it is not.

        Raises:
            MindError: it failed.
        """
        ...


class TimingMind(Protocol):
    """A mind that says when."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        ...

    async def open(self, role: Role, participants: Mapping[str, Participant]) -> TimingSession:
        """Starts a session."""
        ...


def needs_timing(role: Role) -> bool:
    """Whether anything that the role does may wait for a fitting moment."""
    turn = role.turn
    return turn.may_speak and not turn.only_when_addressed and any(map(_can_wait, role.duties))


def _can_wait(duty: schema.Duty) -> bool:
    if isinstance(duty, schema.MonologueDuty):
        return not duty.cut_in
    if isinstance(duty, schema.SummariseDuty):
        return duty.every_minutes is not None
    return isinstance(duty, schema.InviteQuietDuty | schema.AgendaDuty | schema.TimeCheckDuty)


class TimedDuties:
    """The default mind of a replay: duties, at moments that the embedded model finds fitting.

    Args:
        duties: propose what to say.
        model: says when; opened only for roles that have something that can wait.
    """

    def __init__(self, duties: Duties, model: TimingMind) -> None:
        self._duties, self._model = duties, model

    @property
    def capabilities(self) -> Capabilities:
        """The model's, with the duties' words."""
        model = self._model.capabilities
        return replace(model, name=f"{self._duties.capabilities.name}+{model.name}")

    async def open(self, role: Role, participants: Mapping[str, Participant]) -> MindSession:
        """Starts a session of both, or of the duties alone where there is nothing to time.

        Raises:
            InputError: as the two do.
        """
        duties = await self._duties.open(role, participants)
        if not needs_timing(role):
            return duties
        return TimedSession(duties, await self._model.open(role, participants))


@dataclass(frozen=True, slots=True)
class _Found:
    """A moment that fits: how well, measured against what, and after which thought."""

    at: Samples
    fitting: float
    threshold: float
    thought: str | None


class TimedSession:
    """Duties and model in one meeting.

    Args:
        duties: the duties' session.
        model: the model's; asked only while a wish waits.
    """

    def __init__(self, duties: DutiesSession, model: TimingSession) -> None:
        self._duties, self._model = duties, model
        self._now: Samples = 0
        self._speaking = False
        self._waiting: tuple[str | None, Samples] | None = None
        self._found: _Found | None = None
        self._refused: Samples | None = None

    async def push(self, percept: Percept, floor: FloorView) -> None:
        """Takes the next chunk."""
        self._now, self._speaking = percept.end, floor.agent_speaking
        await self._duties.push(percept, floor)
        await self._model.push(percept, floor)

    async def recall(self, moment: Moment) -> None:
        """Tells both."""
        await self._duties.recall(moment)
        await recall_in(self._model, moment)

    async def propose(self) -> Proposal | None:
        """The duties' wish, if it need not wait, or its moment has come, or it waited long enough.

        Raises:
            PartFailed: the model failed; the wish stands.
        """
        wish = await self._duties.propose()
        if wish is None:
            self._forget_wish()
            return None
        if wish.answering or wish.act not in CAN_WAIT:
            return wish
        if self._waiting is None or self._waiting[0] != wish.duty:
            self._forget_wish()
            self._waiting = (wish.duty, self._now)
        return None if self._speaking else await self._when_fitting(wish, self._waiting[1])

    def _forget_wish(self) -> None:
        self._waiting = self._found = self._refused = None

    async def _when_fitting(self, wish: Proposal, since: Samples) -> Proposal | None:
        if self._found is not None and self._now - self._found.at < FITS_FOR:
            return self._fitting(wish, since, self._found)
        if self._now - since >= PATIENCE:
            return _explained(wish, "no moment was found that fits", PATIENCE)
        if self._refused is not None and self._now - self._refused < FITS_FOR:
            return None
        try:
            fitting = await self._model.probability(exact=False)
        except MindError as error:
            raise PartFailed(str(error), wish) from error
        if fitting < self._model.threshold:
            self._refused = self._now
            return None
        self._found = _Found(self._now, fitting, self._model.threshold, self._model.thought)
        return self._fitting(wish, since, self._found)

    def _fitting(self, wish: Proposal, since: Samples, found: _Found) -> Proposal:
        wish = _explained(wish, "the moment fits", found.at - since)
        facts = {"fitting": round(found.fitting, 4), "fits_from": found.threshold}
        return replace(wish, facts={**wish.facts, **facts}, thought=found.thought)

    def foreseen(self) -> str | None:
        """What the duties would answer from facts."""
        return self._duties.foreseen()

    async def compose(self, proposal: Proposal) -> AsyncIterator[str]:
        """The duties' words."""
        if proposal.act in CAN_WAIT:
            self._forget_wish()
        async for piece in self._duties.compose(proposal):
            yield piece

    def quotes(self, proposal: Proposal) -> frozenset[str]:
        """As the duties say: the words are theirs."""
        return self._duties.quotes(proposal)

    def cites(self, proposal: Proposal) -> tuple[SaidAt, ...]:
        """As the duties say."""
        return self._duties.cites(proposal)

    def heard(self, words: str) -> None:
        """Tells both."""
        self._duties.heard(words)
        self._model.heard(words)

    def forget(self, speaker: str) -> None:
        """Tells both."""
        self._duties.forget(speaker)
        self._model.forget(speaker)

    def cancel(self) -> None:
        """Tells both."""
        self._duties.cancel()
        self._model.cancel()

    async def close(self) -> None:
        """Closes both."""
        await self._duties.close()
        await self._model.close()


def _explained(wish: Proposal, why: str, waited: Samples) -> Proposal:
    facts = {**wish.facts, "waited_s": to_seconds(waited)}
    return replace(wish, cue=f"{wish.cue}; {why}".lstrip("; "), facts=facts)
