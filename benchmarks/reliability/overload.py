"""More than a worker can carry: rooms beyond what it takes, and programs that burn all cores."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.reliability.rooms import Attended, attended, journal_faults, real_rooms, written
from benchmarks.room.stage import Listener, Stage, listening, summon
from moderator.journal.lines import Line, read
from moderator.sparing import Spared
from tests.integrations.livekit.rooms.people import person

BURNERS_A_CORE = 2
"""As many programs of the worker's own priority; the people have a better one."""

NICE = 10
BACK_S = 30.0
"""After the burners have gone it has caught up within this."""

REFUSED_WITHIN_S = 8.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: when, as seconds since the test began, and the answer's gap; None: none."""

    room: str
    when: str
    gap_s: float | None


@dataclass
class Overloaded:
    """What came of it.

    Attributes:
        asked: all questions; `when` is ``calm``, ``full``, ``burning`` or ``after``.
        refused: a meeting beyond those it takes was not begun.
        reasons: what the worker said of that.
        spared: what each room did without, in order.
        silent: questions without an answer for which its journal has no reason.
        journal: what is wrong with them.
    """

    asked: list[Asked] = field(default_factory=list)
    refused: bool = False
    reasons: list[str] = field(default_factory=list)
    spared: dict[str, list[str]] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)
    journal: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        """What must not be, and was."""
        wrong = [*self.journal, *self.silent]
        for when in ("calm", "full", "after"):
            gaps = [one.gap_s for one in self.asked if one.when == when]
            if None in gaps:
                wrong.append(f"{when}: {gaps.count(None)} of {len(gaps)} not answered")
        if not self.refused:
            wrong.append("a meeting more than it takes was begun")
        if not any("under way" in one for one in self.reasons):
            wrong.append("no reason was told for what was refused")
        order = [one.value for one in Spared]
        for room, levels in self.spared.items():
            for before, after in zip([order[0], *levels], levels, strict=False):
                if order.index(after) < order.index(before) - 1:
                    wrong.append(f"{room}: from {before} to {after}")
            if levels and levels[-1] != order[0]:
                wrong.append(f"{room}: still without {levels[-1]} at the end")
        return wrong


@contextmanager
def burning(count: int) -> Iterator[None]:
    """Programs that do nothing but compute."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_burn, daemon=True) for _ in range(count)]
    for one in processes:
        one.start()
    try:
        yield
    finally:
        for one in processes:
            one.kill()
            one.join()


def _burn() -> None:
    os.nice(NICE)
    while True:
        sum(range(10_000))


class _Rooms:
    """Several rooms in which somebody asks."""

    def __init__(self, here: Sequence[tuple[Attended, Listener]], tell: Callable[[], None]) -> None:
        self._here, self._tell = here, tell
        self.found = Overloaded()

    async def ask(self, when: str, times: int) -> None:
        """So many questions in each room, in all at once."""
        await asyncio.gather(*(self._ask(*one, when, times) for one in self._here))
        self._tell()

    async def _ask(self, here: Attended, listener: Listener, when: str, times: int) -> None:
        for number in range(times):
            gap = await here.ask(listener, number)
            self.found.asked.append(Asked(here.name, when, gap))
            await listener.quiet(here.agent)


async def _overload(
    stage: Stage, stack: AsyncExitStack, rooms: int, times: int, tell: Callable[[], None]
) -> tuple[Overloaded, list[Attended]]:
    here = await asyncio.gather(
        *(stack.enter_async_context(attended(stage, f"room-{n}")) for n in range(rooms))
    )
    ears = [await stack.enter_async_context(listening(stage.server, one.name)) for one in here]
    all_rooms = _Rooms(list(zip(here, ears, strict=True)), tell)
    found = all_rooms.found
    await all_rooms.ask("calm", 2)
    async with person(stage.server, "one-more", "zoe") as zoe:
        try:
            async with asyncio.timeout(REFUSED_WITHIN_S):
                await summon(stage, "one-more", zoe.room)
        except TimeoutError:
            found.refused = True
    await all_rooms.ask("full", 1)
    cores = os.cpu_count() or 1
    with burning(BURNERS_A_CORE * cores):
        await asyncio.sleep(3.0)
        await all_rooms.ask("burning", times)
    await asyncio.sleep(BACK_S)
    await all_rooms.ask("after", 2)
    assert stage.worker is not None
    log = (stage.worker.folder / "moderator.log").read_text("utf-8", "replace")
    found.reasons = [
        line for line in log.splitlines() if "refused" in line or "further meetings" in line
    ]
    return found, list(here)


def _unexplained(room: str, lines: Sequence[Line]) -> list[str]:
    """Questions by name that had no answer, and neither a reason nor something done without."""
    silent, without, reason, open_at = list[str](), False, "", None
    for line in lines:
        kind = line["kind"]
        if kind == "spared":
            without = line["spared"] != Spared.NOTHING
        elif kind == "proposal" and line.get("answering"):
            open_at = line["at"] if open_at is None else open_at
        elif kind == "decision" and line["reason"] != "no_proposal":
            reason = line["reason"]
        elif kind == "turn_started":
            open_at, reason = None, ""
        if open_at is not None and kind == "withdrawn":
            if not (without or reason):
                silent.append(
                    f"{room}: nothing was said at {open_at / 16_000:.1f} s, for no reason"
                )
            open_at = None
    return silent


def overload(
    rooms: int, times: int, tell: Callable[[], None], keep: Path | None = None
) -> Overloaded:
    """So many rooms, one more than the worker takes, and then programs that burn all cores.

    Args:
        rooms: that the worker takes.
        times: questions in each room while the cores burn.
        tell: after each part.
        keep: directory for logs and the meetings' files.
    """

    async def run() -> tuple[Overloaded, list[Attended]]:
        async with AsyncExitStack() as stack:
            found, here = await _overload(stage, stack, rooms, times, tell)
        for one in here:
            await written(one.folder)
        return found, here

    with real_rooms(rooms=rooms, keep=keep, nice=NICE) as stage:
        found, here = asyncio.run(run())
        for one in here:
            lines = list(read(one.folder / "journal.jsonl"))
            found.journal += journal_faults(one.folder)
            found.spared[one.name] = [line["spared"] for line in lines if line["kind"] == "spared"]
            found.silent += _unexplained(one.name, lines)
    return found
