"""One person floods a room of eight: chat, methods, data, names, and messages that never end."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np

from benchmarks.reliability.rooms import Attended, attended, journal_faults, real_rooms, written
from benchmarks.room.probed import Held
from benchmarks.room.speech import over
from benchmarks.room.stage import Listener, listening
from benchmarks.room.talking import Over, talk_over
from integrations.livekit.telling.channels import A_SECOND, AT_ONCE
from integrations.livekit.telling.control import Code
from moderator.audio import Waveform
from tests.integrations.livekit.rooms.people import person, token

PEOPLE = 8
WARM_UP = 4
"""Times that somebody talks over the agent before the flood."""

_Done: TypeAlias = tuple[Counter[str], Counter[int]]

YIELDS_WITHIN_S = 0.4
MORE_MB = 50.0
LEAST_ANSWERED = 0.9
"""Of all calls, be it by a refusal; the last are under way when the flood ends."""

LEAST_REFUSED = 0.9
"""Of the calls beyond what one person may; some come while the allowance comes back."""


@dataclass
class Flooded:
    """What came of it.

    Attributes:
        before: what the worker held.
        after: the same, while the flood went on.
        did: what the flooder did, how often.
        codes: how their calls were answered; 0: obeyed.
        over: how often somebody talked over the agent.
        yields: from their first sound to its last, in seconds, where it gave way.
        answered: it answered afterwards.
        journal: what is wrong with it.
        calm: yields before the flood, of `WARM_UP`.
    """

    seconds: float
    before: Held
    after: Held
    did: Counter[str] = field(default_factory=Counter)
    codes: Counter[int] = field(default_factory=Counter)
    over: int = 0
    yields: list[float] = field(default_factory=list)
    answered: bool = False
    journal: list[str] = field(default_factory=list)
    calm: list[float] = field(default_factory=list)

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
        if self.codes.total() < LEAST_ANSWERED * self.did["calls"]:
            wrong.append(f"answered {self.codes.total()} of {self.did['calls']} calls")
        if self.codes[Code.BUSY] < LEAST_REFUSED * beyond:
            wrong.append(f"refused {self.codes[Code.BUSY]} of {beyond:.0f} calls too many")
        if others := set(self.codes) - {0, int(Code.BUSY)}:
            wrong.append(f"answered calls with {others}")
        if not self.answered:
            wrong.append("did not answer afterwards")
        return wrong


@asynccontextmanager
async def _flooding(here: Attended) -> AsyncIterator[Callable[[], Awaitable[_Done]]]:
    """Somebody comes and floods; call it to end that, and get what they did."""
    server = here.stage.server
    joined = token(server, here.name, "mallory", can_update_own_metadata=True)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.reliability.flooder", server.url, joined, here.agent),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )

    async def end() -> _Done:
        said, _ = await process.communicate(b"\n")
        told = json.loads(said)
        codes = {int(code): count for code, count in told["codes"].items()}
        return Counter(told["done"]), Counter(codes)

    try:
        yield end
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _flood(
    here: Attended, listener: Listener, times: int, seconds: float, tell: Callable[[], None]
) -> Flooded:
    server, name = here.stage.server, here.name
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        for number in range(PEOPLE - 2):  # ana is there
            await enter(person(server, name, f"guest-{number}"))
        clips = over(here.stage.voices, "take")
        calm = [await _over(here, listener, clips, number) for number in range(WARM_UP)]
        before = await here.held()
        end = await enter(_flooding(here))
        await asyncio.sleep(5.0)  # they have begun
        begun = time.monotonic()
        found = list[Over]()
        while len(found) < times or time.monotonic() < begun + seconds:
            found.append(await _over(here, listener, clips, len(found)))
            tell()
        lasted = time.monotonic() - begun
        after = await here.held()
        did, codes = await end()
        await asyncio.sleep(3.0)
        answered = await here.ask(listener, 1) is not None
    flooded = Flooded(lasted, before, after, did, codes, len(found), _yields(found), answered)
    flooded.calm = _yields(calm)
    return flooded


def _yields(found: Sequence[Over]) -> list[float]:
    return [one.gave_way_s for one in found if one.gave_way_s is not None]


async def _over(here: Attended, listener: Listener, clips: Sequence[Waveform], number: int) -> Over:
    """Ana talks over the agent.

    Raises:
        RuntimeError: it did not speak, or she was not heard.
    """
    clip, after_s = clips[number % len(clips)], 1.5 + 0.1 * (number % 10)
    for _ in range(3):
        found = await talk_over(here.ana, listener, here.agent, clip, after_s)
        await listener.quiet(here.agent)
        if found is not None:
            return found
    raise RuntimeError("the agent did not speak, or nobody heard ana")


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
