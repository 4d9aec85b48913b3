"""A LiveKit app that puts the moderator into its rooms, as the documentation shows it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest
from livekit.agents import JobContext
from livekit.plugins import moderator

from tests.integrations.livekit.rooms.apps import app_of, serving
from tests.integrations.livekit.rooms.people import person, until
from tests.integrations.livekit.rooms.test_serving import agent_seen, dispatch
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e

EXAMPLE = Path(__file__).parents[4] / "examples" / "livekit_app.py"


def test_an_app_of_ten_lines(server: Server, room: str, tmp_path: Path) -> None:
    app = app_of(server, setup_fnc=moderator.prewarm, initialize_process_timeout=60)

    @app.rtc_session(agent_name="moderator")
    async def meeting(ctx: JobContext) -> None:
        role = moderator.requested_role(ctx)
        await moderator.join(ctx, role, out=tmp_path / ctx.job.room.name, leave_after_s=0.5)

    async def run() -> None:
        async with serving(app):
            async with person(server, room, "ana") as ana:
                await dispatch(server, room, json.dumps({"role": "timekeeper"}))
                seen = await agent_seen(ana, 60.0)  # the job loads the models first
                assert seen is not None
                assert seen.attributes["moderator.role"] == "timekeeper"
            # Ana has left: the meeting ends by itself.
            async with asyncio.timeout(20):
                while not (tmp_path / room / "summary.json").exists():
                    await asyncio.sleep(0.1)

    asyncio.run(run())
    journal = (tmp_path / room / "journal.jsonl").read_text("utf-8").splitlines()
    closed = json.loads(journal[-1])
    assert (closed["kind"], closed["complete"]) == ("closed", True)
    assert closed["why"] == "everybody had left"


def test_the_example_of_an_app_as_a_program(server: Server, room: str, tmp_path: Path) -> None:
    key = {"LIVEKIT_API_KEY": server.key, "LIVEKIT_API_SECRET": server.secret}
    environ = {**os.environ, **key, "LIVEKIT_URL": server.url, "MODERATOR_OFFLINE": "1"}
    log = tmp_path / "app.log"

    def said() -> str:
        return log.read_text("utf-8")

    async def run() -> None:
        with log.open("wb") as out:
            app = await asyncio.create_subprocess_exec(
                # `start` would count the machine's load, and take no job beside other programs.
                *(sys.executable, str(EXAMPLE), "dev", "--no-reload"),
                cwd=tmp_path,
                env=environ,
                stdout=out,
                stderr=out,
            )
        try:
            await until(lambda: "registered worker" in said(), 60.0)
            async with person(server, room, "ana") as ana:
                await dispatch(server, room, json.dumps({"role": "scribe"}))
                seen = await agent_seen(ana, 60.0)
                assert seen is not None, said()[-2000:]
                assert seen.attributes["moderator.role"] == "scribe"
            await until(lambda: "the agent spoke 0 times" in said(), 30.0)  # Ana has left
            app.send_signal(signal.SIGTERM)
            await asyncio.wait_for(app.wait(), 30)
        finally:
            if app.returncode is None:
                app.kill()

    asyncio.run(run())
    assert len(list(tmp_path.glob("meetings/*/summary.json"))) == 1
