"""A hybrid meeting: some people on one microphone, others on their own."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from integrations.livekit.hearing.models import RoomModels
from integrations.livekit.hearing.shared_diarization import shared_diarization
from moderator.cli.models import open_store
from tests.integrations.livekit.rooms.agent import agent, present, quiet_role
from tests.integrations.livekit.rooms.people import person
from tests.integrations.livekit.rooms.voices import Speakers
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e

ENROLLED = "My name is Ana, and this is how I sound when I talk about nothing in particular."
TURNS = (
    ("hall", 0, "I finished the budget for the new garden and I sent it to everybody yesterday."),
    ("hall", 1, "The delivery of the chairs is late again, and nobody can tell me the reason."),
    ("cem", 2, "We should invite the neighbours on Sunday."),
)


def test_people_on_a_shared_microphone_are_told_apart(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path
) -> None:
    store = open_store(offline=True, show_progress=False)
    known = shared_diarization(store, {"Ana": speakers.say(0, ENROLLED)})
    known.prepare().result(60)
    models = replace(models, diarization=known)

    async def run() -> None:
        async with AsyncExitStack() as stack:
            microphones = {
                "hall": await stack.enter_async_context(
                    person(server, room, "hall", attributes={"moderator.shared_mic": "true"})
                ),
                "cem": await stack.enter_async_context(person(server, room, "cem")),
            }
            reader = await stack.enter_async_context(
                person(server, room, "reader", publishes=False)
            )
            role = quiet_role(may_speak=False)
            robin = await stack.enter_async_context(agent(server, room, models, out, role))
            await present(reader)
            for microphone, voice, text in TURNS:
                await microphones[microphone].say(speakers.say(voice, text))
                await asyncio.sleep(1.0)
            await asyncio.sleep(2.5)
            robin.session.end("enough")
            summary = await robin.done()
            said, journal = robin.words(), robin.journal()
            others = [who for who in said if who.startswith("hall/speaker_")]
            assert "garden" in said["hall/Ana"], said
            assert len(others) == 1, said
            assert "chair" in said[others[0]], said
            assert "sunday" in said["cem"], said
            assert set(summary["speakers"]) == {"hall/Ana", others[0], "cem"}
            assert "hall" not in journal[0]["participants"]
            joined = {line["id"]: line["name"] for line in journal if line["kind"] == "joined"}
            assert joined == {
                "hall/Ana": "Ana",
                others[0]: others[0].split("/")[1].replace("_", " "),
            }
            assert {"hall/Ana", others[0], "cem"} <= {
                who for line in journal for who in line.get("speaking", [])
            }
            await asyncio.sleep(0.3)
            final = [(who, text) for who, text, last in reader.transcripts if last]
            assert any(who == "hall" and text.startswith("Ana: ") for who, text in final), final
            assert not [who for who, _ in final if "/" in who]

    asyncio.run(run())
