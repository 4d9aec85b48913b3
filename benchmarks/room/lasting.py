"""Rows about what a room goes through: many rooms, people coming and going, losses, a restart."""

from __future__ import annotations

import asyncio
import gc
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from livekit import api, rtc

from benchmarks.room.line import Conditions
from benchmarks.room.speech import QUESTIONS, ROUND
from benchmarks.room.stage import RATE, Scene, Stage, listening, scene
from benchmarks.room.talking import Figures, answers, ask, percentiles
from integrations.livekit.hearing.models import RoomModels, load_models
from integrations.livekit.hearing.shared_diarization import shared_diarization
from moderator.journal.rerun import rerun
from moderator.models.store import ModelStore
from roles.loader import load_role
from tests.integrations.livekit.rooms.agent import IDENTITY, Agent, agent, present
from tests.integrations.livekit.rooms.people import Person, person
from tests.integrations.livekit.server import Server, binary, configure, running

OTHERS = ("ben", "cleo", "dora")
LOST = 0.2
MUTES = 50
BACK_WITHIN_S = 60.0


async def rooms(stage: Stage) -> Figures:
    """One worker in four rooms of four people who talk all the time and ask it now and then."""
    assert stage.worker is not None
    cycles = max(2, stage.trials // 4)
    await _rendered(stage, cycles)
    process = psutil.Process(stage.worker.process.pid)
    async with AsyncExitStack() as stack:
        scenes = [
            await stack.enter_async_context(
                scene(stage, f"rooms-{i}", "ana", *OTHERS, spares=OTHERS)
            )
            for i in range(4)
        ]
        everything = psutil.Process()
        before, begun, others = _cpu(process), time.monotonic(), _cpu(everything)
        busy = await asyncio.gather(
            *(_busy(stage, here, cycles, i) for i, here in enumerate(scenes))
        )
        lasted = time.monotonic() - begun
        gaps = [each for each, _ in busy]
        cores = (_cpu(process) - before) / lasted
        people = (_cpu(everything) - others) / lasted
    found = await _summaries(stage.worker.folder, len(scenes))
    factors = [json.loads(path.read_text("utf-8"))["real_time_factor"] for path in found]
    return {
        "answered_per_room": [f"{len(each)}/{cycles}" for each in gaps],
        "p50_s_per_room": [percentiles(each)["p50_s"] for each in gaps],
        **percentiles([gap for each in gaps for gap in each]),
        "cores": round(cores, 2),
        "cores_of_the_simulated_people": round(people, 2),
        "their_speech_was_late_by_s": round(max(late for _, late in busy), 2),
        "real_time_factor_per_room": factors,
    }


async def _rendered(stage: Stage, cycles: int) -> None:
    """Makes all speech beforehand: making it would hold up whoever speaks in another room."""
    for number in range(len(ROUND)):
        for voice in range(1, len(OTHERS) + 1):
            await asyncio.to_thread(stage.voices.say, voice, ROUND[number])
    for text in QUESTIONS[:cycles]:
        await asyncio.to_thread(stage.voices.say, 0, text)


async def _summaries(folder: Path, count: int) -> list[Path]:
    """The moderator's, once it has left the empty rooms; a stock agent writes none."""
    for _ in range(30):
        if len(_written(folder)) >= count:
            break
        await asyncio.sleep(1.0)
    return _written(folder)


def _written(folder: Path) -> list[Path]:
    return sorted(folder.glob("out/rooms-*/summary.json"))


def _cpu(process: psutil.Process) -> float:
    spent = process.cpu_times()
    return float(spent.user + spent.system)


async def _busy(stage: Stage, here: Scene, cycles: int, number: int) -> tuple[list[float], float]:
    """Three talk in turn, the fourth asks.

    Returns:
        Gaps of the answers; by how much, at most, a sentence took longer than its sound.
    """
    gaps, late = [], 0.0
    for cycle in range(cycles):
        for voice, name in enumerate(OTHERS, 1):
            text = ROUND[(cycle * 3 + voice + number) % len(ROUND)]
            sound = stage.voices.say(voice, text)
            begun = time.monotonic()
            await here.people[name].say(sound)
            late = max(late, time.monotonic() - begun - len(sound) / RATE)
            await asyncio.sleep(0.4)
        asked = await ask(here.people["ana"], here.listener, here.agent, stage.voices, cycle)
        if asked.gap_s is not None:
            gaps.append(asked.gap_s)
        await here.settle()
        stage.step()
    return gaps, late


async def loss(stage: Stage) -> Figures:
    """The answer row while every fifth packet to and from the worker is lost, in bursts."""
    assert stage.line is not None
    return await answers(stage, "loss", _lossy(stage.line))


@contextmanager
def _lossy(line: Path) -> Iterator[None]:
    Conditions(loss=LOST).write(line)
    try:
        yield
    finally:
        Conditions().write(line)


def models() -> RoomModels:
    """For an agent inside this process, whose tasks can be counted."""
    store = ModelStore.default()
    return load_models(load_role("facilitator"), store, shared_diarization(store, {}))


def _alive() -> tuple[int, int]:
    """Tasks of the agent's own names, and open audio streams, in this process."""
    gc.collect()
    names = ("track ", "end of ", "chat", "text", "state", "publish", "rejoin")
    tasks = sum(task.get_name().startswith(names) for task in asyncio.all_tasks())
    streams = sum(isinstance(one, rtc.AudioStream) for one in gc.get_objects())
    return tasks, streams


class _Inside:
    """An agent inside this process, ana, and the listener, in a room of their own."""

    def __init__(self, stage: Stage, server: Server, name: str, out: Path) -> None:
        self.stage, self.server, self.name, self.out = stage, server, name, out
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> _Inside:
        enter = self._stack.enter_async_context
        self.ana = await enter(person(self.server, self.name, "ana"))
        loaded = await asyncio.to_thread(models)
        self.agent: Agent = await enter(
            agent(self.server, self.name, loaded, self.out, self.stage.role, 10.0)
        )
        await present(self.ana)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def answers(self, who: Person | None = None) -> bool:
        """Asks once. The listener comes in for that: it would hold up those who come and go."""
        async with listening(self.server, self.name) as listener:
            await asyncio.sleep(2.0)
            asked = await ask(who or self.ana, listener, IDENTITY, self.stage.voices, 0)
            await listener.quiet(IDENTITY)
        return asked.gap_s is not None

    async def journal(self) -> Figures:
        """Ends the meeting. Its journal is whole if it is closed and gives the same decisions."""
        self.agent.session.end("the row is over")
        await self.agent.done()
        lines = self.agent.journal()
        kinds = [line["kind"] for line in lines]
        differ = await asyncio.to_thread(rerun, self.out / "journal.jsonl")
        return {
            "journal_whole": kinds[-1] == "closed" and lines[-1]["complete"] and not differ,
            "decisions": kinds.count("decision"),
            "decided_otherwise_anew": len(differ),
            "joined": kinds.count("joined"),
            "left": kinds.count("left"),
        }


async def mutes(stage: Stage) -> Figures:
    """One track is muted and unmuted fifty times."""
    with tempfile.TemporaryDirectory() as folder:
        async with _Inside(stage, stage.server, "mutes", Path(folder) / "out") as here:
            before = _alive()
            for _ in range(MUTES):
                here.ana.track.mute()
                await asyncio.sleep(0.2)
                here.ana.track.unmute()
                await asyncio.sleep(0.2)
                stage.step()
            await asyncio.sleep(3.0)
            after = _alive()
            answered = await here.answers()
            return {
                "tasks_before_after": [before[0], after[0]],
                "streams_before_after": [before[1], after[1]],
                "answers_after": answered,
                **await here.journal(),
            }


async def restart(stage: Stage) -> Figures:
    """The server is killed and started anew 2 s later; somebody comes into the room at once."""
    program = binary()
    assert program is not None
    with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        where = Path(folder)
        own = configure(where)
        first = servers.enter_context(running(program, where, own))
        async with _Inside(stage, own, "restart", where / "out") as here:
            answered_before = await here.answers()
            before = _alive()
            first.kill()
            await asyncio.sleep(2.0)
            second = servers.enter_context(running(program, where, own))
            servers.callback(second.kill)  # it would wait for those who are still in the room
            async with person(own, "restart", "ben") as ben:
                back = await _back(own, "restart")
                stage.step()
                await asyncio.sleep(5.0)
                answered = await here.answers(ben)
            await asyncio.sleep(5.0)  # until the agent has noticed that ben is gone
            after = _alive()
            return {
                "back_after_s": back,
                "answers_before": answered_before,
                "answers_after": answered,
                "tasks_before_after": [before[0], after[0]],
                "streams_before_after": [before[1], after[1]],
                **await here.journal(),
            }


async def _back(server: Server, room: str) -> float | None:
    """Seconds until the server knows the agent again, from when it answers."""
    begun = time.monotonic()
    url = server.url.replace("ws", "http", 1)
    async with api.LiveKitAPI(url, server.key, server.secret) as client:
        while time.monotonic() < begun + BACK_WITHIN_S:
            try:
                found = await client.room.list_participants(api.ListParticipantsRequest(room=room))
                if any(one.identity == IDENTITY for one in found.participants):
                    return round(time.monotonic() - begun, 2)
            except api.TwirpError:
                pass  # the room is not there yet
            await asyncio.sleep(0.1)
    return None
