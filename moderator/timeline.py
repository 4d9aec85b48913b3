"""Meeting time: integer samples at 16 kHz since the meeting began.

Nothing outside this module reads a wall clock. A clock says when the loop may go on to a meeting
time; a stopwatch measures what a computation cost, for reports and for honest latency; `Elapsed`
says how long something has been going on, for people who wait for it.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

SAMPLE_RATE = 16_000
"""Samples a second of everything inside the meeting."""

FRAME = SAMPLE_RATE // 50
"""One playout frame, 20 ms: what is in flight when the agent yields."""

TICK = SAMPLE_RATE // 10
"""The loop's step, 100 ms: how often the floor is read and a decision may change."""

Samples: TypeAlias = int
"""A meeting time or a duration, in samples at 16 kHz."""


def to_samples(seconds: float) -> Samples:
    """Seconds as the nearest whole number of samples."""
    return round(seconds * SAMPLE_RATE)


def to_seconds(samples: Samples) -> float:
    """Samples as seconds, exact to the microsecond (1 / 16 kHz is 62.5 µs)."""
    return round(samples / SAMPLE_RATE, 6)


class Clock(Protocol):
    """Says when a meeting time has come."""

    async def wait_until(self, at: Samples) -> None:
        """Returns once meeting time `at` has been reached."""
        ...


class ReplayClock:
    """A clock that jumps: a recorded meeting runs as fast as it can be computed."""

    async def wait_until(self, at: Samples) -> None:
        """Returns at once, but lets an interrupt in: it is delivered where a task gives way."""
        import asyncio

        await asyncio.sleep(0)


class PacedClock:
    """A clock that follows the wall clock from the first wait on."""

    def __init__(self) -> None:
        self._origin: float | None = None

    async def wait_until(self, at: Samples) -> None:
        """Sleeps until `at` seconds of wall-clock time have passed since the first call's zero."""
        import asyncio

        if self._origin is None:
            self._origin = time.monotonic() - to_seconds(at)
        delay = self._origin + to_seconds(at) - time.monotonic()
        await asyncio.sleep(max(0.0, delay))  # gives way when late, too: see ReplayClock


class LiveClock(PacedClock):
    """A clock for a meeting that happens now; it also says how far the meeting is.

    Meeting time is zero until `start`.
    """

    def start(self, at: Samples = 0) -> None:
        """Meeting time begins to run, from zero, or goes on from `at`."""
        self._origin = time.monotonic() - to_seconds(at)

    def now(self) -> Samples:
        """Meeting time now."""
        return 0 if self._origin is None else to_samples(time.monotonic() - self._origin)


def wall_clock() -> float:
    """Seconds since 1970, for records that others keep; never decides anything."""
    return time.time()


class Elapsed:
    """Wall-clock seconds since it was made; never decides anything."""

    def __init__(self) -> None:
        self._begin = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds by now."""
        return time.monotonic() - self._begin


@dataclass
class Stopwatch:
    """Measures computing time by phase, in wall-clock seconds; never decides anything.

    Use as ``with stopwatch.phase("ears"): ...``, from any thread. Phases that run at the same time
    in several threads add up, so that a meeting may spend more seconds than it lasts.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def phase(self, name: str) -> _Phase:
        """A context manager that adds its duration to phase `name`."""
        return _Phase(self, name)

    def total(self) -> float:
        """Seconds of all phases together."""
        return sum(self.spent().values())

    def spent(self) -> dict[str, float]:
        """Seconds by phase so far, also while other threads go on measuring."""
        with self.lock:
            return dict(self.seconds)


class _Phase:
    def __init__(self, watch: Stopwatch, name: str) -> None:
        self._watch, self._name = watch, name
        self.elapsed = 0.0

    def __enter__(self) -> _Phase:
        self._start = time.perf_counter()
        return self

    def __exit__(self, *exc: object) -> None:
        self.elapsed = time.perf_counter() - self._start
        totals = self._watch.seconds
        with self._watch.lock:
            totals[self._name] = totals.get(self._name, 0.0) + self.elapsed
