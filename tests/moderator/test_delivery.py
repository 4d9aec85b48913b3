"""A turn that is spoken while the meeting goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from moderator.delivery import Delivery
from moderator.events import Act, Proposal
from moderator.meeting import Settings
from moderator.mouth.base import Sentence
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
