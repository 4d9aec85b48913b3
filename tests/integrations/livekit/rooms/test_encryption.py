"""End-to-end encrypted rooms: with the key, without one, with another."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
import pytest

from integrations.livekit.hearing.encryption import NO_KEY, WRONG_KEY
from integrations.livekit.hearing.models import RoomModels
from moderator.audio import silence
from moderator.timeline import SAMPLE_RATE
from tests.integrations.livekit.rooms.agent import Agent, agent
from tests.integrations.livekit.rooms.people import person, until
from tests.integrations.livekit.rooms.voices import Speakers
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e


def failures(one: Agent) -> list[str]:
    lines = [line for line in one.journal() if line["kind"] == "failure"]
    return [line["what"] for line in lines if line["part"] == "encryption"]


def understands(one: Agent) -> bool:
    return "summer party" in one.words().get("ana", "")


def test_only_who_has_the_key_understands_and_the_others_say_so(
    server: Server,
    models: RoomModels,
    speakers: Speakers,
    room: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sentence = speakers.say(1, "The tents for the summer party are booked.")
    said = np.tile(np.concatenate([sentence, silence(SAMPLE_RATE)]), 16)

    async def run() -> None:
        async with AsyncExitStack() as stack:
            # Who is not encrypted reads what an agent without the key writes.
            guest = person(server, room, "guest", publishes=False)
            reader = await stack.enter_async_context(guest)
            ana = await stack.enter_async_context(person(server, room, "ana", key="open sesame"))
            talking = ana.start(said)
            agents: dict[str | None, Agent] = {}
            for key in ("open sesame", None, "another"):
                one = agent(
                    *(server, room, models, tmp_path / str(key)),
                    identity=f"agent-{key}".replace(" ", "-"),
                    key=key,
                )
                agents[key] = await stack.enter_async_context(one)
                if key == "open sesame":
                    await until(lambda: understands(agents["open sesame"]), 40.0)
            begun = time.monotonic()
            await until(lambda: failures(agents[None]) == [NO_KEY], 12.0)
            await until(lambda: failures(agents["another"]) == [WRONG_KEY], 12.0)
            took = time.monotonic() - begun
            with capsys.disabled():
                print(f"told after {took:.1f} s")
            await until(lambda: any(NO_KEY in text for _, text in reader.chat), 30.0)
            talking.cancel()
            assert not agents[None].words()
            assert not agents["another"].words()
            seen = reader.room.remote_participants["agent-None"].attributes
            assert seen["moderator.encryption"] == NO_KEY
            keyed = reader.room.remote_participants["agent-open-sesame"].attributes
            assert keyed["moderator.encryption"] == "ok"

    asyncio.run(run())
    printed = capsys.readouterr().err
    assert NO_KEY in printed
    assert WRONG_KEY in printed
    assert "open sesame" not in printed
