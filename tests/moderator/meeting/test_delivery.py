"""A turn that is spoken while the meeting goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from moderator.errors import MindError
from moderator.events import Act, Failure, PartChanged, Proposal, TurnEnded
from moderator.journal.lines import Event
from moderator.meeting.delivery import Delivery
from moderator.meeting.settings import Settings
from moderator.mouth.base import Sentence
from moderator.mouth.cache import CachedVoice
from moderator.testing.faulty import SAID, FaultySession, FaultyVoice, Mode, Switch
from moderator.testing.minds import ScriptedSession
from moderator.testing.mouth import ToneVoice
from moderator.timeline import TICK, Stopwatch

SLOW_S = 0.2


class SlowVoice(ToneVoice):
    """Takes its time for each sentence."""

    def say(self, text: str) -> Iterator[Sentence]:
        time.sleep(SLOW_S)
        yield from super().say(text)


def test_speaking_beside_the_meeting_is_counted_as_computing() -> None:
    wish = Proposal(0, "scripted", 0.9, Act.ANSWER, cue="one two three")
    watch = Stopwatch()

    async def run() -> None:
        session = ScriptedSession([wish], [], [])
        delivery = Delivery(session, SlowVoice(), Settings(live=True), watch)
        await delivery.start(wish, 0)
        for tick in range(1, 20):
            await asyncio.sleep(SLOW_S / 10)
            delivery.take(tick * TICK)
        await delivery.close()

    asyncio.run(run())
    assert SLOW_S <= watch.spent()["voice"] < 10 * SLOW_S


def test_a_turn_being_spoken_in_a_live_meeting_ends_with_the_last_sentence_that_fits() -> None:
    wish = Proposal(0, "scripted", 0.9, Act.ANSWER, cue="One two. Three four. Five six. Seven.")
    voice = ToneVoice()  # each word takes 0.35 s

    async def run() -> list[Event]:
        session = ScriptedSession([wish], [], [])
        delivery = Delivery(session, voice, Settings(live=True), Stopwatch())
        await delivery.start(wish, 0)
        events: list[Event] = []
        for tick in range(30):
            if tick == 2:
                delivery.finish_by(tick * TICK, 18 * TICK)
            delivery.take(tick * TICK)
            events += delivery.events(())
            await asyncio.sleep(0.01)
        await delivery.close()
        return events

    ended = asyncio.run(run())[-1]
    assert isinstance(ended, TurnEnded)
    assert ended.heard == "One two. Three four."
    assert ended.at <= 18 * TICK


def first_sound(voice: ToneVoice, *, prepare: bool) -> int | None:
    """In which tick a turn begins that is granted in tick 0."""
    wish = Proposal(0, "scripted", 0.9, Act.ANSWER, cue="One two three. Four.")

    async def run() -> int | None:
        session = ScriptedSession([wish], [], [])
        delivery = Delivery(session, CachedVoice(voice), Settings(live=True), Stopwatch())
        if prepare:
            delivery.prepare("One two three. Four.", 0)
            await asyncio.sleep(3 * SLOW_S)
        await delivery.start(wish, 0)
        found = None
        for tick in range(10):
            own = delivery.take(tick * TICK)
            if found is None and own is not None and own.any():
                found = tick
            await asyncio.sleep(SLOW_S / 4)
        await delivery.close()
        return found

    return asyncio.run(run())


def test_a_turn_begins_in_the_tick_that_granted_it_where_the_voice_is_quick() -> None:
    assert first_sound(ToneVoice(), prepare=False) == 0


def test_a_turn_that_was_foreseen_is_there_at_once() -> None:
    late = first_sound(SlowVoice(), prepare=False)
    assert late is not None
    assert late > 0
    voice = SlowVoice()
    assert first_sound(voice, prepare=True) == 0
    assert voice.said == ["One two three.", "Four."], "each is made once"


def test_what_is_foreseen_is_not_made_again_and_again() -> None:
    voice = ToneVoice()

    async def run() -> None:
        delivery = Delivery(ScriptedSession([], [], []), voice, Settings(live=True), Stopwatch())
        for tick in range(8):
            delivery.prepare(f"Number {tick // 4}.", tick * TICK)
            delivery.prepare(None, tick * TICK)
            await asyncio.sleep(0.02)
        await delivery.close()

    asyncio.run(run())
    assert voice.said == ["Number 0.", "Number 1."]


def test_a_voice_that_fails_ends_the_turn_and_is_told() -> None:
    wish = Proposal(0, "scripted", 0.9, Act.ANSWER, cue="One two three.")
    switch = Switch(Mode.CRASH)

    async def run() -> list[Event]:
        session = ScriptedSession([wish] * 3, [], [])
        delivery = Delivery(session, FaultyVoice(switch), Settings(live=True), Stopwatch())
        events: list[Event] = []
        for tick in range(30):
            if tick in (1, 5, 9):
                switch.mode = Mode.OK if tick == 9 else Mode.CRASH
                await delivery.start(wish, tick * TICK)
            delivery.take(tick * TICK)
            events += delivery.events(())
            await asyncio.sleep(0.002)
        await delivery.close()
        return events

    events = asyncio.run(run())
    told = [one for one in events if isinstance(one, Failure | PartChanged)]
    assert [type(one) for one in told] == [Failure, PartChanged, Failure, PartChanged]
    assert [one.up for one in told if isinstance(one, PartChanged)] == [False, True]
    assert all(SAID not in one.what for one in told if isinstance(one, Failure))
    ended = [one for one in events if isinstance(one, TurnEnded)]
    assert [one.heard for one in ended] == ["", "", "One two three."]


def test_a_hand_that_has_no_reason_at_once_is_not_waited_for() -> None:
    wish = Proposal(0, "faulty", 0.9, Act.HAND_RAISE, cue="a wish")

    async def run() -> None:
        session = FaultySession(Switch(Mode.HANG))
        delivery = Delivery(session, None, Settings(live=True), Stopwatch())
        begun = time.monotonic()
        with pytest.raises(MindError, match="does not answer"):
            await delivery.raise_hand(wish)
        assert time.monotonic() - begun < 0.1

    asyncio.run(run())
