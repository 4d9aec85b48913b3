"""What the room hears of the agent, measured at a listener."""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path

import pytest

from integrations.livekit.hearing.models import RoomModels
from tests.integrations.livekit.rooms.agent import gathering, quiet_role
from tests.integrations.livekit.rooms.voices import Speakers
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e

QUESTION = "Robin, who has talked the most so far?"
OVER = "No wait, that is not what I wanted to know, let me say it in another way."
LONG = (
    "I will now tell you at some length what has happened in this meeting so far, and then what "
    "will happen next, and then who has asked for the floor, so that nobody is left out of it."
)


def test_a_question_by_name_is_answered(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path
) -> None:
    door, question = (
        speakers.say(1, "I have fixed the door of the shed."),
        speakers.say(0, QUESTION),
    )

    async def run() -> None:
        async with gathering(server, room, models, out, "ana", "ben") as (robin, people):
            ana, ben = people["ana"], people["ben"]
            await ben.say(door)
            await asyncio.sleep(1.0)
            gaps = []
            for _ in range(3):
                _, ended = await ana.say(question)
                first = await ben.first_sound(ended, within=6.0)
                assert first is not None, "no answer"
                gaps.append(first - ended)
                await asyncio.sleep(6.0)
            robin.session.end("enough")
            await robin.done()
            played = [line for line in robin.journal() if line["kind"] == "turn_ended"]
            assert len(played) == 3
            assert all("ben" in line["heard"].lower() for line in played), played
            await asyncio.sleep(0.3)
            own = [text for who, text, _ in ben.transcripts if who == "agent-robin"]
            assert len(own) == 3
            assert "ben" in own[0].lower()
            print(f"question to answer at the listener: {[round(gap, 2) for gap in gaps]} s")
            assert statistics.median(gaps) < 3.0

    asyncio.run(run())


def test_talking_over_the_agent_makes_it_silent(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path
) -> None:
    over = speakers.say(0, OVER)

    async def run() -> None:
        async with gathering(server, room, models, out, "ana", "ben") as (robin, people):
            ana, ben = people["ana"], people["ben"]
            gaps = []
            for _ in range(3):
                asked = time.monotonic()
                await ana.call("agent-robin", "say", LONG)
                assert await ben.first_sound(asked, within=6.0) is not None
                await asyncio.sleep(2.0)
                begun = time.monotonic()
                talk = ana.start(over)
                await talk
                last = max(ben.sounding(begun - 1.0, begun + 4.0))
                gaps.append(last - begun)
                await asyncio.sleep(1.5)
            robin.session.end("enough")
            await robin.done()
            print(f"talk to silence at the listener: {[round(gap, 2) for gap in gaps]} s")
            ended = [line for line in robin.journal() if line["kind"] == "turn_ended"]
            assert all(line["lost"] or line["heard"] != LONG for line in ended)
            assert max(gaps) < 1.2

    asyncio.run(run())


def test_a_backchannel_does_not_end_its_turn(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path
) -> None:
    okay = speakers.say(0, "Okay.")

    async def run() -> None:
        async with gathering(server, room, models, out, "ana", "ben") as (robin, people):
            ana, ben = people["ana"], people["ben"]
            asked = time.monotonic()
            await ana.call("agent-robin", "say", LONG)
            assert await ben.first_sound(asked, within=6.0) is not None
            await asyncio.sleep(2.0)
            begun, _ = await ana.say(okay)
            await asyncio.sleep(8.0)
            assert ben.sounding(begun + 2.0)
            robin.session.end("enough")
            await robin.done()
            acts = [line["action"] for line in robin.journal() if line["kind"] == "decision"]
            assert acts.count("pause") == acts.count("go_on") == 1
            assert "yield" not in acts

    asyncio.run(run())


def test_people_talking_to_each_other_get_no_answer(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path
) -> None:
    asked = speakers.say(0, "Ben, who has talked the most so far?")
    answered = speakers.say(1, "I think it was you, Ana. How much time is left?")
    closed = speakers.say(0, "About ten minutes, I would say.")

    async def run() -> None:
        async with gathering(server, room, models, out, "ana", "ben") as (robin, people):
            ana, ben = people["ana"], people["ben"]
            begun = time.monotonic()
            await ana.say(asked)
            await asyncio.sleep(1.5)
            await ben.say(answered)
            await asyncio.sleep(1.5)
            await ana.say(closed)
            await asyncio.sleep(4.0)
            assert not ben.sounding(begun)
            robin.session.end("enough")
            summary = await robin.done()
            assert summary["agent"]["turns"] == 0
            assert len(summary["speakers"]) == 2

    asyncio.run(run())


def test_a_role_that_never_speaks_publishes_nothing(
    server: Server, models: RoomModels, room: str, out: Path
) -> None:
    from dataclasses import replace

    async def run() -> None:
        mute, role = replace(models, voice=None), quiet_role(may_speak=False)
        async with gathering(server, room, mute, out, "ana", role=role) as (_, people):
            ana = people["ana"]
            robin = ana.room.remote_participants["agent-robin"]
            assert not robin.track_publications
            assert robin.attributes["moderator.role"] == "facilitator"
            assert robin.attributes["lk.agent.state"] == "listening"

    asyncio.run(run())
