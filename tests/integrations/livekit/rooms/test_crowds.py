"""Some who come and go, and one who asks for too much; benchmarks/reliability has thousands."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from livekit import rtc

from integrations.livekit.hearing.models import RoomModels
from integrations.livekit.session import RoomSession
from integrations.livekit.telling.channels import AT_ONCE, OPEN
from tests.integrations.livekit.rooms.agent import IDENTITY, gathering, quiet_role
from tests.integrations.livekit.rooms.people import person, publish, until
from tests.integrations.livekit.rooms.voices import Speakers
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e


def renamed(session: RoomSession, who: str) -> bool:
    return session._names[who] != who.title()


def test_who_takes_another_name_is_called_by_it_and_who_goes_leaves_nothing(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path
) -> None:
    budget = speakers.say(1, "The budget for the garden went up.")

    async def run() -> None:
        role = quiet_role(may_speak=False)
        async with gathering(server, room, models, out, "ana", role=role) as (robin, _):
            session = robin.session
            for number in range(4):
                who = f"guest-{number % 2}"
                async with person(
                    server, room, who, publishes=False, can_update_own_metadata=True
                ) as guest:
                    sid = await publish(guest)
                    pub = guest.room.local_participant.track_publications[sid]
                    await asyncio.wait_for(pub.wait_for_subscription(), 10)
                    await guest.room.local_participant.set_name("Ana" if who[-1] == "0" else "Eve")
                    await until(partial(renamed, session, who))
                    if number < 2:
                        await guest.say(budget)
                        await asyncio.sleep(0.5)
            await until(lambda: session.tracks.heard == {"ana"})
            assert set(session._people.people) == {"ana"}
            session.end("the test is over")
            await robin.done()
            named = [line for line in robin.journal() if line["kind"] in ("joined", "renamed")]
            assert Counter(line["kind"] for line in named) == {"joined": 4, "renamed": 4}
            last = {line["id"]: line["name"] for line in named}
            assert last == {"guest-0": "Ana (2)", "guest-1": "Eve"}
            text = (out / "transcript.vtt").read_text("utf-8")
            assert set(re.findall(r"<v ([^>]+)>", text)) == {"Ana (2)", "Eve"}

    asyncio.run(run())


def test_who_asks_for_too_much_is_refused_and_the_others_are_heard(
    server: Server, models: RoomModels, room: str, out: Path
) -> None:
    async def run() -> None:
        async with gathering(server, room, models, out, "ana", "mallory") as (robin, people):
            ana, mallory = people["ana"], people["mallory"]
            local = mallory.room.local_participant
            for _ in range(3 * OPEN):
                writer = await local.stream_text(topic="lk.chat")
                await writer.write("/hush")

            async def call() -> int:
                try:
                    await mallory.call(IDENTITY, "status")
                except rtc.RpcError as error:
                    return error.code
                return 0

            codes = Counter(await asyncio.gather(*(call() for _ in range(4 * AT_ONCE))))
            assert set(codes) == {0, 2429}
            assert AT_ONCE <= codes[0] <= AT_ONCE + 10
            assert len(robin.session._channels._tasks) <= OPEN
            assert '"hushed": false' in await ana.call(IDENTITY, "status")
            assert "not heard" in await mallory.call(IDENTITY, "optout")
            assert "not heard" in await mallory.call(IDENTITY, "optout")
            consents = [line for line in robin.journal() if line["kind"] == "consent"]
            assert len(consents) == 1
            robin.session.end("the test is over")
            await robin.done()

    asyncio.run(run())
