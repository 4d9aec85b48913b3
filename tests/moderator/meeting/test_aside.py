"""Work that may hang is waited for only so long."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from moderator.meeting.aside import MOST, Aside


def test_what_hangs_is_given_up_and_works_again_when_it_has_come_back() -> None:
    let = threading.Event()

    async def run() -> None:
        aside = Aside(0.1, "test")
        assert await aside.run(lambda: 1) == 1
        for _ in range(MOST):
            assert await aside.run(lambda: 2) == 2  # as long as not all threads hang
            with pytest.raises(TimeoutError):
                await aside.run(lambda: let.wait(5))
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            await aside.run(lambda: 3)
        assert time.monotonic() - begun < 0.05, "nothing is waited for that cannot begin"
        let.set()
        await asyncio.sleep(0.1)
        for _ in range(3 * MOST):
            assert await aside.run(lambda: 4) == 4

    asyncio.run(run())


def test_what_it_raises_is_raised() -> None:
    def fail() -> None:
        raise ValueError("no")

    def stop() -> None:
        raise StopIteration

    async def run() -> None:
        aside = Aside(1.0, "test")
        for _ in range(2 * MOST):
            with pytest.raises(ValueError, match="no"):
                await aside.run(fail)
        with pytest.raises(RuntimeError, match="StopIteration"):
            await aside.run(stop)

    asyncio.run(run())


def test_only_so_much_is_done_at_the_same_time() -> None:
    running: list[int] = []
    most = 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal most
        with lock:
            running.append(1)
            most = max(most, len(running))
        time.sleep(0.02)
        with lock:
            running.pop()

    async def run() -> None:
        aside = Aside(5.0, "test")
        await asyncio.gather(*(aside.run(work) for _ in range(3 * MOST)))

    asyncio.run(run())
    assert most == MOST
