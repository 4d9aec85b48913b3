"""One person floods a room of eight: chat, methods, data, names, and messages that never end."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from livekit import rtc

from benchmarks.reliability.rooms import Attended, attended, journal_faults, real_rooms, written
from benchmarks.room.probed import Held
from benchmarks.room.speech import over
from benchmarks.room.stage import Listener, listening
from benchmarks.room.talking import talk_over
from integrations.livekit.telling.channels import A_SECOND, AT_ONCE
from integrations.livekit.telling.control import Code
from tests.integrations.livekit.rooms.people import Person, person

CHAT_A_MINUTE, CALLS_A_SECOND, PACKETS_A_MINUTE = 1_000, 50, 10_000
NAMES_A_SECOND, OPEN_A_SECOND = 5, 2
PEOPLE = 8

YIELDS_WITHIN_S = 0.4
MORE_MB = 50.0
LEAST_REFUSED = 0.9
"""Of the calls beyond what one person may; some come while the allowance comes back."""


@dataclass
class Flooded:
    """What came of it.

    Attributes:
        before: what the worker held.
        after: the same, while the flood went on.
        codes: how the calls were answered; 0: obeyed.
        written: chat lines.
        packets: of data.
        over: how often somebody talked over the agent.
        yields: from their first sound to its last, in seconds, where it gave way.
        answered: it answered afterwards.
        journal: what is wrong with it.
    """

    seconds: float
    before: Held
    after: Held
    codes: Counter[int] = field(default_factory=Counter)
    written: int = 0
    packets: int = 0
    over: int = 0
    yields: list[float] = field(default_factory=list)
    answered: bool = False
    journal: list[str] = field(default_factory=list)

    @property
    def p95(self) -> float | None:
        """Of the yields; None: there was none."""
        return float(np.percentile(self.yields, 95)) if self.yields else None

    @property
    def wrong(self) -> list[str]:
        """What must not be, and was."""
        wrong = list(self.journal)
        if self.p95 is None or self.p95 > YIELDS_WITHIN_S or len(self.yields) < self.over:
            wrong.append(f"gave way in {len(self.yields)} of {self.over}, p95 {self.p95}")
        if self.after.memory_mb > self.before.memory_mb + MORE_MB:
            wrong.append(f"{self.after.memory_mb} MB, {self.before.memory_mb} before")
        may = AT_ONCE + A_SECOND * self.seconds
        beyond = self.codes.total() - may
        if self.codes[Code.BUSY] < LEAST_REFUSED * beyond:
            wrong.append(f"refused {self.codes[Code.BUSY]} of {beyond:.0f} calls too many")
        if others := set(self.codes) - {0, int(Code.BUSY)}:
            wrong.append(f"answered calls with {others}")
        if not self.answered:
            wrong.append("did not answer afterwards")
        return wrong


class _Flood:
    """What one person does, until it is cancelled."""

    def __init__(self, mallory: Person, agent: str) -> None:
        self._one, self._agent = mallory, agent
        self.codes: Counter[int] = Counter()
        self.written = self.packets = self._names = 0
        self._pending: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """All at once."""
        async with asyncio.TaskGroup() as group:
            for a_second, what in (
                (CHAT_A_MINUTE / 60, self._write),
                (CALLS_A_SECOND, self._call),
                (PACKETS_A_MINUTE / 60, self._send),
                (NAMES_A_SECOND, self._rename),
                (OPEN_A_SECOND, self._begin_to_write),
            ):
                group.create_task(self._often(a_second, what))

    async def _often(self, a_second: float, what: Callable[[], Awaitable[None]]) -> None:
        """At a rate, whether or not what was begun before is done."""
        due = time.monotonic()
        while True:
            due += 1 / a_second
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            task = asyncio.ensure_future(what())
            self._pending.add(task)
            task.add_done_callback(self._pending.discard)

    async def _write(self) -> None:
        self.written += 1
        text = "/status" if self.written % 2 else f"line {self.written} " + "la " * 50
        await self._one.write(text)

    async def _call(self) -> None:
        try:
            await self._one.call(self._agent, "status")
        except rtc.RpcError as error:
            self.codes[error.code] += 1
        else:
            self.codes[0] += 1

    async def _send(self) -> None:
        self.packets += 1
        await self._one.room.local_participant.publish_data(
            "x" * 1000, reliable=bool(self.packets % 2), topic="moderator.now"
        )

    async def _rename(self) -> None:
        self._names += 1
        await self._one.room.local_participant.set_name(f"Mallory {self._names}")

    async def _begin_to_write(self) -> None:
        writer = await self._one.room.local_participant.stream_text(topic="lk.chat")
        await writer.write("/optin ")


async def _flood(
    here: Attended, listener: Listener, times: int, seconds: float, tell: Callable[[], None]
) -> Flooded:
    server, name = here.stage.server, here.name
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        for number in range(PEOPLE - 2):  # ana is there
            await enter(person(server, name, f"guest-{number}"))
        mallory = await enter(person(server, name, "mallory", can_update_own_metadata=True))
        clips = over(here.stage.voices, "take")
        await here.ask(listener, 0)
        await listener.quiet(here.agent)
        before = await here.held()
        flood = _Flood(mallory, here.agent)
        begun = time.monotonic()
        flooding = asyncio.create_task(flood.run())
        tried = done = 0
        yields: list[float] = []
        while tried < times or time.monotonic() < begun + seconds:
            clip, after_s = clips[tried % len(clips)], 1.5 + 0.1 * (tried % 10)
            found = await talk_over(here.ana, listener, here.agent, clip, after_s)
            tried += 1
            if found is not None:
                done += 1
                yields += [found.gave_way_s] if found.gave_way_s is not None else []
            await listener.quiet(here.agent)
            tell()
        lasted = time.monotonic() - begun
        after = await here.held()
        flooding.cancel()
        await asyncio.gather(flooding, return_exceptions=True)
        await asyncio.sleep(3.0)
        answered = await here.ask(listener, 1) is not None
    return Flooded(
        lasted, before, after, flood.codes, flood.written, flood.packets, done, yields, answered
    )


def flood(
    times: int, seconds: float, tell: Callable[[], None], keep: Path | None = None
) -> Flooded:
    """One of eight floods the room; another talks over the agent so often, or for so long."""

    async def run() -> Flooded:
        async with attended(stage, "flood") as here, listening(stage.server, "flood") as listener:
            found = await _flood(here, listener, times, seconds, tell)
        await written(here.folder)
        found.journal = journal_faults(here.folder)
        return found

    with real_rooms(keep=keep) as stage:
        return asyncio.run(run())
