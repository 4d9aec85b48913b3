"""An app's own handlers on the room, which keep events from the agent's."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from livekit import rtc

from integrations.livekit.hearing.models import RoomModels
from integrations.livekit.people.consent import OPT_OUT
from tests.integrations.livekit.rooms.agent import agent, present
from tests.integrations.livekit.rooms.people import person, until
from tests.integrations.livekit.rooms.test_late_refusals import erasing, heard, kept
from tests.integrations.livekit.rooms.voices import Speakers
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e

EVENTS = (
    "connection_state_changed",
    "participant_connected",
    "participant_disconnected",
    "participant_attributes_changed",
    "track_published",
    "track_subscribed",
    "track_unpublished",
    "track_unsubscribed",
)


def mistaken(*_: object) -> Any:
    """What the client library does not pass over: it calls no handler after this one."""
    raise TypeError("an app's mistake")


def test_people_are_heard_leave_and_refuse_whatever_an_app_does_with_events(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path
) -> None:
    secret = speakers.say(0, "The password is purple elephant balloon.")
    more = speakers.say(0, "The giraffe has seen everything.")
    other = speakers.say(1, "The weather was lovely in the mountains yesterday.")

    async def run() -> None:
        given = rtc.Room()
        for event in EVENTS:
            given.on(event, mistaken)  # type: ignore[arg-type]
        async with agent(server, room, models, out, erasing(), first=given) as robin:
            themselves = person(server, room, "ana", can_update_own_metadata=True)
            async with themselves as ana, person(server, room, "ben") as ben:
                await present(ana)
                await until(lambda: robin.session.tracks.heard == {"ana", "ben"}, 8.0)
                await ana.say(secret)
                await heard(robin)
                await ana.room.local_participant.set_attributes({OPT_OUT: "true"})
                await until(lambda: any(x["kind"] == "erased" for x in robin.journal()), 8.0)
                assert "elephant" not in kept(out)
                await ana.say(more)
                await ben.say(other)
                await until(lambda: "mountains" in robin.words().get("ben", ""))
                assert "giraffe" not in kept(out)
            await robin.done()
            assert robin.journal()[-1]["why"] == "everybody had left"
            left = [line["id"] for line in robin.journal() if line["kind"] == "left"]
            assert "ben" in left

    asyncio.run(run())
