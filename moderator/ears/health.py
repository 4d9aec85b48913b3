"""Whether what recognises works: what failed, and whether somebody's words are lost by it."""

from __future__ import annotations

import threading
from weakref import WeakKeyDictionary

IN_A_ROW = 3
"""A stream that failed so often without a success between is deaf; one that hung is at once."""


class Health:
    """Collects what streams report of themselves, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_a_row: WeakKeyDictionary[object, int] = WeakKeyDictionary()
        self._failures: list[str] = []

    def failed(self, stream: object, what: str, *, hangs: bool = False) -> None:
        """A stream failed.

        Args:
            stream: which.
            what: kind of failure; nothing that was said.
            hangs: it did not answer at all.
        """
        with self._lock:
            count = self._in_a_row.get(stream, 0) + 1
            self._in_a_row[stream] = max(count, IN_A_ROW if hangs else 0)
            self._failures.append(what)

    def worked(self, stream: object) -> None:
        """A stream recognised something, or that there was nothing."""
        with self._lock:
            self._in_a_row.pop(stream, None)

    def take_failures(self) -> list[str]:
        """What failed since the last call."""
        with self._lock:
            failures, self._failures = self._failures, []
        return failures

    @property
    def deaf(self) -> bool:
        """Somebody's words are not understood at present."""
        with self._lock:
            return any(count >= IN_A_ROW for count in self._in_a_row.values())
