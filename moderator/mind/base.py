"""The port of the mind: what is heard goes in, proposals and words come out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from moderator.errors import MindError
from moderator.events import Percept, Proposal, SaidAt
from moderator.floor.state import FloorView
from moderator.tool_calls import ToolCall
from roles.schema import Role


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody in the meeting.

    Attributes:
        id: as in percepts.
        name: as spoken; the id where nothing better is known.
        position: their position in the meeting or at work, if known.
        description: who they are and when they speak, where somebody wrote it down.
    """

    id: str
    name: str
    position: str | None = None
    description: str | None = None


def names_of(participants: Mapping[str, Participant]) -> list[str]:
    """The names of those who are there."""
    return [one.name for one in participants.values()]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a mind can do, for its caller to check.

    Attributes:
        name: stands in proposals and in the summary.
        hears_audio: uses `Percept.audio`, not only words.
        open_answers: can answer a question that no measured fact answers.
        thinks: can give a thought.
        models: names of the models behind it.
        number_type: in which a model in this process computes, once it is loaded.
        live_step_s: how often it is asked in a live meeting: seldom enough for what asking costs.
    """

    name: str
    hears_audio: bool = False
    open_answers: bool = False
    thinks: bool = False
    models: Sequence[str] = field(default_factory=tuple)
    number_type: str | None = None
    live_step_s: float = 0.3


class PartFailed(MindError):
    """One of several minds failed; what the others wish stands.

    Args:
        what: what failed.
        proposal: the wish that stands, None for none.
    """

    def __init__(self, what: str, proposal: Proposal | None) -> None:
        super().__init__(what)
        self.proposal = proposal


class MindSession(Protocol):
    """A mind in one meeting, in one role."""

    async def push(self, percept: Percept, floor: FloorView) -> None:
        """Takes the next chunk and the floor at its end."""
        ...

    async def propose(self) -> Proposal | None:
        """The wish after the last chunk, None for none.

        Raises:
            MindError: it failed or took too long; the meeting goes on.
            PartFailed: a part of it did; its `proposal` stands.
        """
        ...

    def compose(self, proposal: Proposal) -> AsyncIterator[str]:
        """The words of a proposal that was granted, piece by piece."""
        ...

    def heard(self, words: str) -> None:
        """Says which own words were really played, when a turn is over."""
        ...

    def forget(self, speaker: str) -> None:
        """Drops what somebody said, and own words that may quote them.

        They do not want to have been heard.
        """
        ...

    def cancel(self) -> None:
        """Drops what is being thought or composed: the floor has changed."""
        ...

    async def close(self) -> None:
        """Releases what the session holds."""
        ...


@runtime_checkable
class Foresees(Protocol):
    """A session that knows what it will say before it may: its sound can be made beforehand."""

    def foreseen(self) -> str | None:
        """What it would answer if the words that may still change stayed as they are now.

        Nothing is decided by this, and what is said may be something else.
        """
        ...


@runtime_checkable
class Quotes(Protocol):
    """A session that knows whose words its own are made of, so that an erasure finds them."""

    def quotes(self, proposal: Proposal) -> frozenset[str] | None:
        """Ids of people whose own words the words of a granted proposal may hold.

        Asked while its turn goes on and when it is over; None: anybody's who was heard. That is
        also what a session without this method is taken to say.
        """
        ...


def quoted_by(session: MindSession, proposal: Proposal) -> frozenset[str] | None:
    """Whose words a session's words for a proposal may hold; None: anybody's who was heard."""
    return session.quotes(proposal) if isinstance(session, Quotes) else None


@dataclass(frozen=True, slots=True)
class Moment:
    """Something of the meeting that a mind is told again: another program goes on with it.

    Attributes:
        percept: what was heard since the moment before.
        floor: the floor then.
        granted: the wish that was granted then; None: none was.
        own: what the agent said; then nothing else is told.
    """

    percept: Percept
    floor: FloorView
    granted: Proposal | None = None
    own: str = ""


@runtime_checkable
class Recalls(Protocol):
    """A session that takes up where another one was, without wishing or asking anything."""

    async def recall(self, moment: Moment) -> None:
        """Takes one moment of the past; they come in order, before the first percept."""
        ...


async def recall_in(session: MindSession, moment: Moment) -> None:
    """Tells a session of the past, in the way that it can be told."""
    if isinstance(session, Recalls):
        await session.recall(moment)
    elif moment.own:
        session.heard(moment.own)
    else:
        await session.push(moment.percept, moment.floor)


@runtime_checkable
class Cites(Protocol):
    """A session that knows which lines of the meeting its words tell."""

    def cites(self, proposal: Proposal) -> tuple[SaidAt, ...]:
        """The lines that the words of a granted proposal are taken from; asked as `quotes` is."""
        ...


def cited_by(session: MindSession, proposal: Proposal) -> tuple[SaidAt, ...]:
    """The lines that a session's words for a proposal are taken from, as far as it knows."""
    return session.cites(proposal) if isinstance(session, Cites) else ()


@runtime_checkable
class LooksUp(Protocol):
    """A session that calls tools for its words."""

    def looked_up(self, proposal: Proposal) -> tuple[ToolCall, ...]:
        """The calls for a granted proposal so far, in their order; asked as `quotes` is.

        Those under way have no outcome yet; what it calls stays, and stays in its place.
        """
        ...


def looked_up_by(session: MindSession, proposal: Proposal) -> tuple[ToolCall, ...]:
    """The calls of tools that a session made for a proposal, as far as it tells."""
    return session.looked_up(proposal) if isinstance(session, LooksUp) else ()


class SpeechLLM(Protocol):
    """A mind, ready to enter meetings."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        ...

    async def open(self, role: Role, participants: Mapping[str, Participant]) -> MindSession:
        """Starts a session for one meeting."""
        ...
