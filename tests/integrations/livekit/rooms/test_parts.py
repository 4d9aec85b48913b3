"""Ears and a voice that fail in a room: people are told, and the meeting goes on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from integrations.livekit.hearing.models import RoomModels
from integrations.livekit.showing.text import TOLD
from moderator.ears.loading import EarModels
from moderator.events import Part
from moderator.testing.faulty import FaultyDetector, FaultyRecogniser, FaultyVoice, Mode, Switch
from tests.integrations.livekit.rooms.agent import IDENTITY, gathering
from tests.integrations.livekit.rooms.people import until
from tests.integrations.livekit.rooms.test_control import until_chat
from tests.integrations.livekit.rooms.voices import Speakers
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e


def test_people_are_told_that_it_is_deaf_and_mute_and_that_it_is_so_no_more(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path
) -> None:
    hello = speakers.say(0, "Hello there.")
    finding, hearing, speaking = (Switch(Mode.CRASH) for _ in range(3))
    ears = EarModels(lambda: FaultyDetector(finding), FaultyRecogniser(hearing))
    broken = replace(models, ears=ears, voice=FaultyVoice(speaking))

    async def run() -> None:
        async with gathering(server, room, broken, out, "ana", "ben") as (robin, people):
            ana = people["ana"]
            me = ana.room.remote_participants[IDENTITY]

            def shown() -> tuple[str, str]:
                return me.attributes["moderator.hearing"], me.attributes["moderator.speaking"]

            await until(lambda: shown() == ("ok", "ok"))
            for _ in range(3):
                await ana.say(hello)
                await asyncio.sleep(1.0)
            await until_chat(people["ben"], TOLD[Part.DETECTOR, False])
            await until_chat(people["ben"], TOLD[Part.RECOGNISER, False])
            for _ in range(2):
                await ana.call(IDENTITY, "say", "Yes.")
                await asyncio.sleep(1.5)
            await until_chat(people["ben"], TOLD[Part.VOICE, False])
            await until(lambda: shown() == ("failed", "failed"))
            finding.mode = hearing.mode = speaking.mode = Mode.OK
            await ana.say(hello)
            await until_chat(people["ben"], TOLD[Part.DETECTOR, True])
            await until_chat(people["ben"], TOLD[Part.RECOGNISER, True])
            await ana.call(IDENTITY, "say", "Yes.")
            await until_chat(people["ben"], TOLD[Part.VOICE, True])
            await until(lambda: shown() == ("ok", "ok"))
            robin.session.end("enough")
            await robin.done()
            changes = [line for line in robin.journal() if line["kind"] == "part_changed"]
            for part in ("detector", "recogniser", "voice"):
                assert [one["up"] for one in changes if one["part"] == part] == [False, True]
            assert len(changes) == 6
            assert robin.journal()[-1]["complete"] is True

    asyncio.run(run())
