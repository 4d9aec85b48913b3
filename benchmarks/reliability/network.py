"""A worker whose line loses packets in bursts, delays them, and goes down for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from livekit import rtc

from benchmarks.reliability.rooms import Attended, attended, journal_faults, real_rooms, written
from benchmarks.room.line import Conditions
from benchmarks.room.probed import Held
from benchmarks.room.speech import LONG
from benchmarks.room.stage import Listener, listening, speak
from moderator.journal.lines import Line, read

KINDS = {
    "good": Conditions(),
    "loss 5 %": Conditions(loss=0.05),
    "loss 20 %": Conditions(loss=0.2),
    "loss 40 %": Conditions(loss=0.4),
    "jitter 200 ms": Conditions(jitter_s=0.2),
}
OUTAGES_S = (5.0, 30.0, 90.0)

LEAST_ANSWERED = {"good": 1.0, "loss 5 %": 0.95, "loss 20 %": 0.95, "jitter 200 ms": 0.95}
BACK_WITHIN_S = 45.0
"""From the line's return to an answer, the question's own length of some seconds included."""

MUST_NOTICE_S = 30.0
"""Of an outage as long as this the journal must tell."""

SETTLED_S = 8.0


@dataclass(frozen=True, slots=True)
class Outage:
    """One time the line was down.

    Attributes:
        seconds: for so long.
        back_s: from its return to the question that was answered; None: none was.
        called_s: from its return until its methods could be called; None: they could not.
        held: what the worker held a while after.
    """

    seconds: float
    back_s: float | None
    called_s: float | None
    held: Held


@dataclass
class Endured:
    """What came of it.

    Attributes:
        gaps: of the answers, by condition; None where there was none.
        before: what the worker held before the first outage.
        outages: in order.
        lost: how often the journal says that the meeting was lost, and that it was heard again.
        spoke: turns that the agent began, or words that it went on with, while it was lost.
        journal: what is wrong with it.
    """

    gaps: dict[str, list[float | None]] = field(default_factory=dict)
    before: Held | None = None
    outages: list[Outage] = field(default_factory=list)
    lost: tuple[int, int] = (0, 0)
    spoke: list[str] = field(default_factory=list)
    journal: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        """What must not be, and was."""
        wrong = [*self.journal, *self.spoke]
        for kind, least in LEAST_ANSWERED.items():
            gaps = self.gaps.get(kind, [])
            answered = sum(gap is not None for gap in gaps)
            if answered < least * len(gaps):
                wrong.append(f"{kind}: {answered} of {len(gaps)} answered")
        for one in self.outages:
            what = f"after {one.seconds:.0f} s without a line"
            for how, after in (("answers", one.back_s), ("is called", one.called_s)):
                if after is None or after > BACK_WITHIN_S:
                    wrong.append(f"{what}: {how} after {after} s")
            for name in ("tasks", "streams", "tracks", "people"):
                before, now = getattr(self.before, name), getattr(one.held, name)
                if now > before:
                    wrong.append(f"{what}: {now} {name}, {before} before")
        long = sum(one.seconds >= MUST_NOTICE_S for one in self.outages)
        if self.lost[0] < long or self.lost[0] != self.lost[1]:
            wrong.append(f"lost {self.lost[0]} times, heard again {self.lost[1]} times")
        return wrong


async def _ask_often(here: Attended, listener: Listener, times: int) -> list[float | None]:
    gaps = []
    for number in range(times):
        gaps.append(await here.ask(listener, number))
        await listener.quiet(here.agent)
        await asyncio.sleep(0.5)
    return gaps


async def _outage(here: Attended, listener: Listener, seconds: float) -> Outage:
    """The agent speaks, and has more to say, when the line goes down; somebody asks meanwhile."""
    assert here.stage.line is not None
    await speak(here.ana, listener, here.agent, LONG)
    await here.ana.call(here.agent, "say", "And this comes after that.")
    await asyncio.sleep(1.0)
    Conditions(out=True).write(here.stage.line)
    down = time.monotonic()
    await here.ask(listener, 0)  # not heard
    await asyncio.sleep(max(0.0, down + seconds - time.monotonic()))
    Conditions().write(here.stage.line)
    back, answered = time.monotonic(), None
    while answered is None and time.monotonic() < back + 2 * BACK_WITHIN_S:
        asked = time.monotonic()
        gap = await here.ask(listener, 0)
        if gap is not None:
            answered = asked - back
        await listener.quiet(here.agent)
    called = await _calls(here, back)
    await asyncio.sleep(SETTLED_S)
    return Outage(seconds, _rounded(answered), _rounded(called), await here.held())


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


async def _calls(here: Attended, since: float) -> float | None:
    """When the agent's methods can be called again, in seconds since a time; None: not in time."""
    while time.monotonic() < since + 2 * BACK_WITHIN_S:
        try:
            await here.ana.call(here.agent, "status")
        except rtc.RpcError:
            await asyncio.sleep(0.5)
        else:
            return time.monotonic() - since
    return None


def _while_lost(lines: Sequence[Line]) -> tuple[tuple[int, int], list[str]]:
    """How often the meeting was lost and heard again, and what the agent said in between."""
    counts, spoke, up = [0, 0], list[str](), True
    for line in lines:
        kind = line["kind"]
        if kind == "connection":
            up = line["up"]
            counts[up] += 1
        if not up and (
            kind == "turn_started" or (kind == "decision" and line["action"] == "speak")
        ):
            spoke.append(f"{kind} at {line['at'] / 16_000:.1f} s, while it was lost")
    return (counts[0], counts[1]), spoke


def network(
    times: int, outages: Sequence[float], tell: Callable[[], None], keep: Path | None = None
) -> Endured:
    """So many questions under each condition; then the outages, one after the other."""
    found = Endured()

    async def run() -> None:
        async with attended(stage, "network") as here, listening(stage.server, "network") as ear:
            assert stage.line is not None
            for kind, conditions in KINDS.items():
                conditions.write(stage.line)
                await asyncio.sleep(1.0)
                found.gaps[kind] = await _ask_often(here, ear, times)
                tell()
            Conditions().write(stage.line)
            await asyncio.sleep(SETTLED_S)
            found.before = await here.held()
            for seconds in outages:
                found.outages.append(await _outage(here, ear, seconds))
                tell()
        await written(here.folder)
        found.journal = journal_faults(here.folder)
        found.lost, found.spoke = _while_lost(list(read(here.folder / "journal.jsonl")))

    with real_rooms(keep=keep, behind=True) as stage:
        asyncio.run(run())
    return found
