"""People in a room, simulated: they publish speech, hear the agent, chat and call its methods."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
from livekit import api, rtc
from livekit.rtc.data_stream import StreamError

from integrations.livekit.address import shared_key
from moderator.audio import Waveform, to_pcm16
from tests.integrations.livekit.server import Server

RATE = 16_000
LOUD = 0.01
"""Level (RMS) above which a 10 ms frame sounds."""


def token(
    server: Server,
    room: str,
    identity: str,
    kind: str = "standard",
    attributes: dict[str, str] | None = None,
    **grants: object,
) -> str:
    """A token for one participant."""
    allowed = api.VideoGrants(**{"room_join": True, "room": room, **grants})  # type: ignore[arg-type]
    made = api.AccessToken(server.key, server.secret).with_identity(identity)
    made = made.with_kind(kind).with_attributes(attributes or {})  # type: ignore[arg-type]
    return made.with_name(identity.title()).with_grants(allowed).to_jwt()


@dataclass
class Person:
    """A participant.

    Attributes:
        sound: what came from the agent: time of arrival and level, per frame.
        chat: messages, with their senders' identities.
        transcripts: identity, text, final.
        data: topic and text of packets.
    """

    identity: str
    room: rtc.Room
    source: rtc.AudioSource
    track: rtc.LocalAudioTrack
    sound: list[tuple[float, float]] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)
    chat: list[tuple[str, str]] = field(default_factory=list)
    transcripts: list[tuple[str, str, bool]] = field(default_factory=list)
    data: list[tuple[str, str]] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def say(self, samples: Waveform) -> tuple[float, float]:
        """Speaks; when it began and ended, as `time.monotonic`."""
        begun = time.monotonic()
        pcm = to_pcm16(samples)
        for at in range(0, len(pcm), RATE // 20):
            part = pcm[at : at + RATE // 20]
            await self.source.capture_frame(rtc.AudioFrame(part.tobytes(), RATE, 1, len(part)))
        await self.source.wait_for_playout()
        return begun, begun + len(samples) / RATE

    def start(self, samples: Waveform) -> asyncio.Task[tuple[float, float]]:
        """Speaks while the test goes on."""
        return asyncio.create_task(self.say(samples))

    async def call(self, agent: str, method: str, payload: str = "") -> str:
        """Calls a method of the agent."""
        return await self.room.local_participant.perform_rpc(
            destination_identity=agent, method=f"moderator.{method}", payload=payload
        )

    async def write(self, text: str) -> None:
        """Writes into the chat."""
        await self.room.local_participant.send_text(text, topic="lk.chat")

    def sounding(self, since: float, until: float = float("inf")) -> list[float]:
        """Times of the agent's audible frames."""
        return [at for at, level in self.sound if since <= at < until and level > LOUD]

    async def first_sound(self, since: float, within: float) -> float | None:
        """When the agent first sounds after `since`; None if it does not in time."""
        while time.monotonic() < since + within:
            found = self.sounding(since)
            if found:
                return found[0]
            await asyncio.sleep(0.02)
        return None

    def _subscribed(self, track: rtc.Track, _pub: object, who: rtc.RemoteParticipant) -> None:
        if who.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT:
            self._do(self._listen(track))

    async def _listen(self, track: rtc.Track) -> None:
        async for event in rtc.AudioStream.from_track(
            track=track, sample_rate=RATE, num_channels=1
        ):
            frame = np.frombuffer(event.frame.data, dtype=np.int16).astype(np.float32) / 32768
            self.sound.append((time.monotonic(), float(np.sqrt(np.mean(frame**2)))))
            self.heard.append(bytes(event.frame.data))

    def _text(self, reader: rtc.TextStreamReader, who: str) -> None:
        self._do(self._read(reader, who))

    async def _read(self, reader: rtc.TextStreamReader, who: str) -> None:
        try:
            text = await reader.read_all()
        except StreamError:  # the sender has left
            return
        attributes = reader.info.attributes or {}
        if reader.info.topic == "lk.chat":
            self.chat.append((who, text))
        else:
            final = attributes.get("lk.transcription_final") == "true"
            self.transcripts.append((who, text, final))

    def _do(self, work: object) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)  # type: ignore[arg-type]
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


async def until(done: Callable[[], object], within: float = 15.0) -> None:
    """Waits for something to come true; fails by `TimeoutError` if it does not."""
    async with asyncio.timeout(within):
        while not done():
            await asyncio.sleep(0.05)


@asynccontextmanager
async def person(
    server: Server,
    room: str,
    identity: str,
    *,
    listens: bool = False,
    publishes: bool = True,
    kind: str = "standard",
    attributes: dict[str, str] | None = None,
    key: str | None = None,
    **grants: object,
) -> AsyncIterator[Person]:
    """Joins a room as somebody and leaves it again; `grants` as for `token`.

    `key`: of an end-to-end encrypted room.
    """
    source = rtc.AudioSource(RATE, 1, queue_size_ms=200)
    track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
    one = Person(identity, rtc.Room(), source, track)
    if listens:
        one.room.on("track_subscribed", one._subscribed)
    one.room.register_text_stream_handler("lk.chat", one._text)
    one.room.register_text_stream_handler("lk.transcription", one._text)
    one.room.on("data_received", lambda got: one.data.append((got.topic or "", got.data.decode())))
    options = rtc.RoomOptions(auto_subscribe=listens, encryption=shared_key(key))
    joined = token(server, room, identity, kind, attributes, **grants)
    await one.room.connect(server.url, joined, options)
    try:
        if publishes:
            await publish(one)
        yield one
    finally:
        for task in list(one.tasks):
            task.cancel()
        await asyncio.gather(*one.tasks, return_exceptions=True)
        await one.room.disconnect()
        await source.aclose()


async def publish(
    one: Person, source: rtc.TrackSource.ValueType = rtc.TrackSource.SOURCE_MICROPHONE
) -> str:
    """Publishes their sound; its publication's id."""
    options = rtc.TrackPublishOptions(source=source)
    return (await one.room.local_participant.publish_track(one.track, options)).sid
