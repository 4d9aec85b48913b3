"""One meeting in a room: everything put together, from joining to leaving."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from livekit import rtc

from integrations.livekit.contact import Contact
from integrations.livekit.hearing.echo import EchoGuard
from integrations.livekit.hearing.encryption import Encryption
from integrations.livekit.hearing.models import RoomModels
from integrations.livekit.hearing.source import RoomSource
from integrations.livekit.hearing.tracks import Tracks
from integrations.livekit.measuring.measured import measured
from integrations.livekit.options import SessionOptions
from integrations.livekit.outcome import Outcome, meeting_id
from integrations.livekit.people.claims import Claims
from integrations.livekit.people.consent import Consent
from integrations.livekit.people.erasure import Erasures
from integrations.livekit.people.refusals import Consequences, Refusals
from integrations.livekit.people.seats import Seats
from integrations.livekit.people.shared_microphones import SharedMicrophones
from integrations.livekit.publish import Publisher
from integrations.livekit.recording import Sinks
from integrations.livekit.room import Attendance, First, Lookout, RoomLink
from integrations.livekit.showing.feed import Feed
from integrations.livekit.showing.state import AgentState
from integrations.livekit.showing.text import TextPublisher
from integrations.livekit.telling.callers import Callers
from integrations.livekit.telling.channels import Channels
from integrations.livekit.telling.coming_back import tell_back
from integrations.livekit.telling.control import Control
from integrations.livekit.telling.succession import Succession
from moderator.errors import InputError
from moderator.events import Failure, Heard, Percept, RoleChanged
from moderator.journal.erasure import Erasure
from moderator.journal.lines import Event, Opened
from moderator.meeting.loop import Meeting
from moderator.meeting.names import Names, own_names
from moderator.meeting.settings import Settings
from moderator.mind.base import Participant, SpeechLLM
from moderator.mind.dictated import Dictated
from moderator.sparing import Spared
from moderator.timeline import LiveClock, Samples, Stopwatch
from roles.schema import Role

if TYPE_CHECKING:
    from integrations.livekit.measuring.metrics import MeetingMetrics, Metrics

FINISH_WITHIN_S = 15.0
"""A turn that goes on for longer is cut when the agent is told to go."""


class RoomSession:
    """The agent in one room.

    Args:
        options: how.
        models: hear and speak.
        mind: proposes.
        watch: has the loading time already.
        first: the room, where a worker's job brings one.
        metrics: measure the meeting; None: it is not measured.
    """

    def __init__(
        self,
        options: SessionOptions,
        models: RoomModels,
        mind: SpeechLLM,
        watch: Stopwatch,
        first: First | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._options, self._models, self._watch = options, models, watch
        self._metrics = metrics
        role = options.role
        self._clock, self._over = LiveClock(), asyncio.Event()
        wall = LiveClock()
        wall.start()
        self._why = ""
        self._mind = Dictated(mind)
        self.consent, self.shared = Consent(role, self._clock.now), SharedMicrophones(role)
        keyed = options.address.encryption is not None
        self._encryption = Encryption(
            *(keyed, self.consent.allows, wall.now),
            show=lambda problem: self._state.encryption(problem),
            write=lambda text: self._text.say(text),
            fails=self._fails,
        )
        self.tracks = Tracks(
            self.consent,
            self._clock,
            lambda one: self._seats.review(one),
            self._encryption.opens,
        )
        self._seats = Seats(
            self.consent,
            self.shared,
            lambda: self._people.people,
            lambda: self.tracks.published,
        )
        self._echo = EchoGuard()
        self._publisher = Publisher(self._clock, self._echo.said)
        self._text = TextPublisher(self.shared)
        self._state, self._feed = AgentState(role), Feed()
        self._succession = Succession(role, options.others, self._take, self._text.say)
        self._control = Control(
            role,
            self._mind.say,
            lambda who, channel: self._refusals.refuse(who, channel),
            lambda who, channel: self._refusals.agree(who, channel),
            self._succession.become,
        )
        says = self._mind.say, self._text.say, self.shared.microphone_of
        self._callers = Callers(role, self._control, *says, wall.now)
        self._voice = models.voice
        self._channels = Channels(self._control, self._text.say, self.consent.excludes, wall.now)
        self._called = Names(own_names(role.identity.name, role.identity.aliases))
        self._people = Attendance(
            self._read,
            self._called.of,
            self._joined,
            self._renamed,
            self._seats.leave,
            self._empty,
            options.patience_s,
        )
        past = options.past
        self._outcome = Outcome(role, options.out, overwrite=options.overwrite, past=past)
        if past is not None:
            self.consent.restore(past.refused, past.refused_at)
            for one, name in past.names.items():
                self._called.of(one, name)
        self._erasures = Erasures(self._outcome, self._to, self._not_erased, self._erased)
        self._refusals = Refusals(
            role,
            self.consent,
            self.shared,
            self._erasures,
            Consequences(
                self._review,
                self._take_back,
                self._outcome.labels_owed,
                lambda: self._names,
                self.end,
            ),
        )
        self._claims = Claims(
            self.shared, self._refusals, wall.now, self._sharing_changed, self._people.named
        )
        self._meeting: Meeting | None = None
        self._measure: MeetingMetrics | None = None
        self._names: dict[str, str] = {}
        self._sid = ""
        self._lost = lambda: {"receive": self.tracks.dropped, "transmit": self._publisher.dropped}
        self.contact = Contact(self._clock, self._heard_or_not)
        told = self._connection_changed, self.end
        self._link = RoomLink(options.address, (self._attach,), (self._enter,), *told, first)
        looks = self._people.review, self.tracks.make_good, self._encryption.review
        self._lookout = Lookout(self._link, (*looks, self._callers.review))

    async def run(self) -> dict[str, Any]:
        """Joins, takes part until the meeting is over, and leaves.

        Returns:
            The summary.

        Raises:
            InputError: the room cannot be joined, or the directory cannot be used.
        """
        await self._link.join()
        self._lookout.start()
        try:
            if self._options.role.consent.announce and self._options.past is None:
                self._text.say(self.consent.announcement())
            await self._people.wait(self._over)
            return await self._meet()
        finally:
            self._people.close()
            self._claims.close()
            await self._succession.close()
            await self._publisher.close()
            await self._state.close()
            await self._feed.close()
            await self.tracks.close()
            try:
                await self._erasures.finish()  # who refused after the end is told, too
            finally:
                await self._text.close()
                self._lookout.stop()
                await self._link.leave()
                await self._erasures.finish()  # nobody can refuse any more

    @property
    def spared(self) -> Spared:
        """What it does without at present, since it is late."""
        return Spared.NOTHING if self._meeting is None else self._meeting.standing.spared

    def end(self, why: str) -> None:
        """The meeting is over for the agent, now."""
        self._why = self._why or why
        self._over.set()

    async def drain(self, why: str) -> None:
        """Ends the meeting when the turn under way is over, or has lasted too long."""
        if self._meeting is not None:
            for _ in range(round(FINISH_WITHIN_S / 0.1)):
                if self._meeting.standing.turn_act is None:
                    break
                await asyncio.sleep(0.1)
        self.end(why)

    async def _meet(self) -> dict[str, Any]:
        options, watch = self._options, self._watch
        present = self._seats.present()
        self._sid = await self._link.room.sid
        self._outcome.open(self._opened)
        past = self._outcome.restored(Settings(self._step_s).step)
        ears = self._models.hearing(
            self.shared, lambda: self.tracks.heard, self.consent.allows, watch
        )
        meeting = Meeting(
            options.role,
            present if past is None else past.participants,
            ears,
            self._mind,
            self._voice,
            [self._outcome, self._publisher, self._text, self._state, self._feed, self._each],
            self._clock,
            Settings(self._step_s, live=True),
            watch,
            ears.admits,
            past,
        )
        self._meeting = meeting
        self._control.attach(meeting)
        self._seats.attach(meeting)
        self._refusals.attach(meeting)
        self._encryption.begun()
        if past is not None:
            self._go_on(meeting)
        told = self._over, self._echo, self.contact, meeting.spare, meeting.now
        source = RoomSource(self.tracks, self._clock, *told)
        sinks = Sinks(self.consent.allows, self._publisher, self._outcome.recording)
        try:
            try:
                what = options.role.id, self._clock, watch, self._lost, self._models.usage
                with watch.phase("run"), measured(self._metrics, *what) as self._measure:
                    await meeting.run(source, sinks)
            finally:
                await self._erasures.finish()  # nothing is closed or abandoned while one is owed
                self._control.detach()
                self._refusals.detach()
                self._meeting = None
        except BaseException as error:
            self._outcome.abandon(meeting.now, error)
            raise
        why = "the agent was told to leave" if meeting.left else self._why or "the end"
        able = self._mind.capabilities
        used = (*self._models.names, able.name), able.number_type, self._models.usage()
        return self._outcome.close(
            self._link.room.name, meeting.now, why, self._names, watch.spent(), *used
        )

    def _go_on(self, meeting: Meeting) -> None:
        """Who came and went while nobody was there to see is made good, and it says it is back."""
        self._seats.review_all()
        own, say = self._outcome.agent, self._mind.say
        role, standing = self._options.role, meeting.standing
        tell_back(role, standing, self._text.say, lambda text: say(text, own))

    def _each(self, event: Event) -> None:
        if self._measure is not None:
            self._measure(event)
        if self._meeting is None:
            return
        if isinstance(event, RoleChanged):
            own, role = self._options.role.identity.name, event.role
            self._text.say(f"{own} has the role {role['id']} now. {role['summary']}")
        elif isinstance(event, Percept):
            self._state.floor(self._meeting.floor)
            self._feed.floor(self._meeting.floor, self._meeting.standing)
        elif isinstance(event, Heard):
            self._callers.heard(event)
            for speaker in dict.fromkeys(word.speaker for word in event.words):
                voice = self.shared.name_of(speaker)
                if voice is not None and speaker not in self._meeting.participants:
                    name = self._names[speaker] = self._called.of(speaker, voice)
                    self._meeting.join(Participant(speaker, name))

    @property
    def _step_s(self) -> float:
        return self._options.step_s or self._mind.capabilities.live_step_s

    def _opened(self, agent: str) -> Opened:
        return Opened(
            meeting_id=meeting_id(self._link.room.name),
            role=self._options.role.model_dump(mode="json"),
            participants={
                one.id: {"name": one.name, "position": one.position}
                for one in self._seats.present().values()
            },
            agent=agent,
            settings={"step_s": self._step_s, **self._options.settings(self._link.room, self._sid)},
            models=(*self._models.names, self._mind.capabilities.name),
        )

    def _attach(self, room: rtc.Room) -> None:
        self.tracks.attach(room)
        self._people.attach(room)
        self._channels.attach(room)
        self._claims.attach(room)
        self._callers.attach(room)
        self._encryption.attach(room)

    async def _enter(self, room: rtc.Room) -> None:
        """The room is joined, for the first time or anew."""
        self._channels.register(room)
        self._people.review(room)
        self._text.attach(room)
        self._state.attach(room)
        self._feed.attach(room)
        if self._voice is not None:
            await self._publisher.publish(room)
        self.tracks.review()

    def _connection_changed(self, up: bool) -> None:
        self.contact.connection(up=up)
        self._people.connection(up=up)

    def _heard_or_not(self, up: bool) -> None:
        if self._meeting is not None:
            self._meeting.connection(up=up)

    def _read(self, identity: str, attributes: Mapping[str, str]) -> None:
        if identity in self._people.people:
            self._claims.read(identity, attributes)
            return
        self.consent.read_attributes(identity, attributes)
        self.shared.read_attributes(identity, attributes)
        if self.shared.disguised(identity) or identity == self._outcome.agent:
            self.consent.exclude(identity)
        if self.shared.shares(identity):
            self._models.diarization.prepare()

    def _joined(self, person: Participant) -> None:
        self._names[person.id] = person.name
        self._seats.review(person.id)
        if self._meeting is not None and self._options.role.consent.announce:
            self._text.say(self.consent.announcement(), person.id)

    def _renamed(self, person: Participant) -> None:
        self._names[person.id] = person.name
        if self._meeting is not None and person.id in self._meeting.participants:
            self._meeting.join(person)

    def _empty(self) -> None:
        self.end("everybody had left")

    def _sharing_changed(self, identity: str) -> None:
        if self.shared.shares(identity):
            self._models.diarization.prepare()
        self._seats.leave(identity)
        self._seats.review(identity)

    async def _take(self, role: Role) -> None:
        assert self._meeting is not None
        if role.turn.may_speak and self._voice is None:
            self._voice = await asyncio.to_thread(self._models.load_voice, role)
            await self._publisher.publish(self._link.room)
        self._meeting.change_role(role, self._voice if role.turn.may_speak else None)
        self._control.change_role(role)

    def _review(self, identity: str) -> None:
        self.tracks.review()
        self._seats.review(identity)

    def _take_back(self, at: Samples, identity: str) -> None:
        self._state.forget()
        self._feed.forget(at, identity)

    def _not_erased(self, why: str) -> None:
        self._fails("erasure", why)

    def _fails(self, part: str, why: str) -> None:
        if self._meeting is not None:
            with suppress(InputError):
                self._outcome(Failure(self._meeting.now, part, why))

    def _erased(self, erasure: Erasure) -> None:
        if self._meeting is not None:
            self._meeting.erased(erasure)

    def _to(self, identity: str, text: str) -> None:
        self._text.say(text, identity)
