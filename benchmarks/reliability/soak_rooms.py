"""Some rooms for a while, in real time: what one worker holds while people talk and ask in all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.reliability.rooms import Attended, attended, journal_faults, real_rooms, written
from benchmarks.room.probed import Held
from benchmarks.room.speech import QUESTIONS, ROUND
from benchmarks.room.stage import Listener, listening
from tests.integrations.livekit.rooms.people import Person, person

EVERY_S = 30.0
WARM = 0.3
"""Share of the time after which memory counts."""

MORE_MB_AN_HOUR, MORE_MB = 1.0, 4.0
"""What memory may grow by; in a short time, by as much as it goes up and down."""

LEAST_ANSWERED = 0.95
SETTLED_S = 8.0


@dataclass
class Soaked:
    """What came of it.

    Attributes:
        minutes: of talk.
        before: what the worker held with people in all rooms who had not talked yet.
        during: the same while they talked, with seconds since the beginning.
        after: the same when they had stopped.
        gaps: of answers in all rooms; None where there was none.
        journal: what is wrong with it.
    """

    minutes: float
    before: Held
    after: Held
    during: list[tuple[float, Held]] = field(default_factory=list)
    gaps: list[float | None] = field(default_factory=list)
    journal: list[str] = field(default_factory=list)

    @property
    def mb_an_hour(self) -> float:
        """How fast memory grew after the warm-up: the slope of a line through it."""
        later = self.during[round(WARM * len(self.during)) :]
        if len(later) < 3:
            return 0.0
        hours = [at / 3600 for at, _ in later]
        return float(np.polyfit(hours, [held.memory_mb for _, held in later], 1)[0])

    @property
    def wrong(self) -> list[str]:
        """What must not be, and was."""
        wrong = list(self.journal)
        hours = self.minutes * (1 - WARM) / 60
        if self.mb_an_hour * hours > MORE_MB + MORE_MB_AN_HOUR * hours:
            wrong.append(f"memory grew by {self.mb_an_hour:.1f} MB an hour")
        for what in ("tasks", "people", "streams", "tracks", "files"):
            before, after = getattr(self.before, what), getattr(self.after, what)
            if after > before:
                wrong.append(f"{after} {what}, {before} before")
        answered = sum(gap is not None for gap in self.gaps)
        if answered < LEAST_ANSWERED * len(self.gaps):
            wrong.append(f"{answered} of {len(self.gaps)} answered")
        return wrong


async def _talk(
    here: Attended, ben: Person, listener: Listener, until: float, gaps: list[float | None]
) -> None:
    number = 0
    while time.monotonic() < until:
        await ben.say(here.stage.voices.say(1, ROUND[number % len(ROUND)]))
        await asyncio.sleep(0.5)
        gaps.append(await here.ask(listener, number))
        await listener.quiet(here.agent)
        number += 1


async def _soak(
    here: list[Attended], stack: AsyncExitStack, minutes: float, tell: Callable[[], None]
) -> Soaked:
    stage = here[0].stage
    for voice, texts in ((0, QUESTIONS), (1, ROUND)):  # made beforehand: it would hold others up
        for text in texts:
            await asyncio.to_thread(stage.voices.say, voice, text)
    enter = stack.enter_async_context
    bens = [await enter(person(stage.server, one.name, "ben")) for one in here]
    ears = [await enter(listening(stage.server, one.name, spares=("ben",))) for one in here]
    await asyncio.sleep(SETTLED_S)
    before, gaps = await here[0].held(), list[float | None]()
    during: list[tuple[float, Held]] = []
    begun = time.monotonic()
    until = begun + 60 * minutes
    async with asyncio.TaskGroup() as group:
        for one, ben, ear in zip(here, bens, ears, strict=True):
            group.create_task(_talk(one, ben, ear, until, gaps))
        while time.monotonic() < until:
            await asyncio.sleep(EVERY_S)
            during.append((round(time.monotonic() - begun), await here[0].held()))
            tell()
    await asyncio.sleep(SETTLED_S)
    return Soaked(minutes, before, await here[0].held(), during, gaps)


def soak_rooms(
    rooms: int, minutes: float, tell: Callable[[], None], keep: Path | None = None
) -> Soaked:
    """So many rooms for so long; `tell` is called every `EVERY_S`."""

    async def run() -> Soaked:
        async with AsyncExitStack() as stack:
            # One after the other: a worker that is idle takes one job at a time.
            here = [
                await stack.enter_async_context(attended(stage, f"soak-{n}")) for n in range(rooms)
            ]
            found = await _soak(here, stack, minutes, tell)
        for one in here:
            await written(one.folder)
            found.journal += journal_faults(one.folder)
        return found

    with real_rooms(rooms=rooms, keep=keep) as stage:
        return asyncio.run(run())
