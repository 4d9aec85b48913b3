"""Who may tell the agent what, by RPC and chat; consent."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from livekit import rtc

from integrations.livekit.hearing.models import RoomModels
from tests.integrations.livekit.rooms.agent import IDENTITY, agent, gathering, present, quiet_role
from tests.integrations.livekit.rooms.people import Person, person, until
from tests.integrations.livekit.rooms.test_speaking import LONG
from tests.integrations.livekit.rooms.voices import Speakers
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e


async def until_chat(one: Person, part: str, within: float = 5.0) -> str:
    """Waits for a message of the agent."""
    async with asyncio.timeout(within):
        while True:
            for who, text in one.chat:
                if who == IDENTITY and part in text:
                    return text
            await asyncio.sleep(0.05)


def test_commands_by_rpc_and_chat_are_checked_against_the_role(
    server: Server, models: RoomModels, room: str, out: Path
) -> None:
    async def run() -> None:
        async with gathering(server, room, models, out, "ana", "ben") as (robin, people):
            ana, ben = people["ana"], people["ben"]
            assert "automatic agent" in await until_chat(ben, "/optout")
            assert "silent" in await ben.call(IDENTITY, "hush")
            status = json.loads(await ana.call(IDENTITY, "status"))
            assert status["hushed"] is True
            await ben.write("/resume")
            await until_chat(ben, "may speak again")
            assert not [text for who, text in ana.chat if "may speak again" in text]
            assert json.loads(await ana.call(IDENTITY, "status"))["hushed"] is False
            assert json.loads(await ana.call(IDENTITY, "role"))["id"] == "facilitator"
            with pytest.raises(rtc.RpcError) as refused:
                await ben.call(IDENTITY, "leave")
            assert (refused.value.code, "does not let you" in refused.value.message) == (2403, True)
            await ben.write("/leave")
            await until_chat(ben, "No: the role facilitator does not let you")
            for payload in ("[1, 2]", '{"text": 3}', '{"text"', "", "x" * 600):
                with pytest.raises(rtc.RpcError) as bad:
                    await ana.call(IDENTITY, "say", payload)
                assert bad.value.code == 2400
            await ben.write("/" + "x" * 1_000_000)
            await ben.write("/dance")
            await ben.write("leave")
            assert "leave" in await ana.call(IDENTITY, "leave")
            await robin.done()
            lines = [line for line in robin.journal() if line["kind"] == "command"]
            assert [
                (line["command"], line["by"], line["channel"], line["accepted"])
                for line in lines
                if line["command"] not in ("status", "role")
            ] == [
                ("hush", "ben", "rpc", True),
                ("resume", "ben", "chat", True),
                ("leave", "ben", "rpc", False),
                ("leave", "ben", "chat", False),
                ("leave", "ana", "rpc", True),
            ]
            assert robin.journal()[-1]["why"] == "the agent was told to leave"

    asyncio.run(run())


def test_who_opts_out_is_not_heard_from_then_on(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path
) -> None:
    budget = speakers.say(0, "I finished the budget for the new garden.")
    chairs = speakers.say(1, "The delivery of the chairs is late again.")
    secret = speakers.say(0, "My password is a purple elephant.")
    again = speakers.say(0, "Now the weather report for tomorrow.")

    async def run() -> None:
        role = quiet_role(may_speak=False)
        async with gathering(server, room, models, out, "ana", "ben", role=role) as (robin, people):
            ana, ben = people["ana"], people["ben"]
            await ana.say(budget)
            await asyncio.sleep(2.0)
            await ana.write("/optout")
            await until_chat(ana, "not heard any more")
            await asyncio.sleep(0.3)
            assert robin.session.tracks.heard == {"ben"}
            await asyncio.gather(ana.say(secret), ben.say(chairs))
            await asyncio.sleep(2.5)
            assert robin.session.tracks.heard == {"ben"}
            assert "heard" in await ana.call(IDENTITY, "optin")
            await asyncio.sleep(1.0)
            await ana.say(again)
            await asyncio.sleep(2.5)
            robin.session.end("enough")
            await robin.done()
            said = robin.words()
            assert "garden" in said["ana"]
            assert "weather" in said["ana"]
            assert "chair" in said["ben"]
            assert "elephant" not in (out / "journal.jsonl").read_text("utf-8")
            consent = [line for line in robin.journal() if line["kind"] == "consent"]
            assert [(line["by"], line["channel"], line["given"]) for line in consent] == [
                ("ana", "chat", False),
                ("ana", "rpc", True),
            ]

    asyncio.run(run())


def test_an_attribute_keeps_somebody_from_being_heard_at_all(
    server: Server, models: RoomModels, room: str, out: Path
) -> None:
    async def run() -> None:
        async with AsyncExitStack() as stack:
            ana = await stack.enter_async_context(
                person(server, room, "ana", attributes={"moderator.optout": "true"})
            )
            ben = await stack.enter_async_context(person(server, room, "ben"))
            robin = await stack.enter_async_context(agent(server, room, models, out))
            await present(ben)
            assert robin.session.tracks.heard == {"ben"}
            publication = next(iter(ana.room.local_participant.track_publications.values()))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1.0):
                    await publication.wait_for_subscription()

    asyncio.run(run())


def test_an_objection_makes_it_leave_if_the_role_says_so(
    server: Server, models: RoomModels, room: str, out: Path
) -> None:
    role = quiet_role()
    wary = role.model_copy(
        update={"consent": role.consent.model_copy(update={"leave_on_objection": True})}
    )

    async def run() -> None:
        async with gathering(server, room, models, out, "ana", role=wary) as (robin, people):
            ana = people["ana"]
            await ana.write("/optout")
            await robin.done()
            assert robin.journal()[-1]["why"] == "ana objected"

    asyncio.run(run())


def test_a_spoken_stop_and_listening_only_end_its_turn(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path
) -> None:
    """By voice, by chat and by RPC; after each it is silent until it may speak again."""
    stop = speakers.say(0, "Robin, stop talking.")

    async def run() -> None:
        async with gathering(server, room, models, out, "ana", "ben") as (robin, people):
            ana, ben = people["ana"], people["ben"]

            def state() -> str:
                return ana.room.remote_participants[IDENTITY].attributes["lk.agent.state"]

            def ended(turns: int) -> bool:
                own = [text for who, text, _ in ben.transcripts if who == IDENTITY]
                return state() == "listening" and len(own) >= before + turns

            async def spoken() -> None:
                await ana.say(stop)

            async def written() -> None:
                await ben.write("/listen_only")

            async def called() -> None:
                await ben.call(IDENTITY, "listen_only")

            for number, give in enumerate((spoken, written, called)):
                asked, before = time.monotonic(), 2 * number
                await ana.call(IDENTITY, "say", LONG)
                await until(lambda: state() == "speaking")  # not the last sound of the turn before
                assert await ben.first_sound(asked, within=15.0) is not None
                await give()
                await until(lambda: ended(1))
                await asyncio.sleep(0.5)
                silent = time.monotonic()
                await ana.call(IDENTITY, "say", "This must wait.")
                assert await ben.first_sound(silent, within=1.5) is None
                status = json.loads(await ben.call(IDENTITY, "status"))
                assert (status["hushed"], status["listen_only"]) == (number == 0, number > 0)
                await ben.call(IDENTITY, "resume")
                assert await ben.first_sound(silent, within=15.0) is not None
                await until(lambda: ended(2))
            robin.session.end("enough")
            await robin.done()
            lines = robin.journal()
            turns = [line for line in lines if line["kind"] == "turn_ended"]
            assert [bool(line["lost"]) for line in turns] == [True, False] * 3
            given = [
                (line["command"], line["by"], line["channel"], line["accepted"])
                for line in lines
                if line["kind"] == "command" and line["command"] in ("hush", "listen_only")
            ]
            assert given == [
                ("hush", "ana", "voice", True),
                ("listen_only", "ben", "chat", True),
                ("listen_only", "ben", "rpc", True),
            ]

    asyncio.run(run())
