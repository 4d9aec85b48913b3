"""Words in a room arrive under the right identity."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from integrations.livekit.hearing.models import RoomModels
from tests.integrations.livekit.rooms.agent import gathering, quiet_role
from tests.integrations.livekit.rooms.voices import Speakers
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e

SAID = {
    "ana": "I finished the budget for the new garden.",
    "ben": "The delivery of the chairs is late again.",
    "cem": "We should invite the neighbours on Sunday.",
}
TELLING = {"ana": ("budget", "garden"), "ben": ("delivery", "chair"), "cem": ("invite", "sunday")}


def test_words_arrive_under_the_identity_of_who_said_them(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path
) -> None:
    async def run() -> None:
        role = quiet_role(may_speak=False)
        meeting = gathering(server, room, models, out, *SAID, "reader", role=role)
        async with meeting as (robin, people):
            reader = people["reader"]
            for number, (name, text) in enumerate(SAID.items()):
                await people[name].say(speakers.say(number, text))
                await asyncio.sleep(0.6)
            await asyncio.sleep(2.5)
            robin.session.end("enough")
            summary = await robin.done()
            said = robin.words()
            for name, telling in TELLING.items():
                for word in telling:
                    assert word in said.get(name, ""), said
                    assert not [who for who in said if who != name and word in said[who]], said
            assert set(summary["speakers"]) == set(SAID)
            await asyncio.sleep(0.3)
            final = {who: text.lower() for who, text, last in reader.transcripts if last}
            assert "garden" in final["ana"]
            assert "chair" in final["ben"]
            assert any(who == "cem" and not last for who, _, last in reader.transcripts)

    asyncio.run(run())
