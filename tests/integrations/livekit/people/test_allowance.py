"""Nobody may have something done without end; what they asked for last is done all the same."""

from __future__ import annotations

import asyncio

from integrations.livekit.people.allowance import REMEMBERED, Allowance, Paced
from moderator.timeline import to_samples


class Time:
    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> int:
        return to_samples(self.s)


def test_so_often_at_once_and_then_at_a_rate_each_for_themselves() -> None:
    time = Time()
    allowance = Allowance(3, 0.5, time)
    assert [allowance.take("ana") for _ in range(5)] == [True, True, True, False, False]
    assert allowance.take("ben")
    assert allowance.again_after_s("ana") == 2.0
    time.s = 1.9
    assert not allowance.take("ana")
    time.s = 2.1
    assert [allowance.take("ana") for _ in range(2)] == [True, False]
    time.s = 100.0
    assert [allowance.take("ana") for _ in range(4)] == [True, True, True, False]


def test_who_may_everything_again_is_forgotten() -> None:
    time = Time()
    allowance = Allowance(2, 1.0, time)
    for number in range(10 * REMEMBERED):
        time.s += 0.1
        assert allowance.take(f"guest-{number}")
    assert len(allowance._left) <= REMEMBERED


def test_paced_work_is_done_at_once_and_then_as_things_are_later() -> None:
    done: list[str] = []

    async def run() -> None:
        time = Time()
        paced = Paced(done.append, Allowance(2, 20.0, time))
        for _ in range(50):
            paced.ask("ana")
        paced.ask("ben")
        assert done == ["ana", "ana", "ben"]
        time.s = 0.06
        await asyncio.sleep(0.08)
        assert done == ["ana", "ana", "ben", "ana"]
        time.s = 10.0
        paced.close()
        await asyncio.sleep(0.08)
        assert done == ["ana", "ana", "ben", "ana"]

    asyncio.run(run())
