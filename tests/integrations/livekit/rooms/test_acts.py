"""The graded acts that the room sees or hears: the raised hand, the backchannel, the turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integrations.livekit.hearing.models import RoomModels
from moderator.events import Act, Proposal
from moderator.mind.duties.session import Duties, DutiesSession
from roles.schema import Role
from tests.integrations.livekit.rooms.agent import IDENTITY, gathering, quiet_role
from tests.integrations.livekit.rooms.people import until
from tests.integrations.livekit.rooms.voices import Speakers
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e

MONOLOGUE = (
    "I have been thinking about the garden, and about the chairs, and about the shed, and about "
    "everything else that we have talked about since the spring, and I am not at the end yet."
)


def ending_monologues() -> Role:
    duty = {"type": "end_monologue", "after_s": 3.0}
    return Role.model_validate(
        quiet_role(cool_down_s=0.0).model_dump(mode="json") | {"duties": [duty]}
    )


def test_it_raises_its_hand_over_a_monologue_and_speaks_when_the_floor_is_free(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path
) -> None:
    monologue = speakers.say(0, MONOLOGUE)

    async def run() -> None:
        role = ending_monologues()
        meeting = gathering(server, room, models, out, "ana", "ben", role=role)
        async with meeting as (_, people):
            ana, ben = people["ana"], people["ben"]
            begun = time.monotonic()
            talk = ana.start(monologue)
            me = ben.room.remote_participants[IDENTITY]

            def hand() -> str:
                return me.attributes.get("moderator.hand", "")

            await until(lambda: "had the floor" in hand())
            assert not talk.done(), "the hand goes up while the other goes on"
            assert not ben.sounding(begun), "a hand is not heard"
            assert me.attributes["moderator.floor"] == "ana"
            await until(lambda: dict(ben.data).get("moderator.hand"))
            assert "had the floor" in dict(ben.data)["moderator.hand"]
            await talk
            await until(lambda: me.attributes["lk.agent.state"] == "speaking")
            await until(lambda: hand() == "")
            await until(lambda: me.attributes["lk.agent.state"] == "listening")
            await until(lambda: float(me.attributes["moderator.share"]) > 0.0)
            assert ben.sounding(begun)

    asyncio.run(run())


class Nodding(Duties):
    """A mind whose one wish is to show that it listens."""

    async def open(self, role: Role, participants: object) -> Nods:
        return Nods(role, {})


class Nods(DutiesSession):
    async def propose(self) -> Proposal | None:
        if self._scene is None:
            return None
        return Proposal(self._scene.now, "nods", 1.0, Act.BACKCHANNEL, answering=True)

    async def compose(self, proposal: Proposal) -> AsyncIterator[str]:
        yield "Mm-hm."


def test_a_backchannel_is_a_short_sound_that_takes_no_floor(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path
) -> None:
    monologue = speakers.say(0, MONOLOGUE)
    role = quiet_role(backchannels={"allowed": True, "every_s": 60.0})

    async def run() -> None:
        meeting = gathering(server, room, models, out, "ana", "ben", role=role, mind=Nodding())
        async with meeting as (robin, people):
            ana, ben = people["ana"], people["ben"]
            begun = time.monotonic()
            talk = ana.start(monologue)
            assert await ben.first_sound(begun, within=12.0) is not None
            assert not talk.done(), "it is heard while the other goes on"
            _, ended = await talk
            assert ben.room.remote_participants[IDENTITY].attributes["moderator.floor"] == "ana"
            sounds = ben.sounding(begun)
            assert sounds[-1] - sounds[0] < 1.5
            robin.session.end("enough")
            await robin.done()
            lines = robin.journal()
            started = [line for line in lines if line["kind"] == "turn_started"]
            assert [line["act"] for line in started] == ["backchannel"]
            assert not [line for line in lines if line.get("action") in ("yield", "stop")]
            assert ended > begun

    asyncio.run(run())
