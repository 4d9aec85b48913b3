"""Minds as scorers: a meeting's words are played to them, and their wishes are their scores."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from moderator.ears.script import ScriptedEars
from moderator.errors import MindError
from moderator.events import Proposal, Word
from moderator.floor.state import TURN_LENGTH, Floor
from moderator.floor.voices import Times, Values
from moderator.measure.bench.floor_turns import TURN_WORDS, Span, utterances
from moderator.measure.bench.meeting import BenchMeeting, Seat
from moderator.measure.bench.moments import Asked
from moderator.measure.bench.scorer import Pass, Traits
from moderator.meeting.percepts import PerceptBuilder
from moderator.mind.base import MindSession, PartFailed, Participant, SpeechLLM
from moderator.timeline import TICK, Samples, Stopwatch, to_samples
from roles.schema import Role

PERCEPT_S = 0.5
"""Length of a percept, s: as in a meeting."""

MOST_FAILURES = 20
"""As many proposals in a row may fail before the mind is given up."""


@dataclass(frozen=True, slots=True)
class MindScorer:
    """A mind in the seat. Others' words come to it as they were said, and its own past is real.

    The probability at a moment is that of its last wish, 0 for none. The wish is not granted:
    when the seat's real turn begins, a duty's wish counts as done.

    Attributes:
        name: as in the tables.
        load: makes the mind; called in the process that scores, once for equal ones; picklable.
        role: the role it is opened with; what is written of who sits there goes before what it
            says, where the role is not withheld.
        without_role_of: see `Traits`.
        percept_s: length of a percept, s; a whole number of ticks.
    """

    name: str
    load: Callable[[], SpeechLLM]
    role: Role
    without_role_of: str | None = None
    percept_s: float = PERCEPT_S

    @property
    def traits(self) -> Traits:
        """Its threshold is chosen."""
        return Traits(self.name, without_role_of=self.without_role_of, mind=True)

    def score(self, seat: Seat, asked: Asked) -> Values:
        """``(n,)`` the probability of the last wish at or before each moment.

        Raises:
            MindError: the mind fails again and again.
        """
        return self.score_all(seat, [asked]).values[0]

    def score_all(self, seat: Seat, asked: Sequence[Asked]) -> Pass:
        """As `score`, from one pass.

        Raises:
            MindError: the mind fails again and again.
        """
        track = asyncio.run(self.play(seat))
        return Pass([track.at(one.at) for one in asked], track.failures, track.reason)

    def check(self) -> None:
        """Says a few words to the mind, to find out early that it cannot decide.

        Raises:
            MindError: it fails, twice: the first time it may still be loading.
        """
        said = f"{self.role.identity.name}, are you there?".split()
        words = tuple(
            Word("a", text, to_samples(1 + i / 4), to_samples(1.2 + i / 4))
            for i, text in enumerate(said)
        )
        people = {id_: Participant(id_, id_) for id_ in ("a", "seat")}
        seat = Seat(BenchMeeting("check", to_samples(8.0), words, people), "seat")
        track = asyncio.run(self.play(seat))
        if track.failures:
            track = asyncio.run(self.play(seat))
        if track.failures:
            raise MindError(track.reason)

    async def play(self, seat: Seat, notice: Callable[[Samples], None] | None = None) -> Track:
        """Plays a whole meeting to the mind.

        Args:
            seat: the place taken.
            notice: told the meeting time after each decision.

        Raises:
            MindError: the mind fails again and again.
        """
        others = {id_: one for id_, one in seat.meeting.participants.items() if id_ != seat.speaker}
        role = self.role if self.without_role_of else _described(self.role, seat)
        session = await _loaded(self.load).open(role, others)
        try:
            return await _Playing(self, seat, session, notice or _ignore).run()
        finally:
            await session.close()


def _described(role: Role, seat: Seat) -> Role:
    """The role, as somebody described who sits there."""
    who = seat.meeting.participants[seat.speaker]
    if who.description is None:
        return role
    told = {"title": (who.position or role.identity.title)[:200]}
    return role.model_copy(
        update={
            "identity": role.identity.model_copy(update=told),
            "instructions": who.description[:8000],
        }
    )


@dataclass
class Track:
    """The probability that a mind gave, percept by percept.

    Attributes:
        times: ends of percepts.
        probabilities: of the wish made there.
        costs: seconds of computing at each percept.
        failures: proposals that failed.
        reason: of the first that did.
    """

    times: list[Samples] = field(default_factory=list)
    probabilities: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    failures: int = 0
    reason: str = ""

    def at(self, moments: Times) -> Values:
        """``(n,)`` the last probability at or before each moment; 0 before the first."""
        last = np.searchsorted(np.array(self.times, dtype=np.int64), moments, side="right")
        return np.array([0.0, *self.probabilities])[last]


@lru_cache(maxsize=2)
def _loaded(load: Callable[[], SpeechLLM]) -> SpeechLLM:
    """The mind; a process that scores many meetings loads it once."""
    return load()


class _Playing:
    """One meeting played to one session."""

    def __init__(
        self,
        scorer: MindScorer,
        seat: Seat,
        session: MindSession,
        notice: Callable[[Samples], None],
    ) -> None:
        words = seat.meeting.words
        self._session, self._notice, self._track = session, notice, Track()
        self._watch = Stopwatch()
        self._ears = ScriptedEars(word for word in words if word.speaker != seat.speaker)
        self._own = utterances(seat.meeting, seat.speaker)
        self._said = [word for word in words if word.speaker == seat.speaker]
        self._floor = Floor()
        self._builder = PerceptBuilder(max(1, round(to_samples(scorer.percept_s) / TICK)) * TICK)
        self._duration = seat.meeting.duration
        self._wish: Proposal | None = None
        self._sounding: Span | None = None
        self._failing = 0

    async def run(self) -> Track:
        for now in range(TICK, self._duration + 1, TICK):
            await self._own_turn(now)
            heard = self._ears.hear(now)
            self._floor.hear(heard)
            percept = self._builder.add(heard, ())
            if percept is None:
                continue
            with self._watch.phase("mind") as phase:
                await self._session.push(percept, self._floor.view())
                self._wish = await self._propose()
            self._track.times.append(now)
            self._track.probabilities.append(self._wish.probability if self._wish else 0.0)
            self._track.costs.append(phase.elapsed)
            self._notice(now)
        return self._track

    async def _propose(self) -> Proposal | None:
        try:
            wish = await self._session.propose()
        except PartFailed as error:
            wish = error.proposal
            self._failed(error)
        except MindError as error:
            wish = None
            self._failed(error)
        else:
            self._failing = 0
        return wish

    def _failed(self, error: MindError) -> None:
        self._track.failures += 1
        self._track.reason = self._track.reason or str(error)
        self._failing += 1
        if self._failing >= MOST_FAILURES:
            raise MindError(f"failed {self._failing} times in a row: {error}") from error

    async def _own_turn(self, now: Samples) -> None:
        """The seat's own speech, as if the mind had spoken it."""
        if self._sounding is not None and self._sounding.end <= now:
            self._end_turn(self._sounding)
        while self._sounding is None and self._own and self._own[0].start < now:
            await self._begin_turn(self._own.pop(0))
            if self._sounding is not None and self._sounding.end <= now:
                self._end_turn(self._sounding)

    async def _begin_turn(self, span: Span) -> None:
        self._sounding = span
        if _takes_floor(span):
            self._floor.agent_started(span.start)
            if self._wish is not None and self._wish.duty and not self._wish.answering:
                async for _ in self._session.compose(self._wish):
                    pass  # templates; reading them tells the duty that it is done
        self._wish = None

    def _end_turn(self, span: Span) -> None:
        if _takes_floor(span):
            self._floor.agent_ended(span.end)
        said: list[Word] = []
        while self._said and self._said[0].start < span.end:
            said.append(self._said.pop(0))
        self._session.heard(" ".join(word.text for word in said))
        self._sounding = None


def _takes_floor(span: Span) -> bool:
    return span.end - span.start >= TURN_LENGTH or span.words >= TURN_WORDS


def _ignore(now: Samples) -> None:
    """Nobody wants to know."""
