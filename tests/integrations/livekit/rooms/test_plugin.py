"""A LiveKit app that puts the moderator into its rooms, as the documentation shows it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from livekit.agents import JobContext
from livekit.plugins import moderator

from tests.integrations.livekit.rooms.apps import app_of, serving
from tests.integrations.livekit.rooms.people import person
from tests.integrations.livekit.rooms.test_serving import agent_seen, dispatch
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e


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
