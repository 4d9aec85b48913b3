"""The agent's voice comes back through somebody's loudspeaker."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from livekit import rtc

from integrations.livekit.hearing.models import RoomModels
from moderator.audio import Waveform, silence, to_pcm16
from tests.integrations.livekit.rooms.agent import Agent, gathering
from tests.integrations.livekit.rooms.people import RATE, Person
from tests.integrations.livekit.rooms.test_speaking import LONG, OVER
from tests.integrations.livekit.rooms.voices import Speakers
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e

STEP = RATE // 100


class Loudspeaker:
    """Plays what a person hears into their own microphone, later and lower, with what they say.

    Args:
        one: listens.
        delay_s: from loudspeaker to microphone.
        gain: of the echo.
    """

    def __init__(self, one: Person, delay_s: float, gain: float) -> None:
        self._one, self._lag, self._gain = one, round(delay_s * RATE / STEP), gain
        self.speech: Waveform = silence(0)

    async def run(self) -> None:
        played = len(self._one.heard)
        # A queue that ran dry would make the way longer, as no loudspeaker does.
        head = to_pcm16(silence(RATE // 8))
        await self._one.source.capture_frame(rtc.AudioFrame(head.tobytes(), RATE, 1, len(head)))
        while True:
            while len(self._one.heard) > played + self._lag:
                echo = np.frombuffer(self._one.heard[played], dtype=np.int16) / np.float32(32768)
                said, self.speech = self.speech[: len(echo)], self.speech[len(echo) :]
                mixed = (echo * self._gain).astype(np.float32)
                mixed[: len(said)] += said
                pcm = to_pcm16(mixed)
                await self._one.source.capture_frame(
                    rtc.AudioFrame(pcm.tobytes(), RATE, 1, len(pcm))
                )
                played += 1
            await asyncio.sleep(0.005)


def ended(robin: Agent) -> list[dict[str, Any]]:
    """The agent's turns that are over."""
    return [line for line in robin.journal() if line["kind"] == "turn_ended"]


def test_its_echo_neither_stops_it_nor_is_anybodys_words(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path
) -> None:
    over = speakers.say(0, OVER)

    async def run() -> None:
        async with gathering(server, room, models, out, "ana") as (robin, people):
            ana = people["ana"]
            for delay_s, gain in ((0.05, 0.7), (0.4, 0.4)):
                loudspeaker = Loudspeaker(ana, delay_s, gain)
                echoing = asyncio.create_task(loudspeaker.run())
                asked = time.monotonic()
                await ana.call("agent-robin", "say", LONG)
                assert await ana.first_sound(asked, within=6.0) is not None
                turns = len(ended(robin)) + 1
                if delay_s > 0.1:
                    await asyncio.sleep(3.0)
                    loudspeaker.speech = over
                async with asyncio.timeout(30):
                    while len(ended(robin)) < turns:
                        await asyncio.sleep(0.2)
                if delay_s > 0.1:
                    await asyncio.sleep(5.0)  # what ana said is heard to its end
                echoing.cancel()
            robin.session.end("enough")
            await robin.done()
            first, second = ended(robin)
            said = robin.words().get("ana", "")
            print("lost:", first["lost"], second["lost"], "ana:", said)
            assert first["heard"] == LONG
            assert second["lost"]
            for own in (
                "at some length",
                "has happened",
                "what will happen",
                "asked for the floor",
            ):
                assert own not in said
            assert "not what i wanted" in said

    asyncio.run(run())
