"""Which reading comes first when there is more to recognise than can be done."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import wait

import pytest

from moderator.ears.reading_pool import ReadingPool
from moderator.ears.recogniser import Recognised


class Work:
    """Readings that are noted as they begin, and go on until they are let."""

    def __init__(self) -> None:
        self.let = threading.Event()
        self.begun: list[str] = []
        self._change = threading.Condition()

    def __call__(self, name: str) -> Callable[[], Recognised]:
        def read() -> Recognised:
            with self._change:
                self.begun.append(name)
                self._change.notify_all()
            assert self.let.wait(5)
            return Recognised((), name)

        return read

    def wait(self, count: int) -> None:
        with self._change:
            assert self._change.wait_for(lambda: len(self.begun) >= count, 5)


def test_the_urgent_come_first_and_then_the_oldest() -> None:
    work = Work()
    pool = ReadingPool(1)
    pool.submit(work("first"), urgent=False)
    work.wait(1)
    for name, urgent in (("b", False), ("c", False), ("d", True), ("e", True)):
        pool.submit(work(name), urgent=urgent)
    work.let.set()
    work.wait(5)
    assert work.begun == ["first", "d", "e", "b", "c"]


def test_a_thread_is_kept_free_for_the_urgent() -> None:
    work = Work()
    pool = ReadingPool(2)
    steps = [pool.submit(work(f"step {n}"), urgent=False) for n in range(3)]
    urgent = pool.submit(work("urgent"), urgent=True)
    work.wait(2)
    assert sorted(work.begun) == ["step 0", "urgent"]
    work.let.set()
    assert urgent.future.result(5).partial == "urgent"
    assert [step.future.result(5).partial for step in steps] == ["step 0", "step 1", "step 2"]


def test_what_replaces_a_waiting_reading_has_its_place() -> None:
    work = Work()
    pool = ReadingPool(1)
    pool.submit(work("first"), urgent=False)
    work.wait(1)
    early = pool.submit(work("early"), urgent=False)
    pool.submit(work("late"), urgent=False)
    assert early.future.cancel()
    pool.submit(work("early, longer"), urgent=False, place=early.place)
    work.let.set()
    work.wait(3)
    assert work.begun == ["first", "early, longer", "late"]


def test_a_reading_that_fails_stops_nothing() -> None:
    def fail() -> Recognised:
        raise ValueError("broken")

    pool = ReadingPool(1)
    failed = pool.submit(fail, urgent=False)
    after = pool.submit(Recognised, urgent=False)
    with pytest.raises(ValueError, match="broken"):
        failed.future.result(5)
    assert after.future.result(5) == Recognised()


def test_what_hangs_has_another_thread_in_its_place_once() -> None:
    hanging, work = Work(), Work()
    work.let.set()
    pool = ReadingPool(1)
    first = pool.submit(hanging("first"), urgent=False)
    hanging.wait(1)
    waiting = pool.submit(work("waiting"), urgent=False)
    pool.abandon(first)
    assert waiting.future.result(5).partial == "waiting"
    second = pool.submit(hanging("second"), urgent=True)
    hanging.wait(2)
    pool.abandon(second)
    late = pool.submit(work("late"), urgent=True)
    assert not wait([late.future], 0.2).done
    hanging.let.set()
    assert late.future.result(5).partial == "late"
    assert pool.submit(work("after"), urgent=False).future.result(5).partial == "after"
    assert hanging.begun + work.begun == ["first", "second", "waiting", "late", "after"]


def test_what_has_not_begun_is_simply_not_done() -> None:
    work = Work()
    pool = ReadingPool(1)
    pool.submit(work("first"), urgent=True)
    work.wait(1)
    waiting = pool.submit(work("never"), urgent=True)
    pool.abandon(waiting)
    work.let.set()
    assert pool.submit(work("last"), urgent=True).future.result(5).partial == "last"
    assert work.begun == ["first", "last"]
