"""The clocks of meetings."""

from __future__ import annotations

import asyncio

import pytest

from moderator.timeline import Clock, PacedClock, ReplayClock


@pytest.mark.parametrize("clock", [ReplayClock(), PacedClock()])
def test_an_interrupt_reaches_a_meeting_that_never_waits(clock: Clock) -> None:
    """Asyncio cancels the main task on an interrupt, which only sees it where it gives way."""
    waits = 0

    async def meeting() -> None:
        nonlocal waits
        for _ in range(1000):
            await clock.wait_until(0)
            waits += 1

    async def interrupted() -> None:
        task = asyncio.create_task(meeting())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    asyncio.run(interrupted())
    assert waits < 5
