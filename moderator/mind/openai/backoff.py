"""When a server that failed is asked again, in meeting time."""

from __future__ import annotations

from moderator.timeline import Samples, to_samples

FIRST_WAIT = to_samples(15.0)


class Backoff:
    """Waits twice as long after every failure in a row.

    Counted in meeting time: a dead server costs a replay of an hour some eight time-outs, however
    fast it runs. Without a longest wait, a server that comes back is asked again at the latest
    after as much time as it was away, and the first wait.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._until: Samples = 0

    def waiting(self, now: Samples) -> bool:
        """The server is not to be asked yet."""
        return now < self._until

    def failed(self, now: Samples) -> None:
        """It failed at `now`."""
        self._until = now + FIRST_WAIT * 2**self._failures
        self._failures += 1

    def answered(self) -> None:
        """It works."""
        self._failures, self._until = 0, 0
