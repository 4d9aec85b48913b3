"""A worker that LiveKit dispatches."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from livekit import api, rtc

from integrations.livekit.worker import Worker, WorkerOptions
from moderator.cli.models import open_store
from moderator.mind.loading import load_mind
from roles.loader import load_role
from tests.integrations.livekit.rooms.people import Person, person
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e


async def dispatch(server: Server, room: str, metadata: str) -> None:
    """Has the agent sent into a room."""
    url = server.url.replace("ws", "http", 1)
    async with api.LiveKitAPI(url, server.key, server.secret) as client:
        await client.agent_dispatch.create_dispatch(
            api.CreateAgentDispatchRequest(agent_name="moderator", room=room, metadata=metadata)
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
