"""Who has no microphone takes no part in the talk, and is not asked to."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from integrations.livekit.hearing.models import RoomModels
from moderator.timeline import to_samples
from roles.schema import Role
from tests.integrations.livekit.rooms.agent import agent, present, quiet_role
from tests.integrations.livekit.rooms.people import person, publish, until
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e


def inviting() -> Role:
    duty = {"type": "invite_quiet", "quiet_for_s": 1.0, "below_share": 1.0, "every_s": 1.0}
    role = quiet_role(cool_down_s=0.0, eagerness=0.0)  # it wishes, and never does it
    return Role.model_validate(role.model_dump(mode="json") | {"duties": [duty]})


def invited(lines: list[dict[str, Any]]) -> list[tuple[str, set[str]]]:
    """Who came and went, and whom it would have invited from then on."""
    found, since = [("begins", set[str]())], 0
    for line in lines:
        if line["kind"] in ("joined", "left"):
            found.append((f"{line['id']} {line['kind']}", set()))
            since = line["at"] + to_samples(0.3)  # a wish may be on its way
        elif line["kind"] == "proposal" and line["at"] > since:
            found[-1][1].add(line["addressee"])
    return found


def test_only_who_has_a_microphone_and_may_be_heard_is_invited(
    server: Server, models: RoomModels, room: str, out: Path
) -> None:
    async def run() -> None:
        async with AsyncExitStack() as stack:
            enter = stack.enter_async_context
            watcher = await enter(person(server, room, "abel", publishes=False))
            ben = await enter(person(server, room, "ben"))
            robin = await enter(agent(server, room, models, out, inviting()))
            await present(ben)

            await asyncio.sleep(2.5)
            await ben.write("/optout")
            await until(lambda: not robin.session.tracks.heard)
            await asyncio.sleep(2.5)
            await publish(watcher)
            await until(lambda: robin.session.tracks.heard == {"abel"})
            await asyncio.sleep(2.5)
            await watcher.room.disconnect()
            await until(lambda: not robin.session.tracks.heard)
            await ben.write("/optin")
            await until(lambda: robin.session.tracks.heard == {"ben"})
            await asyncio.sleep(2.5)
            robin.session.end("enough")
            await robin.done()
            assert set(robin.journal()[0]["participants"]) == {"ben"}
            assert invited(robin.journal()) == [
                ("begins", {"ben"}),
                ("ben left", set()),
                ("abel joined", {"abel"}),
                ("abel left", set()),
                ("ben joined", {"ben"}),
            ]

    asyncio.run(run())
