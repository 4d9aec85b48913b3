"""People who dial in are told by voice who listens, and refuse by the keypad or aloud."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from integrations.livekit.hearing.models import RoomModels
from tests.integrations.livekit.rooms.agent import agent, present
from tests.integrations.livekit.rooms.people import person, until
from tests.integrations.livekit.rooms.voices import Speakers
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e


def test_a_caller_is_told_once_and_is_not_heard_after_pressing_a_key(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path
) -> None:
    refusing = speakers.say(2, "Please stop listening to me.")
    after = speakers.say(1, "Nobody writes down this sentence.")

    async def run() -> None:
        async with AsyncExitStack() as stack:
            ana = await stack.enter_async_context(person(server, room, "ana"))
            robin = await stack.enter_async_context(agent(server, room, models, out))
            await present(ana)
            come = time.monotonic()
            phone = await stack.enter_async_context(
                person(server, room, "sip_1", kind="sip", listens=True)
            )
            assert await phone.first_sound(come, within=15.0) is not None

            def turns() -> list[str]:
                return [line["heard"] for line in robin.journal() if line["kind"] == "turn_ended"]

            def refused() -> list[tuple[str, str]]:
                lines = [line for line in robin.journal() if line["kind"] == "consent"]
                return [(line["by"], line["channel"]) for line in lines if not line["given"]]

            await until(lambda: len(turns()) == 1, 20.0)
            assert "an AI" in turns()[0]
            assert "Press 9" in turns()[0]
            await phone.room.local_participant.publish_dtmf(code=9, digit="9")
            await until(lambda: refused() == [("sip_1", "keypad")])
            await until(lambda: len(turns()) == 2, 20.0)
            assert "not hear you" in turns()[1]
            await phone.say(after)
            await ana.say(refusing)
            await until(lambda: ("ana", "voice") in refused(), 20.0)
            await ana.say(after)
            await asyncio.sleep(2.0)
            assert "sentence" not in "".join(robin.words().values())
            assert len(turns()) == 2, "told once"

    asyncio.run(run())
