"""How often one person may have something done, so that nobody keeps the agent from the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from moderator.timeline import SAMPLE_RATE, Samples

REMEMBERED = 256
"""People about whom something is kept; then those are dropped who may do everything again."""


class Allowance:
    """So often at once, then at a rate; what is not used comes back.

    Args:
        at_once: how often, after a pause.
        a_second: at which rate, then.
        now: time that never stands still.
    """

    def __init__(self, at_once: int, a_second: float, now: Callable[[], Samples]) -> None:
        self._at_once, self._a_second, self._now = float(at_once), a_second, now
        self._left: dict[str, tuple[float, Samples]] = {}

    def take(self, who: str) -> bool:
        """Whether they may once more; then that is used up."""
        now = self._now()
        left = self._of(who, now)
        may = left >= 1.0
        if len(self._left) >= REMEMBERED:
            self._forget(now)
        self._left[who] = (left - may, now)
        return may

    def again_after_s(self, who: str) -> float:
        """Seconds until they may again; 0: now."""
        return max(0.0, (1.0 - self._of(who, self._now())) / self._a_second)

    def _of(self, who: str, now: Samples) -> float:
        left, at = self._left.get(who, (self._at_once, now))
        return min(self._at_once, left + (now - at) / SAMPLE_RATE * self._a_second)

    def _forget(self, now: Samples) -> None:
        for who in [one for one in self._left if self._of(one, now) >= self._at_once]:
            del self._left[who]


class Paced:
    """Work about a person that is done at once, or later where they ask for it too often.

    What is left out in between makes no difference: the work looks at how things are then.

    Args:
        work: is given who it is about.
        allowance: says how often.
    """

    def __init__(self, work: Callable[[str], None], allowance: Allowance) -> None:
        self._work, self._allowance = work, allowance
        self._later: dict[str, asyncio.TimerHandle] = {}

    def ask(self, who: str) -> None:
        """Has it done, now or as soon as they may."""
        if who in self._later:
            return
        if self._allowance.take(who):
            self._work(who)
        else:
            loop = asyncio.get_running_loop()
            wait = self._allowance.again_after_s(who)
            self._later[who] = loop.call_later(wait, self._do, who)

    def close(self) -> None:
        """Does nothing any more."""
        for timer in self._later.values():
            timer.cancel()
        self._later.clear()

    def _do(self, who: str) -> None:
        del self._later[who]
        self.ask(who)
