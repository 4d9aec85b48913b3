"""Threads that recognise for many streams: what somebody waits for comes first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

from moderator.ears.recogniser import Recognised


@dataclass(order=True, slots=True)
class Reading:
    """A reading that waits, is under way or is done.

    Attributes:
        place: in the order in which readings were asked for.
        work: what is done.
        future: its result.
    """

    place: int
    work: Callable[[], Recognised] = field(compare=False)
    future: Future[Recognised] = field(compare=False, default_factory=Future)


class ReadingPool:
    """Runs readings of many streams, in any number of meetings.

    Urgent ones come first, and of equals the one that was asked for first: a stream has one at a
    time, so no meeting starves another. The others leave one thread free, if there are several,
    so that an urgent one need not wait for them.

    Args:
        executor: its threads.
        threads: how many it has.
    """

    def __init__(self, executor: Executor, threads: int) -> None:
        self._executor = executor
        self._most_steps = max(1, threads - 1)
        self._lock = threading.Lock()
        self._places = count()
        self._urgent: list[Reading] = []
        self._steps: list[Reading] = []
        self._steps_running = 0

    def submit(
        self, work: Callable[[], Recognised], *, urgent: bool, place: int | None = None
    ) -> Reading:
        """Has a reading done.

        Args:
            work: reads.
            urgent: somebody may wait for what it gives.
            place: of a cancelled one that this one replaces.
        """
        with self._lock:
            reading = Reading(next(self._places) if place is None else place, work)
            heappush(self._urgent if urgent else self._steps, reading)
        self._executor.submit(self._run)
        return reading

    def _run(self) -> None:
        """Does what there is to do; whoever ends a step also looks for the next."""
        while (taken := self._take()) is not None:
            reading, step = taken
            try:
                reading.future.set_result(reading.work())
            except BaseException as error:
                reading.future.set_exception(error)
            finally:
                with self._lock:
                    self._steps_running -= step

    def _take(self) -> tuple[Reading, bool] | None:
        """The next reading, and whether it is one that can wait."""
        with self._lock:
            while self._urgent:
                reading = heappop(self._urgent)
                if reading.future.set_running_or_notify_cancel():
                    return reading, False
            while self._steps and self._steps_running < self._most_steps:
                reading = heappop(self._steps)
                if reading.future.set_running_or_notify_cancel():
                    self._steps_running += 1
                    return reading, True
        return None
