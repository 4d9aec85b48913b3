"""What changes in the middle of a meeting: what may be kept, and the role."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from livekit import rtc

from integrations.livekit.hearing.models import RoomModels
from moderator.journal.rerun import rerun
from moderator.timeline import SAMPLE_RATE
from roles.schema import Role
from tests.integrations.livekit.rooms.agent import IDENTITY, gathering, quiet_role
from tests.integrations.livekit.rooms.people import until
from tests.integrations.livekit.rooms.test_control import until_chat
from tests.integrations.livekit.rooms.voices import Speakers
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e


def erasing() -> Role:
    role = quiet_role(may_speak=False).model_dump(mode="json")
    return Role.model_validate(role | {"consent": {"erase_on_opt_out": True}})


def test_what_was_heard_before_an_opt_out_is_erased(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path
) -> None:
    budget = speakers.say(0, "I finished the budget for the new garden.")
    chairs = speakers.say(1, "The delivery of the chairs is late again.")

    async def run() -> None:
        meeting = gathering(server, room, models, out, "ana", "ben", role=erasing())
        async with meeting as (robin, people):
            ana, ben = people["ana"], people["ben"]
            await ana.say(budget)
            await asyncio.sleep(1.0)
            await ben.say(chairs)
            await asyncio.sleep(2.0)
            await ana.write("/optout")
            await until_chat(ana, "not heard any more")
            robin.session.end("enough")
            await robin.done()
            assert set(robin.words()) == {"ben"}

    asyncio.run(run())
    for path in out.iterdir():
        if path.suffix in (".jsonl", ".json", ".vtt", ".html"):
            assert "garden" not in path.read_text("utf-8"), path
    assert rerun(out / "journal.jsonl") == []
    spoken = {"ana": 0.0, "ben": 0.0}
    sound, rate = soundfile.read(out / "meeting.wav", dtype="float32")
    assert rate == SAMPLE_RATE
    for line in map(json.loads, (out / "journal.jsonl").read_text("utf-8").splitlines()):
        for who, start, end in line.get("activities", ()):
            spoken[who] += float(np.sum(sound[start:end] ** 2))
    assert spoken["ben"] > 1.0
    assert spoken["ana"] < 1e-3


VISITOR = """
id: visitor
summary: Says hello and answers.
identity: {name: Somebody else}
duties: [{type: answer}]
turn: {share_ceiling: 1.0}
authority: {commands: {role: [ana], status: everyone}}
"""


def test_the_role_is_changed_by_whoever_may(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path
) -> None:
    question = speakers.say(0, "Robin, who has talked the most so far?")
    own = Role.model_validate(quiet_role().model_dump(mode="json") | {"id": "own"})

    async def run() -> None:
        meeting = gathering(server, room, models, out, "ana", others=(own,))
        async with meeting as (robin, people):
            ana = people["ana"]
            me = ana.room.remote_participants[IDENTITY]
            for asked in ("nobody", "../../etc/passwd", "role.yaml", VISITOR + "voice: loud"):
                with pytest.raises(rtc.RpcError) as refused:
                    await ana.call(IDENTITY, "role", asked)
                assert refused.value.code == 2409
                assert "\n" not in refused.value.message
            await ana.write("/role own")
            await until_chat(ana, "has the role own now")
            assert "observer" in await ana.call(IDENTITY, "role", "observer")
            await until(lambda: me.attributes["moderator.role"] == "observer")
            _, ended = await ana.say(question)
            assert await ana.first_sound(ended, within=3.0) is None, "an observer does not speak"
            with pytest.raises(rtc.RpcError) as refused:
                await ana.call(IDENTITY, "say", "hello")
            assert refused.value.code == 2403
            robin.session.end("enough")
            await robin.done()
            told = [json.loads(text) for topic, text in ana.data if topic == "moderator.change"]
            assert [one["role"] for one in told] == ["own", "observer"]

    asyncio.run(run())
    lines = list(map(json.loads, (out / "journal.jsonl").read_text("utf-8").splitlines()))
    changes = [line["role"]["id"] for line in lines if line["kind"] == "role_changed"]
    assert changes == ["own", "observer"]
    assert rerun(out / "journal.jsonl") == []


def test_a_role_given_as_text_takes_over(
    server: Server, models: RoomModels, room: str, out: Path
) -> None:
    async def run() -> None:
        async with gathering(server, room, models, out, "ben", "ana") as (robin, people):
            ana, ben = people["ana"], people["ben"]
            assert "visitor" in await ana.call(IDENTITY, "role", VISITOR)
            await until_chat(ana, "Robin has the role visitor now")
            with pytest.raises(rtc.RpcError) as refused:
                await ben.call(IDENTITY, "role", VISITOR)
            assert refused.value.code == 2403
            robin.session.end("enough")
            await robin.done()
            given = [line["argument"] for line in robin.journal() if line["kind"] == "command"]
            assert given == ["visitor", "…"]

    asyncio.run(run())
