"""Honest latency: what computing took is added as meeting time where a replay asks for it."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from moderator.timeline import Samples, to_samples

T = TypeVar("T")


class DelayLine(Generic[T]):
    """A worker of one part: results come out when it would have been done with them.

    A part computes one thing after the other, so a slow one falls behind. Disabled, everything
    comes out at once and meeting time does not depend on the machine.
    """

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._free_at: Samples = 0
        self._waiting: deque[tuple[Samples, T]] = deque()

    def put(self, now: Samples, item: T, cost_s: float) -> None:
        """Takes what was given to the part at `now` and took `cost_s` seconds to compute."""
        if self._enabled:
            self._free_at = max(self._free_at, now) + to_samples(cost_s)
        self._waiting.append((self._free_at if self._enabled else now, item))

    def take(self, now: Samples) -> list[T]:
        """What is ready at `now`, in order."""
        ready = []
        while self._waiting and self._waiting[0][0] <= now:
            ready.append(self._waiting.popleft()[1])
        return ready
