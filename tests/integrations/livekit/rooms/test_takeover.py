"""A worker dies without a word, and another one goes on with its meeting."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from livekit import rtc

from moderator.journal.rerun import rerun
from roles.loader import dump_role
from roles.schema import Role
from tests.integrations.livekit.rooms.agent import quiet_role
from tests.integrations.livekit.rooms.people import Person, person, until
from tests.integrations.livekit.rooms.test_serving import agent_seen, dispatch, end
from tests.integrations.livekit.rooms.voices import Speakers
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e

AGENDA = {
    "type": "agenda",
    "grace_s": 0,
    "items": [{"title": "Reports", "minutes": 0.05}, {"title": "Budget", "minutes": 30}],
}


def leading() -> Role:
    role = quiet_role().model_dump(mode="json")
    return Role.model_validate(role | {"id": "own", "duties": [{"type": "answer"}, AGENDA]})


async def serving(server: Server, name: str, file: Path, out: Path) -> asyncio.subprocess.Process:
    """A worker that takes jobs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "moderator", "serve", "--offline", "--agent-name", name),
        *("--role", str(file), "--out", str(out), "--url", server.url),
        *("--api-key", server.key, "--api-secret", server.secret),
        stderr=asyncio.subprocess.PIPE,
        env=dict(os.environ),
    )
    assert process.stderr is not None
    async with asyncio.timeout(90):  # it loads its models first
        while b"serving as" not in await process.stderr.readline():
            pass
    return process


def writes(process: asyncio.subprocess.Process) -> bool:
    """Whether a meeting's journal is open in a process."""
    files = Path(f"/proc/{process.pid}/fd")
    return any(str(one.readlink()).endswith("journal.jsonl") for one in files.iterdir())


async def another(one: Person, before: str) -> rtc.RemoteParticipant:
    """The agent that comes after another one."""
    async with asyncio.timeout(40):
        while True:
            seen = await agent_seen(one, 5.0)
            if seen is not None and seen.identity != before:
                return seen
            await asyncio.sleep(0.05)


def test_a_meeting_goes_on_after_its_worker_was_killed(
    server: Server,
    speakers: Speakers,
    room: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file, out = tmp_path / "role.yaml", tmp_path / "out"
    file.write_text(dump_role(leading()), "utf-8")
    asks = speakers.say(1, "Robin, where are we on the agenda?")
    secret = speakers.say(2, "Nobody writes down this sentence.")

    def lines() -> list[dict[str, Any]]:
        (path,) = out.glob("*/journal.jsonl")
        text = path.read_text("utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in text if line.endswith("\n")]

    def turns() -> list[str]:
        return [line["heard"] for line in lines() if line["kind"] == "turn_ended"]

    async def run() -> None:
        async with AsyncExitStack() as stack:
            ana = await stack.enter_async_context(person(server, room, "ana", listens=True))
            ben = await stack.enter_async_context(person(server, room, "ben"))
            workers = await asyncio.gather(*(serving(server, room, file, out) for _ in range(2)))
            for worker in workers:
                stack.callback(end, worker)
            await dispatch(server, room, "", name=room)
            first = await agent_seen(ana, 20.0)
            assert first is not None
            await ben.write("/optout")
            await until(lambda: any("Budget" in turn for turn in turns()), 40.0)
            await ana.call(first.identity, "hush")
            (worker,) = [one for one in workers if writes(one)]
            worker.kill()
            killed = time.monotonic()
            second = await another(ana, first.identity)
            took = time.monotonic() - killed
            with capsys.disabled():
                print(f"killed, and back after {took:.1f} s")
            assert took < 30.0
            await until(lambda: any("I am back" in text for _, text in ana.chat), 20.0)
            assert json.loads(await ana.call(second.identity, "status"))["hushed"]
            await asyncio.gather(ana.say(speakers.say(0, "We go on.")), ben.say(secret))
            await ana.call(second.identity, "resume")
            await ana.say(asks)
            await until(lambda: any("item 2 of 2" in turn for turn in turns()), 20.0)
            (other,) = [one for one in workers if one is not worker]
            other.send_signal(signal.SIGTERM)
            await asyncio.wait_for(other.wait(), 60)

    asyncio.run(run())
    said = turns()
    assert len([turn for turn in said if "Budget" in turn and "over" in turn]) == 1, said
    words = [word for line in lines() for word in line.get("words", [])]
    assert not [word for word in words if word[0] == "ben"]
    assert lines()[-1]["kind"] == "closed"
    (path,) = out.glob("*/journal.jsonl")
    assert rerun(path) == []
    assert (path.parent / "summary.json").exists()
