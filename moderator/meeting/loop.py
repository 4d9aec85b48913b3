"""The loop: one meeting from the first tick to the last, live or replayed.

Only the two ends differ: a source gives audio on meeting time, a sink takes the agent's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from moderator.arbiter.rules.base import Standing
from moderator.arbiter.spoken_commands import CommandSpotter
from moderator.arbiter.turn_keeper import TurnKeeper
from moderator.audio import AudioChunk
from moderator.ears.base import Ears
from moderator.errors import MindError
from moderator.events import (
    Action,
    Command,
    CommandGiven,
    ConnectionChanged,
    ConsentGiven,
    Decision,
    Erased,
    Failure,
    Heard,
    Proposal,
    RoleChanged,
    TurnEnded,
    TurnStarted,
    Withdrawn,
)
from moderator.floor.state import FloorView
from moderator.journal.erasure import Erasure
from moderator.journal.lines import Event
from moderator.journal.restoring import Restored
from moderator.meeting.company import Company
from moderator.meeting.delivery import Delivery
from moderator.meeting.ends import Observer, Sink, Source
from moderator.meeting.hearing_watch import HearingWatch
from moderator.meeting.latency import DelayLine
from moderator.meeting.minds import Minds
from moderator.meeting.percepts import PerceptBuilder, admitted, merge
from moderator.meeting.settings import Settings
from moderator.mind.base import Foresees, MindSession, Participant, SpeechLLM, names_of
from moderator.mind.desk import Desk, Outcome
from moderator.mouth.base import Voice
from moderator.sparing import Spared, SparedChanged
from moderator.timeline import TICK, Clock, Samples, Stopwatch
from moderator.transcript import Transcript
from roles.schema import Role


class Meeting:
    """One meeting with the agent in it.

    Args:
        role: what the agent is.
        participants: who is there, by id; speakers heard for the first time are added.
        ears: hears all tracks.
        mind: proposes.
        voice: speaks; None for a role that never does.
        observers: get every event.
        clock: says when a tick may begin.
        settings: how it is run.
        stopwatch: gets the computing time of each part.
        admits: whether what somebody said at a meeting time may be used, asked by speaker or track
            when it is: consent may have been withdrawn while it was being heard.
        past: goes on from there; its participants are those given.
    """

    def __init__(
        self,
        role: Role,
        participants: dict[str, Participant],
        ears: Ears,
        mind: SpeechLLM,
        voice: Voice | None,
        observers: Sequence[Observer],
        clock: Clock,
        settings: Settings,
        stopwatch: Stopwatch,
        admits: Callable[[str, Samples], bool] = lambda _who, _at: True,
        past: Restored | None = None,
    ) -> None:
        self._past = past
        self.now: Samples = past.start if past else 0
        self._role, self._company = role, Company(participants, past.names if past else None)
        self._ears, self._voice = ears, voice
        self._minds = Minds(mind, participants, settings)
        self._hearing = HearingWatch(ears, settings.names)
        self._observers, self._clock = observers, clock
        self._settings, self._watch, self._admits = settings, stopwatch, admits
        self._keeper = past.keeper if past else TurnKeeper(role, self._company.names)
        self._transcript = past.transcript if past else Transcript()
        self._spotter = CommandSpotter.of(role, partial(names_of, participants))
        able = mind.capabilities
        self._percepts = PerceptBuilder(settings.step, audio=able.hears_audio, begin=self.now)
        self._heard: DelayLine[Heard] = DelayLine(enabled=settings.honest_latency)
        self._proposed: DelayLine[Outcome] = DelayLine(enabled=settings.honest_latency)
        self._left = False
        self._next: tuple[Role, Voice | None] | None = None
        self._changes: list[Callable[[Samples], ConnectionChanged | SparedChanged]] = []
        self._unquoted: Samples = 0
        self._speakers = {utterance.speaker for utterance in self._transcript}
        self._delivery: Delivery | None = None
        self._hearing.expect(role, participants.values())
        for event in past.events if past else ():
            self._emit(event)

    async def run(self, source: Source, sink: Sink) -> None:
        """Runs until the source ends or the agent leaves; `now` says how far it came."""
        with self._watch.phase("open"):
            session = await self._minds.first(self._role, self._past.moments if self._past else ())
        desk = Desk(session, live=self._settings.live)
        turns = self._past.turns if self._past else 0
        delivery = Delivery(session, self._voice, self._settings, self._watch, turns)
        self._delivery = delivery
        try:
            async for now, chunks in source.ticks():
                await self._clock.wait_until(now)
                if self._next is not None:
                    session = await self._change_role(*self._next, desk, delivery, session)
                self._change()
                await self._tick(now, chunks, desk, delivery, session)
                own = delivery.take(now)
                self._own_events(delivery, session)
                sink.take(now, chunks, own)
                if self._left:
                    break
            await self._finish(delivery, session)
        finally:
            await delivery.close()
            await desk.close()
            await self._minds.close()

    async def _tick(
        self,
        now: Samples,
        chunks: Sequence[AudioChunk],
        desk: Desk,
        delivery: Delivery,
        session: MindSession,
    ) -> None:
        with self._watch.phase("ears") as phase:
            heard = admitted(await self._hear(now, chunks), self._admits)
        for event in self._hearing.events(now):
            self._emit(event)
        chunks = [chunk for chunk in chunks if self._admits(chunk.track, chunk.start)]
        self._heard.put(now, heard, phase.elapsed)
        heard = merge(now, self._heard.take(now), self._keeper.heard)
        self._listen(heard)
        alone_with = self._company.alone_with(self._role)
        percept, cost = self._percepts.add(heard, chunks, alone_with), 0.0
        if percept is not None:
            self._emit(percept)
            with self._watch.phase("mind") as phase:
                sparing = self._keeper.standing.spared.thoughts
                await desk.ask(percept, self._keeper.floor, sparing=sparing)
            cost = phase.elapsed
            if self._settings.live and not sparing and isinstance(session, Foresees):
                delivery.prepare(session.foreseen(), now)
        for outcome in desk.collect():
            self._proposed.put(now, outcome, cost)
        self.now = now
        for outcome in self._proposed.take(now):
            self._consider(outcome)
        if percept is not None or self._keeper.active:
            await self._decide(percept is not None, delivery, session)

    async def _hear(self, now: Samples, chunks: Sequence[AudioChunk]) -> Heard:
        if self._settings.live:
            return await asyncio.to_thread(self._ears.hear, now, chunks)
        return self._ears.hear(now, chunks)

    def _listen(self, heard: Heard) -> None:
        self._keeper.hear(heard)
        if heard.speaking or heard.activities or heard.words or heard.partials:
            self._emit(heard)
        if heard.words:
            self._company.meet(heard)
            self._speakers |= {word.speaker for word in heard.words}
            self._transcript.add(heard.words)
        if (changed := self._company.change(heard.at, self._role)) is not None:
            self._emit(changed)
        for given in self._spotter.spot(
            heard.words,
            self._transcript,
            heard.at,
            agent_speaking=self._keeper.standing.turn_act is not None,
            alone_with=self._company.alone_with(self._role),
        ):
            self.command(given)

    def join(self, participant: Participant) -> None:
        """Somebody came in while the meeting goes on, or is called otherwise from now on."""
        self._emit(self._company.join(self.now, participant))
        self._hearing.expect(self._role, self._company.participants.values())

    def leave(self, participant: str) -> None:
        """Somebody went out; what they said stays theirs."""
        if (event := self._company.leave(self.now, participant)) is not None:
            self._emit(event)
            self._hearing.expect(self._role, self._company.participants.values())

    def unheard(self, people: int) -> None:
        """So many more are there, or may be, of whom nothing is heard: it is not alone with one."""
        self._company.unheard = people

    def change_role(self, role: Role, voice: Voice | None) -> None:
        """The agent goes on by another role from the next tick on; its turn, if any, ends there.

        Floor, participants and commands in force stay; the mind begins anew. A live meeting does
        not wait for it: until it is there, nothing is wished.

        Args:
            role: of the same language, since the ears stay.
            voice: speaks from then on; None for a role that never does.
        """
        self._next = (role, voice)

    async def _change_role(
        self, role: Role, voice: Voice | None, desk: Desk, delivery: Delivery, session: MindSession
    ) -> MindSession:
        self._next = None
        self._cut(delivery, session)
        fresh = await self._minds.next(role)
        await desk.change(fresh)
        delivery.change(fresh, voice)
        await self._minds.close_old(session)
        self._role, self._voice = role, voice
        self._proposed = DelayLine(enabled=self._settings.honest_latency)
        self._spotter = CommandSpotter.of(role, partial(names_of, self._company.participants))
        self._keeper.change_role(role)
        self._hearing.expect(role, self._company.participants.values())
        self._emit(RoleChanged(self.now, role.model_dump(mode="json")))
        return fresh

    def connection(self, *, up: bool) -> None:
        """The meeting was lost, or is heard again; counts from the next tick on."""
        self._changes.append(partial(ConnectionChanged, up=up))

    def spare(self, spared: Spared) -> None:
        """The meeting is late, or keeps up again; what to do without from the next tick on."""
        self._changes.append(partial(SparedChanged, spared=spared))

    def _change(self) -> None:
        changes, self._changes = self._changes, []
        for changed in (make(self.now) for make in changes):
            self._emit(changed)
            self._keeper.change(changed)
            if isinstance(changed, SparedChanged):
                self._hearing.spare(changed.spared)

    def withhold(self, speaker: str) -> None:
        """Keeps from the mind what somebody said and it has not got yet.

        What it is thinking now may quote them: that is not written down.
        """
        self._percepts.forget(speaker)
        self._unquoted = self.now + TICK

    def forget(self, speaker: str) -> None:
        """Drops all words of somebody; what the observers have is theirs to erase.

        A turn of the agent that may quote them ends here.
        """
        self.withhold(speaker)
        self._transcript.forget(speaker)
        session, delivery = self._minds.session, self._delivery
        if session is not None:
            if delivery is not None and speaker in delivery.quotes(self._speakers):
                self._cut(delivery, session)
            session.forget(speaker)
        self._speakers.discard(speaker)

    def consent(
        self,
        by: str,
        channel: str,
        *,
        given: bool,
        erases: tuple[str, ...] = (),
        before: Samples = 0,
    ) -> None:
        """Somebody said whether they may be heard; the source must see to it.

        Args:
            by: id of who said so.
            channel: by which they did.
            given: they may.
            erases: labels whose words are owed an erasure with it.
            before: meeting time before which they were said.
        """
        at = max(self.now, self._keeper.heard.at)
        self._emit(ConsentGiven(at, by, channel, given, erases, before))

    def erased(self, erasure: Erasure) -> None:
        """What was owed has been done; the journal is told."""
        self._emit(Erased(self.now, erasure.labels, erasure.before))

    def command(self, given: CommandGiven) -> None:
        """Takes a command, by whatever channel it came."""
        self._emit(given)
        self._keeper.command(given)
        if given.accepted and given.command is Command.LEAVE:
            self._left = True

    def _consider(self, outcome: Outcome) -> None:
        if isinstance(outcome, Failure):
            self._emit(outcome)
            return
        if outcome is not None:
            quotes = outcome.at > self._unquoted
            self._emit(outcome if quotes else replace(outcome, cue="", thought=None))
        elif self._keeper.pending is not None:
            self._emit(Withdrawn(self.now))
        self._keeper.propose(outcome)

    async def _decide(self, at_percept: bool, delivery: Delivery, session: MindSession) -> None:
        proposal = self._keeper.pending
        decision = self._keeper.decide()
        if at_percept or decision.action is not Action.WAIT:
            self._emit(decision)
        ends_by = self._keeper.standing.ends_by
        if decision.action is Action.YIELD and not decision.silences and ends_by is not None:
            delivery.finish_by(self.now, ends_by)
        elif decision.action in (Action.YIELD, Action.STOP):
            self._cut(delivery, session)
        elif decision.action is Action.PAUSE:
            delivery.pause(self.now)
        elif decision.action is Action.GO_ON:
            delivery.go_on()
        elif decision.action is not Action.WAIT and proposal is not None:
            await self._act(decision, proposal, delivery)

    async def _act(self, decision: Decision, proposal: Proposal, delivery: Delivery) -> None:
        try:
            if decision.action is Action.RAISE_HAND:
                await delivery.raise_hand(proposal)
            else:
                await delivery.start(proposal, decision.at)
        except MindError as error:
            self._emit(Failure(decision.at, "mind", str(error)))

    def _cut(self, delivery: Delivery, session: MindSession) -> None:
        delivery.cut(self.now)
        session.cancel()
        self._own_events(delivery, session)

    def _own_events(self, delivery: Delivery, session: MindSession) -> None:
        for event in delivery.events(self._speakers):
            self._own_turn(event, session)

    def _own_turn(self, event: Event, session: MindSession) -> None:
        self._emit(event)
        if isinstance(event, TurnStarted):
            self._keeper.turn_started(event)
        elif isinstance(event, TurnEnded):
            self._keeper.turn_ended(event)
            session.heard(event.heard)

    async def _finish(self, delivery: Delivery, session: MindSession) -> None:
        """What was said to the end is heard to the end; the agent's own turn ends here."""
        self._cut(delivery, session)
        finish = partial(self._ears.finish, self.now)
        found = await asyncio.to_thread(finish) if self._settings.live else finish()
        last = admitted(found, self._admits)
        for event in self._hearing.events(self.now):
            self._emit(event)
        if last.activities or last.words:
            self._listen(last)

    def _emit(self, event: Event) -> None:
        for observer in self._observers:
            observer(event)

    @property
    def floor(self) -> FloorView:
        """Who has the floor now."""
        return self._keeper.floor

    @property
    def standing(self) -> Standing:
        """Commands in force and the agent's own turn."""
        return self._keeper.standing

    @property
    def left(self) -> bool:
        """Somebody told the agent to leave."""
        return self._left

    @property
    def participants(self) -> Mapping[str, Participant]:
        """Everybody met so far."""
        return self._company.participants
