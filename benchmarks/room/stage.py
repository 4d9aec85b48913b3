"""The room: server, worker, people, and the listener at whom all times are taken."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from livekit import api, rtc
from livekit.rtc.data_stream import StreamError

from benchmarks.room.line import HERE
from benchmarks.room.probed import Held
from benchmarks.room.speech import Voices
from integrations.livekit.hearing.frames import TrackFrames
from integrations.livekit.serving.worker import AGENT_NAME
from roles.schema import Role
from tests.integrations.livekit.rooms.people import LOUD, Person, person, token
from tests.integrations.livekit.server import Server

PLUGINS = {"http": False, "websocket": True}
"""Sides on which the moderator hears and speaks by a plugin; whether it hears by a WebSocket."""

SIDES = ("moderator", *PLUGINS, "stock")
RATE = 16_000
STARTS_WITHIN_S = 120.0
COMES_WITHIN_S = 60.0


@dataclass
class Listener:
    """A participant who hears everybody and takes the times.

    Attributes:
        sound: by identity, time of arrival (`time.monotonic`) and level of each 10 ms.
        transcripts: identity, segment, text, final.
        frame_ms: how fine times are taken.
        spares: people who are not listened to.
    """

    room: rtc.Room = field(default_factory=rtc.Room)
    sound: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    transcripts: list[tuple[str, str, str, bool]] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    frame_ms: int = 10
    spares: tuple[str, ...] = ()

    def sounding(self, who: str, since: float, until: float = float("inf")) -> list[float]:
        """Times of somebody's audible frames."""
        return [at for at, level in self.sound.get(who, ()) if since <= at < until and level > LOUD]

    async def begins(self, who: str, since: float, within: float) -> float | None:
        """When somebody first sounds after `since`; None if they do not in time."""
        while time.monotonic() < since + within:
            if found := self.sounding(who, since):
                return found[0]
            await asyncio.sleep(0.02)
        return None

    async def quiet(self, who: str, for_s: float = 1.5, within: float = 40.0) -> None:
        """Waits until somebody has been silent for so long."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            await asyncio.sleep(0.05)
            if not self.sounding(who, time.monotonic() - for_s):
                return

    def starts(self, who: str, since: float, pause_s: float = 1.0) -> list[float]:
        """When somebody began to sound, after pauses of at least `pause_s`."""
        begun, last = [], float("-inf")
        for at in self.sounding(who, since):
            if at - last >= pause_s:
                begun.append(at)
            last = at
        return begun

    def _subscribed(self, track: rtc.Track, _pub: object, who: rtc.RemoteParticipant) -> None:
        if track.kind == rtc.TrackKind.KIND_AUDIO:
            self._do(self._listen(track, self.sound.setdefault(who.identity, [])))

    async def _listen(self, track: rtc.Track, into: list[tuple[float, float]]) -> None:
        async for event in TrackFrames(track, RATE, self.frame_ms):
            frame = np.frombuffer(event.frame.data, dtype=np.int16).astype(np.float32) / 32768
            into.append((time.monotonic(), float(np.sqrt(np.mean(frame**2)))))

    def _published(self, pub: rtc.RemoteTrackPublication, who: rtc.RemoteParticipant) -> None:
        if who.identity not in self.spares:
            pub.set_subscribed(True)

    def _text(self, reader: rtc.TextStreamReader, who: str) -> None:
        self._do(self._read(reader, who))

    async def _read(self, reader: rtc.TextStreamReader, who: str) -> None:
        try:
            text = await reader.read_all()
        except StreamError:  # the sender has left
            return
        facts = reader.info.attributes or {}
        final = facts.get("lk.transcription_final") == "true"
        self.transcripts.append((who, facts.get("lk.segment_id", ""), text, final))

    def _do(self, work: object) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)  # type: ignore[arg-type]
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


@asynccontextmanager
async def listening(
    server: Server, room: str, *, spares: tuple[str, ...] = ()
) -> AsyncIterator[Listener]:
    """Joins as the listener. Where some are spared, times are coarser too: it is one of many."""
    one = Listener(frame_ms=20 if spares else 10, spares=spares)
    one.room.on("track_published", one._published)
    one.room.on("track_subscribed", one._subscribed)
    one.room.register_text_stream_handler("lk.transcription", one._text)
    options = rtc.RoomOptions(auto_subscribe=False)
    joined = token(server, room, "listener", can_publish=False)
    await one.room.connect(server.url, joined, options)
    for who in one.room.remote_participants.values():
        for pub in who.track_publications.values():
            one._published(pub, who)
    try:
        yield one
    finally:
        await one.room.disconnect()
        for task in list(one.tasks):
            task.cancel()
        await asyncio.gather(*one.tasks, return_exceptions=True)


@dataclass
class Worker:
    """An agent's worker, in a process of its own, and where its meetings' files are."""

    side: str
    process: subprocess.Popen[bytes]
    folder: Path

    def held(self) -> Held:
        """What the moderator's process holds now."""
        asked, answers = self.process.stdin, self.process.stdout
        assert asked is not None
        assert answers is not None
        asked.write(b"\n")
        asked.flush()
        return Held(**json.loads(answers.readline()))


@contextmanager
def working(
    side: str,
    server: Server,
    folder: Path,
    *options: str,
    rooms: int = 8,
    line: Path | None = None,
    nice: int = 0,
) -> Iterator[Worker]:
    """Starts a worker, waits until it serves, and ends it.

    Args:
        side: whose.
        server: that sends it into rooms.
        folder: for its log and its meetings.
        options: of `moderator serve`, further ones.
        rooms: that it takes at once.
        line: the conditions of the line behind which it is; None: it is here.
        nice: by which its priority is less than this process's.

    Raises:
        RuntimeError: it does not come up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    keys = ("--key", server.key, "--secret", server.secret)
    url = server.url if line is None else server.url.replace("127.0.0.1", HERE)
    command = ["benchmarks.room.stock", "--url", url, *keys]
    ours = side != "stock"
    if ours:
        command = ["benchmarks.room.probed", "serve", "--url", url]
        command += ["--out", str(folder / "out"), "--rooms", str(rooms), "--offline", *options]
        command += ["--api-key", server.key, "--api-secret", server.secret]
    command = [sys.executable, "-m", *command]
    if line is not None:
        command = [sys.executable, "-m", "benchmarks.room.line", str(line), *command]
    command = ["nice", "-n", str(nice), *command]
    log = folder / f"{side}.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if ours else stream,
            stderr=stream,
        )
    try:
        until = time.monotonic() + STARTS_WITHIN_S
        while b"serving" not in log.read_bytes():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{side} does not start: {log.read_text()[-2000:]}")
            time.sleep(0.2)
        time.sleep(3.0)  # to register
        yield Worker(side, process, folder)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


@contextmanager
def services(side: str, folder: Path) -> Iterator[tuple[str, ...]]:
    """Options of `moderator serve` for a side: the plugins of one, with a server behind them.

    The server is a process of its own on this machine, with the embedded models: what a plugin adds
    is its protocol, and that a sentence is whole before it is sent.
    """
    if side not in PLUGINS:
        yield ()
        return
    command = [sys.executable, "-m", "benchmarks.speech_server"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    server = subprocess.Popen(command, **pipes)  # type: ignore[call-overload]
    try:
        url = server.stdout.readline().strip()
        folder.mkdir(parents=True, exist_ok=True)
        arguments = folder / "stt.yaml"
        arguments.write_text(f"base_url: {url}\napi_key: none\nuse_realtime: true\n", "utf-8")
        hears: tuple[str, ...] = ("--stt", "openai:local", "--stt-url", url)
        if PLUGINS[side]:
            hears = ("--stt", f"livekit.plugins.openai:STT@{arguments}")
        yield (*hears, "--tts", "openai:local", "--tts-url", url)
    finally:
        server.stdin.close()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(5)


@dataclass
class Stage:
    """What a row runs on.

    Attributes:
        trials: of each event.
        minutes: of talk among the people.
        step: told that one more event is over.
        role: the moderator's.
        worker: the agent's; None where the agent runs in this process.
        line: the conditions of the line behind which the worker is; None: it is here.
    """

    server: Server
    voices: Voices
    trials: int
    minutes: float
    step: Callable[[], None]
    role: Role
    worker: Worker | None = None
    line: Path | None = None


@dataclass
class Scene:
    """A room with an agent in it.

    Attributes:
        agent: its identity.
        people: by identity; `ana` is the one whom the stock agent hears.
    """

    name: str
    agent: str
    people: dict[str, Person]
    listener: Listener

    async def settle(self) -> None:
        """Waits until the agent is silent and its cool-down is over."""
        await self.listener.quiet(self.agent)
        await asyncio.sleep(0.5)


async def speak(one: Person, listener: Listener, agent: str, text: str) -> float | None:
    """Somebody has the agent say something; when it began, None if it did not."""
    asked = time.monotonic()
    await one.call(agent, "say", text)
    return await listener.begins(agent, asked, within=10.0)


@asynccontextmanager
async def scene(
    stage: Stage, name: str, *names: str, spares: tuple[str, ...] = ()
) -> AsyncIterator[Scene]:
    """People come into a room, the listener too, and the agent is sent into it."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        async with asyncio.timeout(COMES_WITHIN_S):
            people = {one: await enter(person(stage.server, name, one)) for one in names}
            listener = await enter(listening(stage.server, name, spares=spares))
            agent = await summon(stage, name, listener.room)
        await asyncio.sleep(2.0)  # its track is published, theirs are subscribed
        yield Scene(name, agent, people, listener)


async def summon(stage: Stage, room: str, seen: rtc.Room) -> str:
    """Sends the agent into a room and waits until somebody there sees it; its identity.

    Raises:
        RuntimeError: it does not come.
    """
    server = stage.server
    metadata = json.dumps({"role": stage.role.model_dump(mode="json"), "leave_after_s": 2})
    request = api.CreateAgentDispatchRequest(agent_name=AGENT_NAME, room=room, metadata=metadata)
    url = server.url.replace("ws", "http", 1)
    async with api.LiveKitAPI(url, server.key, server.secret) as client:
        await client.agent_dispatch.create_dispatch(request)
    until = time.monotonic() + 30.0
    while time.monotonic() < until:
        for other in seen.remote_participants.values():
            agent = other.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
            if agent and other.attributes.get("lk.agent.state") == "listening":
                return other.identity
        await asyncio.sleep(0.05)
    raise RuntimeError(f"no agent came into {room}")
