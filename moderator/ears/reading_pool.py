"""Threads that recognise for many streams: what somebody waits for comes first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(order=True, slots=True)
class Reading(Generic[T]):
    """A reading that waits, is under way or is done.

    Attributes:
        place: in the order in which readings were asked for.
        work: what is done.
        urgent: somebody may wait for it.
        future: its result.
        abandoned: it hangs, and is waited for no longer.
    """

    place: int
    work: Callable[[], T] = field(compare=False)
    urgent: bool = field(compare=False, default=False)
    future: Future[T] = field(compare=False, default_factory=Future)
    abandoned: bool = field(compare=False, default=False)


class ReadingPool:
    """Runs readings of many streams, in any number of meetings.

    Urgent ones come first, and of equals the one that was asked for first: a stream has one at a
    time, so no meeting starves another. The others leave one thread free, if there are several,
    so that an urgent one need not wait for them.

    Its threads end when there is nothing to do, and do not keep the process from ending. A thread
    that hangs has another in its place until it comes back, but no more than once each: if those
    hang too, readings wait.

    Args:
        threads: readings at the same time.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._most_steps = max(1, threads - 1)
        self._lock = threading.Lock()
        self._places = count()
        self._urgent: list[Reading[Any]] = []
        self._steps: list[Reading[Any]] = []
        self._steps_running = 0
        self._running = 0
        self._stuck = 0

    def submit(
        self, work: Callable[[], T], *, urgent: bool, place: int | None = None
    ) -> Reading[T]:
        """Has a reading done.

        Args:
            work: reads.
            urgent: somebody may wait for what it gives.
            place: of a cancelled one that this one replaces.
        """
        with self._lock:
            reading = Reading(next(self._places) if place is None else place, work, urgent)
            heappush(self._urgent if urgent else self._steps, reading)
            self._man()
        return reading

    def abandon(self, reading: Reading[Any]) -> None:
        """A reading that hangs is waited for no longer; another thread takes its thread's place."""
        with self._lock:
            if reading.future.cancel() or reading.future.done() or reading.abandoned:
                return
            reading.abandoned = True
            self._stuck += 1
            self._steps_running -= not reading.urgent
            self._man()

    def _man(self) -> None:
        """Begins one more thread, if fewer work than may."""
        if self._running - self._stuck < self._threads and self._running < 2 * self._threads:
            self._running += 1
            threading.Thread(target=self._run, name="recognise", daemon=True).start()

    def _run(self) -> None:
        """Does what there is to do; whoever ends a step also looks for the next."""
        reading: Reading[Any] | None = None
        while (reading := self._next(reading)) is not None:
            try:
                reading.future.set_result(reading.work())
            except BaseException as error:
                reading.future.set_exception(error)

    def _next(self, done: Reading[Any] | None) -> Reading[Any] | None:
        """The reading after one that is done; None: this thread is not needed any more."""
        with self._lock:
            if done is not None and done.abandoned:
                self._stuck -= 1
            elif done is not None:
                self._steps_running -= not done.urgent
            many = self._running - self._stuck > self._threads
            reading = None if many else self._take()
            self._running -= reading is None
            return reading

    def _take(self) -> Reading[Any] | None:
        while self._urgent:
            reading = heappop(self._urgent)
            if reading.future.set_running_or_notify_cancel():
                return reading
        while self._steps and self._steps_running < self._most_steps:
            reading = heappop(self._steps)
            if reading.future.set_running_or_notify_cancel():
                self._steps_running += 1
                return reading
        return None
