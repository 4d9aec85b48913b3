"""A worker that LiveKit dispatches."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from livekit import api, rtc

from integrations.livekit.serving.worker import Worker, WorkerOptions
from moderator.cli.models import open_store
from moderator.mind.loading import load_mind
from roles.loader import dump_role, load_role
from tests.integrations.livekit.rooms.agent import quiet_role
from tests.integrations.livekit.rooms.people import Person, person, until
from tests.integrations.livekit.rooms.test_ending import SENTENCE
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e


async def dispatch(server: Server, room: str, metadata: str, name: str = "moderator") -> None:
    """Has the agent sent into a room."""
    url = server.url.replace("ws", "http", 1)
    async with api.LiveKitAPI(url, server.key, server.secret) as client:
        await client.agent_dispatch.create_dispatch(
            api.CreateAgentDispatchRequest(agent_name=name, room=room, metadata=metadata)
        )


async def agent_seen(one: Person, within: float) -> rtc.RemoteParticipant | None:
    """The agent in the room once it listens; None if it does not come."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        for other in one.room.remote_participants.values():
            if other.attributes.get("lk.agent.state") == "listening":
                return other
        await asyncio.sleep(0.02)
    return None


def test_jobs_are_taken_refused_and_drained(
    server: Server, room: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = WorkerOptions(
        server.url, server.key, server.secret, load_role("facilitator"), out=tmp_path
    )
    worker = Worker(
        options, open_store(offline=True, show_progress=False), lambda: load_mind(live=True)
    )

    async def run() -> None:
        async with AsyncExitStack() as stack:
            serving = asyncio.create_task(worker.run())
            registered = asyncio.Event()
            worker.server.on("worker_registered", lambda *_: registered.set())
            await asyncio.wait_for(registered.wait(), 20)
            took = []
            for number, metadata in enumerate(("", json.dumps({"role": "scribe"}))):
                one = await stack.enter_async_context(person(server, f"{room}-{number}", "ana"))
                asked = time.monotonic()
                await dispatch(server, f"{room}-{number}", metadata)
                seen = await agent_seen(one, 10.0)
                took.append(time.monotonic() - asked)
                assert seen is not None
                assert seen.attributes["moderator.role"] == ("facilitator", "scribe")[number]
                status = json.loads(await one.call(seen.identity, "status"))
                assert status["role"] == seen.attributes["moderator.role"]
            with capsys.disabled():
                print(f"dispatch to listening: {[round(each, 2) for each in took]} s")
            assert took[1] < 2.0
            bad = ("not json", '{"role": "nobody"}', '{"rule": 1}', '{"role": "../x"}')
            for number, metadata in enumerate(bad):
                other = await stack.enter_async_context(
                    person(server, f"{room}-bad-{number}", "ana")
                )
                await dispatch(server, f"{room}-bad-{number}", metadata)
                assert await agent_seen(other, 1.0) is None
            await asyncio.wait_for(worker.drain(), 30)
            await asyncio.wait_for(serving, 10)

    asyncio.run(run())
    journals = sorted(tmp_path.glob("*/journal.jsonl"))
    assert len(journals) == 2
    for path in journals:
        last = json.loads(path.read_text("utf-8").splitlines()[-1])
        assert (last["kind"], last["complete"]) == ("closed", True)
    refusals = capsys.readouterr().err
    assert refusals.count("refused") == 4, refusals


def test_jobs_that_come_at_once_begin_and_one_too_many_is_refused_with_a_reason(
    server: Server, room: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = WorkerOptions(
        server.url, server.key, server.secret, quiet_role(), "crowd", tmp_path, rooms=2
    )
    store = open_store(offline=True, show_progress=False)
    worker = Worker(options, store, lambda: load_mind(live=True))

    async def run() -> None:
        async with AsyncExitStack() as stack:
            serving = asyncio.create_task(worker.run())
            registered = asyncio.Event()
            worker.server.on("worker_registered", lambda *_: registered.set())
            await asyncio.wait_for(registered.wait(), 20)
            rooms = [f"{room[:40]}-{number}" for number in range(3)]
            people = [await stack.enter_async_context(person(server, one, "ana")) for one in rooms]
            async with asyncio.TaskGroup() as group:
                for one in rooms[:2]:
                    group.create_task(dispatch(server, one, "", name="crowd"))
            seen = await asyncio.gather(*(agent_seen(one, 15.0) for one in people[:2]))
            assert None not in seen
            await dispatch(server, rooms[2], "", name="crowd")
            assert await agent_seen(people[2], 2.0) is None
            await asyncio.wait_for(worker.drain(), 30)
            await asyncio.wait_for(serving, 10)

    asyncio.run(run())
    told = capsys.readouterr().err
    assert "2 are under way, as --rooms allows" in told


def end(process: asyncio.subprocess.Process) -> None:
    """Ends a process that is still there."""
    if process.returncode is None:
        process.kill()


def test_a_worker_told_to_end_finishes_its_sentence(
    server: Server, room: str, tmp_path: Path
) -> None:
    file, out = tmp_path / "role.yaml", tmp_path / "out"
    file.write_text(dump_role(quiet_role().model_copy(update={"id": "own"})), "utf-8")
    key = ["--url", server.url, "--api-key", server.key, "--api-secret", server.secret]
    command = ["serve", "--offline", "--agent-name", room, "--other-role", str(file)]

    async def run() -> tuple[int | None, str]:
        async with AsyncExitStack() as stack:
            ana = await stack.enter_async_context(person(server, room, "ana", listens=True))
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "moderator", *command, "--out", str(out), *key),
                stderr=asyncio.subprocess.PIPE,
                env=dict(os.environ),
            )
            stack.callback(end, process)
            assert process.stderr is not None
            async with asyncio.timeout(60):  # it loads its models first
                while b"serving as" not in await process.stderr.readline():
                    pass
            await dispatch(server, room, json.dumps({"role": "own"}), name=room)
            seen = await agent_seen(ana, 20.0)
            assert seen is not None
            assert seen.attributes["moderator.role"] == "own"
            await asyncio.sleep(0.5)
            asked = time.monotonic()
            await ana.call(seen.identity, "say", SENTENCE)
            assert await ana.first_sound(asked, within=15.0) is not None
            process.send_signal(signal.SIGTERM)
            _, errors = await asyncio.wait_for(process.communicate(), 45)
            await until(lambda: seen.identity not in ana.room.remote_participants)
            return process.returncode, errors.decode()

    code, errors = asyncio.run(run())
    assert code == 0, errors
    assert "Traceback" not in errors
    (path,) = out.glob("*/journal.jsonl")
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    (turn,) = [line for line in lines if line["kind"] == "turn_ended"]
    assert (turn["heard"], turn["lost"]) == (SENTENCE, "")
    assert (lines[-1]["complete"], lines[-1]["why"]) == (True, "the worker was told to end")
    assert (path.parent / "summary.json").exists()
