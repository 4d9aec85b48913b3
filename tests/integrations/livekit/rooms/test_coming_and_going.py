"""People join late, leave, mute, publish anew; the agent knows when it is alone."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from contextlib import AsyncExitStack
from itertools import pairwise
from operator import le
from pathlib import Path

import pytest
from livekit import rtc

from integrations.livekit.hearing.models import RoomModels
from tests.integrations.livekit.rooms.agent import IDENTITY, agent, gathering, present, quiet_role
from tests.integrations.livekit.rooms.people import person, publish, until
from tests.integrations.livekit.rooms.voices import Speakers
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e


def test_late_join_mute_republish_and_leaving(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path
) -> None:
    budget = speakers.say(0, "I finished the budget for the new garden.")
    chairs = speakers.say(1, "The delivery of the chairs is late again.")
    muted = speakers.say(0, "My password is a purple elephant.")
    sunday = speakers.say(0, "We should invite the neighbours on Sunday.")
    weather = speakers.say(0, "Now the weather report for tomorrow.")

    async def run() -> None:
        role = quiet_role(may_speak=False)
        async with gathering(server, room, models, out, "ana", role=role) as (robin, people):
            ana = people["ana"]
            await ana.say(budget)
            async with person(server, room, "ben") as ben:
                await asyncio.sleep(0.8)
                await ben.say(chairs)
                ana.track.mute()
                await asyncio.sleep(0.3)
                await ana.say(muted)
                ana.track.unmute()
                await asyncio.sleep(0.5)
                await ana.say(sunday)
                await asyncio.sleep(1.0)
            for pub in list(ana.room.local_participant.track_publications):
                await ana.room.local_participant.unpublish_track(pub)
            await asyncio.sleep(0.5)
            assert robin.session.tracks.heard == frozenset()
            ana.track = rtc.LocalAudioTrack.create_audio_track("again", ana.source)
            await publish(ana)
            await asyncio.sleep(0.8)
            await ana.say(weather)
            await asyncio.sleep(2.5)
            await ana.room.disconnect()
            await robin.done()
            said = robin.words()
            assert all(word in said["ana"] for word in ("garden", "invite", "weather")), said
            assert "elephant" not in said["ana"]
            assert "chair" in said["ben"]
            moves = [
                (line["kind"], line["id"])
                for line in robin.journal()
                if line["kind"] in ("joined", "left")
            ]
            assert moves == [("joined", "ben"), ("left", "ben"), ("left", "ana")]
            assert robin.journal()[-1]["why"] == "everybody had left"
            assert robin.journal()[-1]["complete"] is True

    asyncio.run(run())


def test_words_of_different_people_keep_their_order(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path
) -> None:
    """Clicks of two people, 500 ms apart, are stamped that far apart."""
    import numpy as np

    from moderator.timeline import to_samples, to_seconds

    click = np.zeros(to_samples(0.2), dtype=np.float32)
    click[: to_samples(0.1)] = 0.3 * np.sin(np.arange(to_samples(0.1)) * 2 * np.pi * 440 / 16_000)

    async def run() -> None:
        async with AsyncExitStack() as stack:
            ana = await stack.enter_async_context(person(server, room, "ana"))
            ben = await stack.enter_async_context(person(server, room, "ben"))
            role = quiet_role(may_speak=False)
            robin = await stack.enter_async_context(agent(server, room, models, out, role))
            seen: list[tuple[str, float]] = []
            drain = robin.session.tracks.drain

            def watch() -> list[object]:
                chunks = drain()
                for chunk in chunks:
                    loud = np.flatnonzero(np.abs(chunk.samples) > 0.1)
                    if len(loud):
                        seen.append((chunk.track, to_seconds(chunk.start + int(loud[0]))))
                return chunks  # type: ignore[return-value]

            robin.session.tracks.drain = watch  # type: ignore[method-assign,assignment]
            await present(ana)
            loop = asyncio.get_running_loop()
            begun = loop.time() + 0.2
            clicks = []
            for number in range(6):
                await asyncio.sleep(begun + number * 0.5 - loop.time())
                clicks.append((ana, ben)[number % 2].start(click))
            await asyncio.gather(*clicks)
            await asyncio.sleep(1.0)
            firsts: list[tuple[str, float]] = []
            for who, at in sorted(seen, key=lambda pair: pair[1]):
                if not firsts or at - firsts[-1][1] > 0.25:
                    firsts.append((who, at))
            assert [who for who, _ in firsts] == ["ana", "ben"] * 3
            gaps = [b[1] - a[1] for a, b in pairwise(firsts)]
            print(f"gaps of 0.5 s as stamped: {[round(gap, 3) for gap in gaps]}")
            assert all(abs(gap - 0.5) < 0.1 for gap in gaps)

    asyncio.run(run())


def test_screen_sound_and_other_agents_are_not_heard(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path
) -> None:
    """Nobody can start a conversation of agents with it, and a film it is shown asks nothing."""
    question = speakers.say(1, "Robin, who has talked the most so far?")

    async def run() -> None:
        async with AsyncExitStack() as stack:
            ana = await stack.enter_async_context(
                person(server, room, "ana", publishes=False, listens=True)
            )
            bot = await stack.enter_async_context(person(server, room, "bot", kind="agent"))
            await publish(ana, rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO)
            robin = await stack.enter_async_context(agent(server, room, models, out))
            await present(ana)
            assert robin.session.tracks.heard == frozenset()
            me = ana.room.remote_participants[IDENTITY]
            assert me.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
            await asyncio.gather(ana.say(question), bot.say(question))
            await asyncio.sleep(2.0)
            assert not ana.transcripts, "neither words nor an answer"
            await ana.room.disconnect()
            await robin.done()
            assert not robin.words()
            assert not [line for line in robin.journal() if line.get("action") == "speak"]
            assert robin.journal()[-1]["why"] == "everybody had left"

    asyncio.run(run())


def test_two_agents_in_one_room_do_not_talk_to_each_other(
    server: Server, models: RoomModels, room: str, out: Path
) -> None:
    """One is told to ask the other something, which does not hear it."""
    asked = "Robin, who has talked the most so far?"

    async def run() -> None:
        async with AsyncExitStack() as stack:
            ana = await stack.enter_async_context(person(server, room, "ana", listens=True))
            robin = await stack.enter_async_context(agent(server, room, models, out))
            other = await stack.enter_async_context(
                agent(server, room, models, out.with_name("other"), identity="agent-other")
            )
            await present(ana)
            await until(lambda: "agent-other" in ana.room.remote_participants)
            await asyncio.sleep(1.0)
            await ana.call("agent-other", "say", asked)
            await until(lambda: any(who == "agent-other" for who, _, _ in ana.transcripts))
            await asyncio.sleep(2.0)
            assert not [who for who, _, _ in ana.transcripts if who == IDENTITY]
            await ana.room.disconnect()
            for one in (robin, other):
                await one.done()
                assert not one.words()
                assert one.journal()[-1]["why"] == "everybody had left"

    asyncio.run(run())


def open_things() -> tuple[int, int]:
    """Tasks of the agent, and streams of anybody, that are there now."""
    gc.collect()
    names = ("track", "end", "publish", "text", "state", "feed", "chat", "rejoin", "erase", "role")
    tasks = sum(task.get_name().startswith(names) for task in asyncio.all_tasks())
    return tasks, sum(isinstance(one, rtc.AudioStream) for one in gc.get_objects())


def test_coming_going_and_muting_leave_nothing_behind(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path
) -> None:
    hello = speakers.say(1, "Hello.")

    async def run() -> None:
        async with gathering(server, room, models, out, "ana") as (robin, people):
            await asyncio.sleep(0.5)
            before = open_things()
            for number in range(6):
                name = f"guest-{number % 3}"
                async with person(server, room, name) as guest:
                    await until(lambda: len(robin.session.tracks.heard) == 2)
                    await guest.say(hello)
                    await guest.write("/dance")
                    for _ in range(3):
                        guest.track.mute()
                        await asyncio.sleep(0.05)
                        guest.track.unmute()
                        await asyncio.sleep(0.05)
                await until(lambda: robin.session.tracks.heard == {"ana"})
            await people["ana"].write("/status")
            await until(lambda: all(map(le, open_things(), before)))
            robin.session.end("enough")
            await robin.done()
            moves = Counter(line["kind"] for line in robin.journal())
            assert (moves["joined"], moves["left"]) == (6, 6)
            assert robin.journal()[-1]["complete"] is True
        left = open_things()
        assert left[0] == 0, left

    asyncio.run(run())
