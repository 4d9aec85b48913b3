"""The process is told to end; the server goes and comes back."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from integrations.livekit.hearing.models import RoomModels
from tests.integrations.livekit import server as servers
from tests.integrations.livekit.rooms.agent import IDENTITY, agent, present, quiet_role
from tests.integrations.livekit.rooms.people import person
from tests.integrations.livekit.rooms.voices import Speakers
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e

SENTENCE = "This is a sentence that takes a few seconds to say, and I will finish it before I go."


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_told_to_end_finishes_its_sentence(
    server: Server, room: str, tmp_path: Path, number: signal.Signals
) -> None:
    file, out = tmp_path / "role.yaml", tmp_path / "out"
    with file.open("w") as text:
        YAML().dump(quiet_role().model_dump(mode="json"), text)
    arguments = ["--role", str(file), "--room", room, "--identity", IDENTITY, "--out", str(out)]
    key = ["--url", server.url, "--api-key", server.key, "--api-secret", server.secret]

    async def run() -> tuple[int, str]:
        async with AsyncExitStack() as stack:
            ana = await stack.enter_async_context(person(server, room, "ana", listens=True))
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "moderator", "join", "--offline", *arguments, *key),
                stderr=asyncio.subprocess.PIPE,
                env=dict(os.environ),
            )
            await present(ana, within=40.0)
            asked = time.monotonic()
            await ana.call(IDENTITY, "say", SENTENCE)
            assert await ana.first_sound(asked, within=10.0) is not None
            await asyncio.sleep(1.0)
            process.send_signal(number)
            _, errors = await asyncio.wait_for(process.communicate(), 30)
            assert process.returncode is not None
            return process.returncode, errors.decode()

    code, errors = asyncio.run(run())
    assert code == 0, errors
    assert "Traceback" not in errors
    assert "panicked" not in errors
    lines = [json.loads(line) for line in (out / "journal.jsonl").read_text().splitlines()]
    (turn,) = [line for line in lines if line["kind"] == "turn_ended"]
    assert (turn["heard"], turn["lost"]) == (SENTENCE, "")
    assert lines[-1]["complete"] is True
    assert lines[-1]["why"] == "the process was told to end"
    names = {path.name for path in out.iterdir()}
    assert {"agent.wav", "meeting.wav", "summary.json", "transcript.vtt"} <= names
    assert not [name for name in names if ".part" in name or name == ".running"]


def tasks() -> Counter[str]:
    """Kinds of tasks that are under way."""
    return Counter(task.get_name().split()[0] for task in asyncio.all_tasks())


def test_the_agent_comes_back_to_a_server_that_was_killed(
    models: RoomModels, speakers: Speakers, room: str, out: Path, tmp_path: Path
) -> None:
    program = servers.binary()
    if program is None:
        pytest.skip("no livekit-server on PATH")
    earlier = speakers.say(0, "I finished the budget for the new garden.")
    later = speakers.say(0, "Now the weather report for tomorrow.")
    server = servers.configure(tmp_path)

    async def run() -> None:
        async with AsyncExitStack() as stack:
            with servers.running(program, tmp_path, server) as first:
                ana = await stack.enter_async_context(person(server, room, "ana"))
                role = quiet_role(may_speak=True)
                robin = await stack.enter_async_context(
                    agent(server, room, models, out, role, patience_s=30.0)
                )
                await present(ana)
                await ana.say(earlier)
                await asyncio.sleep(1.5)
                known = tasks()
                first.kill()
                await asyncio.sleep(2.0)
            with servers.running(program, tmp_path, server) as second:
                up = time.monotonic()
                ben = await stack.enter_async_context(person(server, room, "ben"))
                await present(ben, within=15.0)
                back = time.monotonic() - up - 0.8
                print(f"server up to agent there: {back:.1f} s")
                await ben.say(later)
                await asyncio.sleep(2.5)
                grown = tasks() - known
                robin.session.end("enough")
                await robin.done()
                second.kill()  # it would wait for the others to leave
            assert back < 10.0
            assert sum(grown[kind] for kind in ("publish", "text", "state", "rejoin")) <= 1, grown
            assert grown["track"] <= 1, grown
            said = robin.words()
            assert "garden" in said["ana"]
            assert "weather" in said["ben"], said
            assert robin.journal()[-1]["complete"] is True

    asyncio.run(run())
