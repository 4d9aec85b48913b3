"""The server is started anew while the agent is in a room."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from integrations.livekit.hearing.models import RoomModels
from integrations.livekit.hearing.tracks import Tracks
from moderator.journal.rerun import rerun
from moderator.timeline import to_samples
from roles.schema import Role
from tests.integrations.livekit.namespace import INSIDE
from tests.integrations.livekit.rooms.agent import IDENTITY, agent, present, quiet_role
from tests.integrations.livekit.rooms.people import Person, person, until
from tests.integrations.livekit.rooms.test_coming_and_going import open_things
from tests.integrations.livekit.server import Server, binary, configure, running

pytestmark = pytest.mark.e2e


class Restarts:
    """A server of one test's own that can be stopped and started."""

    def __init__(self, program: Path, folder: Path, stack: ExitStack) -> None:
        self._program, self._folder, self._stack = program, folder, stack
        self.server: Server = configure(folder)
        self._process: subprocess.Popen[bytes]
        self.start()

    def start(self) -> None:
        self._process = self._stack.enter_context(running(self._program, self._folder, self.server))
        self._stack.callback(self._process.kill)  # it would wait for those still in the room

    def kill(self) -> None:
        """It is gone without a word."""
        self._process.kill()
        self._process.wait(5)

    def stop(self) -> None:
        """It says good-bye to everybody, as when its operator is in a hurry."""
        self._process.terminate()
        while self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(0.2)
            except subprocess.TimeoutExpired:
                continue


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Restarts]:
    if not os.environ.get(INSIDE):
        pytest.skip("run in their own network: python -m tests.integrations.livekit")
    program = binary()
    if program is None:
        pytest.skip("no livekit-server on PATH")
    with ExitStack() as stack:
        yield Restarts(program, tmp_path, stack)


async def sees(one: Person, state: str = "listening") -> None:
    """Waits until somebody sees the agent and how it is."""

    def shown() -> bool:
        seen = one.room.remote_participants.get(IDENTITY)
        return seen is not None and seen.attributes.get("lk.agent.state") == state

    await until(shown, 60.0)


async def comes_and_stays(server: Server, room: str, name: str, tracks: Tracks) -> tuple[int, int]:
    """Somebody comes in, goes, and comes in again; what is open while they are there."""
    async with person(server, room, name) as one:
        await sees(one)
        await until(lambda: name in tracks.heard, 30.0)
    await until(lambda: not tracks.heard)
    async with person(server, room, name):
        await until(lambda: tracks.heard == {name}, 30.0)
        await asyncio.sleep(1.0)
        return open_things()


def test_two_restarts_leave_no_task_or_stream_behind(
    own: Restarts, models: RoomModels, room: str, out: Path
) -> None:
    async def run() -> None:
        async with (
            person(own.server, room, "ana") as ana,
            agent(own.server, room, models, out, patience_s=60.0) as robin,
        ):
            await present(ana)
            tracks = robin.session.tracks
            await until(lambda: tracks.heard == {"ana"})
            before = open_things()
            for stop, name in ((own.stop, "ben"), (own.kill, "cem")):
                await asyncio.to_thread(stop)
                await asyncio.to_thread(own.start)
                assert await comes_and_stays(own.server, room, name, tracks) == before
            robin.session.end("enough")
            await robin.done()
        assert open_things()[0] == 0

    asyncio.run(run())


def impatient() -> Role:
    role = quiet_role(silence_patience_s=3.0)
    return Role.model_validate(
        role.model_dump(mode="json") | {"duties": [{"type": "break_silence"}]}
    )


def test_time_without_the_server_is_no_silence(
    own: Restarts, models: RoomModels, room: str, out: Path
) -> None:
    """Nothing is said into the gap, nor at once after it; and nobody has left."""

    async def run() -> None:
        async with (
            person(own.server, room, "ana") as ana,
            agent(own.server, room, models, out, impatient(), patience_s=2.0) as robin,
        ):
            await present(ana)
            await asyncio.to_thread(own.kill)
            await asyncio.sleep(4.0)
            await asyncio.to_thread(own.start)

            def prompted() -> bool:
                lines = robin.journal()
                kinds = [line["kind"] for line in lines]
                return kinds.count("connection") == 2 and "turn_started" in kinds

            await until(prompted, 60.0)
            robin.session.end("enough")
            await robin.done()
            lines = robin.journal()
            lost, back = (line["at"] for line in lines if line["kind"] == "connection")
            spoke = [line["at"] for line in lines if line.get("action") == "speak"]
            assert back - lost > to_samples(3.0)
            assert len(spoke) == 1, "once, and only after its patience with a meeting it hears"
            assert spoke[0] >= back + to_samples(3.0)

    asyncio.run(run())
    assert rerun(out / "journal.jsonl") == []
