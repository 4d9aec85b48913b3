"""Audio of the people in a room, by publication, as far as they let it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from livekit import rtc

from integrations.livekit.hearing.clock import TrackClock
from integrations.livekit.hearing.frames import TrackFrames, switch_often
from integrations.livekit.people.consent import Consent, is_person
from moderator.audio import AudioChunk, Waveform
from moderator.timeline import SAMPLE_RATE, LiveClock, Samples, to_samples

FRAME_MS = 40
"""Each frame of each track wakes the worker: shorter ones cost more than they gain."""

BACKLOG_FRAMES = 125
"""Frames that may wait to be read: 5 s, more than the meeting ever lags; then the oldest go."""

_LONGEST = to_samples(5.0)


@dataclass
class _Pump:
    """One subscribed publication: its stream, and what came since the last tick."""

    speaker: str
    stream: rtc.AudioStream
    task: asyncio.Task[None] | None = None
    clock: TrackClock = field(default_factory=TrackClock)
    parts: list[Waveform] = field(default_factory=list)
    arrived: Samples = 0
    dropped: Samples = 0

    def drain(self) -> AudioChunk | None:
        self.dropped = 0
        if not self.parts:
            return None
        waiting = np.concatenate(self.parts)
        samples = waiting[-_LONGEST:]
        self.dropped = len(waiting) - len(samples)
        self.parts.clear()
        return AudioChunk(self.speaker, self.clock.place(self.arrived, len(samples)), samples)


class Tracks:
    """Subscribes to the microphone of every consenting person and collects what they say.

    A person has one microphone; where they publish two, the first is heard until it goes. Screen
    sharing's audio, other agents and recorders are not heard.

    Args:
        consent: who may be heard.
        clock: the meeting's.
        appeared: told of everybody whose first microphone is seen.
        opens: whether what a publication sends can be decrypted, or needs not be.
    """

    def __init__(
        self,
        consent: Consent,
        clock: LiveClock,
        appeared: Callable[[str], None],
        opens: Callable[[rtc.RemoteTrackPublication], bool] = lambda _: True,
    ) -> None:
        switch_often()
        self._opens = opens
        self._consent, self._clock, self._appeared = consent, clock, appeared
        self._room: rtc.Room | None = None
        self._pumps: dict[str, _Pump] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self.published: set[str] = set()
        """Identities of who has published a microphone so far."""
        self.dropped: Samples = 0
        """What came faster than it could be heard, and was not."""

    def attach(self, room: rtc.Room) -> None:
        """Follows the publications of a room; call before connecting, then `review`."""
        self._room = room
        room.on("track_published", lambda _pub, person: self._review(person))
        room.on("track_unpublished", lambda pub, person: self._gone(pub.sid, person))
        room.on("track_subscribed", self._subscribed)
        room.on("track_unsubscribed", lambda _track, pub, person: self._gone(pub.sid, person))
        room.on("participant_disconnected", self._disconnected)
        # What was asked for while the connection was being repaired may be lost.
        room.on("reconnected", self.review)
        # The client library does not always say that what it had subscribed to is gone.
        room.on("disconnected", lambda _reason: self._end_all())

    def review(self) -> None:
        """Subscribes and unsubscribes everybody as their consent now says."""
        if self._room is not None:
            for person in self._room.remote_participants.values():
                self._review(person)

    def make_good(self, room: rtc.Room) -> None:
        """Finds out from the room's state what no event told of."""
        if room is not self._room:
            return
        there = set()
        for person in room.remote_participants.values():
            self._review(person, anew=False)
            for pub in person.track_publications.values():
                there.add(pub.sid)
                if pub.subscribed and pub.track is not None and pub.sid not in self._pumps:
                    self._subscribed(pub.track, pub, person)
        for sid in set(self._pumps) - there:
            self._end(sid)

    @property
    def heard(self) -> frozenset[str]:
        """Identities whose audio comes in."""
        return frozenset(pump.speaker for pump in self._pumps.values())

    def drain(self) -> list[AudioChunk]:
        """What came since the last call, one chunk for each track at most."""
        chunks = [pump.drain() for pump in self._pumps.values()]
        self.dropped += sum(pump.dropped for pump in self._pumps.values())
        return [chunk for chunk in chunks if chunk is not None]

    async def close(self) -> None:
        """Ends all streams, and begins none any more."""
        self._room = None
        self._end_all()
        if self._ending:
            await asyncio.gather(*self._ending, return_exceptions=True)

    def _review(self, person: rtc.RemoteParticipant, *, anew: bool = True) -> None:
        """Subscribes one person as they let it; `anew`: says also what the library should know."""
        wanted = is_person(person) and self._consent.allows(person.identity)
        microphones = [pub for pub in person.track_publications.values() if _microphone(pub)]
        if microphones and person.identity not in self.published and is_person(person):
            self.published.add(person.identity)
            self._appeared(person.identity)
        chosen = {pub.sid for pub in microphones[:1] if wanted and self._opens(pub)}
        for pub in microphones:
            if pub.sid not in chosen:
                self._end(pub.sid)
            if pub.subscribed != (pub.sid in chosen) or (anew and pub.sid not in chosen):
                pub.set_subscribed(pub.sid in chosen)

    def _subscribed(
        self, track: rtc.Track, pub: rtc.RemoteTrackPublication, person: rtc.RemoteParticipant
    ) -> None:
        theirs = _microphone(pub) and is_person(person) and self._opens(pub)
        if self._room is None or not theirs or not self._consent.allows(person.identity):
            return
        self._end(pub.sid)
        stream = TrackFrames(track, SAMPLE_RATE, FRAME_MS, BACKLOG_FRAMES)
        pump = self._pumps[pub.sid] = _Pump(person.identity, stream)
        pump.task = asyncio.create_task(self._run(pump), name=f"track {pub.sid}")

    async def _run(self, pump: _Pump) -> None:
        async for event in pump.stream:
            samples = np.frombuffer(event.frame.data, dtype=np.int16)
            pump.arrived = self._clock.now()
            pump.parts.append(samples.astype(np.float32) / 32768.0)

    def _gone(self, sid: str, person: rtc.RemoteParticipant) -> None:
        self._end(sid)
        self._review(person)

    def _disconnected(self, person: rtc.RemoteParticipant) -> None:
        for sid, pump in list(self._pumps.items()):
            if pump.speaker == person.identity:
                self._end(sid)

    def _end_all(self) -> None:
        for sid in list(self._pumps):
            self._end(sid)

    def _end(self, sid: str) -> None:
        """Ends a stream; what it brought since the last tick is dropped."""
        pump = self._pumps.pop(sid, None)
        if pump is None:
            return
        task = asyncio.create_task(_stop(pump), name=f"end of {sid}")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


async def _stop(pump: _Pump) -> None:
    if pump.task is not None:
        pump.task.cancel()
        await asyncio.gather(pump.task, return_exceptions=True)
    await pump.stream.aclose()


def _microphone(pub: rtc.RemoteTrackPublication) -> bool:
    return (
        pub.kind == rtc.TrackKind.KIND_AUDIO
        and pub.source != rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO
    )
