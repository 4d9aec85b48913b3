"""Whether the parts that hear work: what failed, and whether something is missed by it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from weakref import WeakKeyDictionary

from moderator.events import Part
from moderator.timeline import Samples, to_samples

IN_A_ROW = 3
"""What failed so often without a success between is down; what hung is at once."""

FIRST_PAUSE, LONGEST_PAUSE = to_samples(1.0), to_samples(5.0)


class Health:
    """Collects what streams of one kind report of themselves, from any thread."""

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

    def told(self, failures: Iterable[str]) -> None:
        """Takes what failed without being missed: something else does its work."""
        with self._lock:
            self._failures += failures

    def worked(self, stream: object) -> None:
        """A stream did what it is for, or found that there was nothing to do."""
        with self._lock:
            self._in_a_row.pop(stream, None)

    def take_failures(self) -> list[str]:
        """What failed since the last call."""
        with self._lock:
            failures, self._failures = self._failures, []
        return failures

    @property
    def down(self) -> bool:
        """A stream keeps failing at present."""
        with self._lock:
            return any(count >= IN_A_ROW for count in self._in_a_row.values())


class EarsHealth:
    """The health of all parts of a meeting's ears.

    Attributes:
        recogniser: of streams that recognise.
        detector: of detectors of voices.
        diarizer: of what tells voices apart.
    """

    def __init__(self) -> None:
        self.recogniser, self.detector, self.diarizer = Health(), Health(), Health()
        self._parts = {
            Part.RECOGNISER: self.recogniser,
            Part.DETECTOR: self.detector,
            Part.DIARIZER: self.diarizer,
        }

    def take_failures(self) -> list[tuple[Part, str]]:
        """What failed since the last call, by part."""
        return [
            (part, what) for part, health in self._parts.items() for what in health.take_failures()
        ]

    @property
    def down(self) -> frozenset[Part]:
        """The parts that keep failing at present."""
        return frozenset(part for part, health in self._parts.items() if health.down)


class Pause:
    """How long what failed is left alone before it is tried anew, in audio that passes.

    Longer after every failure in a row, so that a model that is broken for good costs little.
    """

    def __init__(self) -> None:
        self._next = FIRST_PAUSE
        self._left: Samples = 0

    def failed(self) -> None:
        """It failed."""
        self._left, self._next = self._next, min(2 * self._next, LONGEST_PAUSE)

    def worked(self) -> None:
        """It works."""
        self._next = FIRST_PAUSE

    def over(self, passed: Samples) -> bool:
        """Whether it is to be tried, as so much audio passes."""
        due = self._left <= 0
        self._left -= passed
        return due
