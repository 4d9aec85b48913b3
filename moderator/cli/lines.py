"""Progress where there is no terminal: a line a minute, for whoever reads a log."""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from types import TracebackType
from typing import Final, Protocol, Self

from moderator.cli.errors import one_line
from moderator.timeline import Elapsed

EVERY_S: Final = 60.0
"""Seconds from one line to the next."""


class Shown(Protocol):
    """Something that is being done, as people see it."""

    def __call__(self, done: float) -> None:
        """So many more units are done."""
        ...

    def now(self, what: str, *, at_once: bool = False) -> None:
        """It is called something else from now on; `at_once`: people are told without delay."""
        ...


class Silent:
    """Shows nothing; satisfies `Shown`."""

    def __call__(self, done: float) -> None:
        """Does nothing."""

    def now(self, what: str, *, at_once: bool = False) -> None:
        """Does nothing."""


class Lines:
    """Says once a minute on stderr how far something is; satisfies `Shown`.

    Use as a context manager: lines come while its block runs. What takes less than a minute says
    nothing.

    Args:
        what: is being done.
        total: how many units there are; None where nobody knows.
        before: units that were done before.
        every_s: seconds from one line to the next.
    """

    def __init__(
        self, what: str, total: float | None, before: float = 0.0, every_s: float = EVERY_S
    ) -> None:
        self._what, self._total, self._every_s = what, total, every_s
        self._before = self._done = before
        self._elapsed = Elapsed()
        self._over = threading.Event()
        self._writer = threading.Thread(target=self._write, name="progress-lines", daemon=True)

    def __enter__(self) -> Self:
        self._writer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._writer.join()

    def __call__(self, done: float) -> None:
        """So many more units are done."""
        self._done += done

    def now(self, what: str, *, at_once: bool = False) -> None:
        """It is called something else from now on; `at_once`: that is a line of its own."""
        self._what = what
        if at_once:
            write_line(what)

    def _write(self) -> None:
        while not self._over.wait(self._every_s):
            write_line(f"{self._what}: {self._how_far()}")

    def _how_far(self) -> str:
        seconds = self._elapsed.seconds
        so_far = f"{duration(seconds)} so far"
        if not self._total:
            return so_far
        share = min(self._done / self._total, 1.0)
        now = self._done - self._before
        rest = f"{duration(seconds * (1.0 - share) * self._total / now)} left" if now else so_far
        return f"{100 * share:.0f} %, {rest}"


def duration(seconds: float) -> str:
    """A duration for people, rounded up to whole minutes."""
    minutes = -int(-seconds // 60)
    if minutes < 60:
        return f"{max(1, minutes)} min"
    return f"{minutes // 60} h {minutes % 60} min"


def write_line(text: str) -> None:
    """Writes one line on stderr; a log that is gone is no reason to stop."""
    encoding = sys.stderr.encoding or "utf-8"
    line = one_line(text).encode(encoding, "backslashreplace").decode(encoding)
    with suppress(OSError, ValueError):
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
