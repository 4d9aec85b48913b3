"""What commands share on the terminal: progress on stderr, results on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Literal

from moderator.cli.lines import Lines, Shown, Silent

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn

Unit = Literal["items", "bytes", "seconds"]

WIDTH = 110
"""Columns of a wide table that is not printed on a terminal."""


@cache
def stderr_console() -> Console:
    """The console for people: notes and progress; results for machines go to stdout."""
    from rich.console import Console

    return Console(stderr=True)


@cache
def stdout_console() -> Console:
    """The console for results shown as tables."""
    from rich.console import Console

    return Console()


@cache
def table_console() -> Console:
    """The console for tables that are wide: what is no terminal gets `WIDTH` columns."""
    from rich.console import Console

    console = stdout_console()
    return console if console.is_terminal else Console(width=WIDTH)


class _Bar:
    """A task of a bar on the terminal; satisfies `Shown`."""

    def __init__(self, bar: Progress, what: str, total: float | None, before: float) -> None:
        self._bar = bar
        self._task = bar.add_task(what, total=total, completed=before)  # type: ignore[arg-type]

    def __call__(self, done: float) -> None:
        self._bar.advance(self._task, done)

    def now(self, what: str, *, at_once: bool = False) -> None:
        self._bar.update(self._task, description=what, refresh=at_once)


@contextmanager
def progress(
    description: str,
    total: float | None = None,
    *,
    before: float = 0.0,
    unit: Unit = "items",
    enabled: bool = True,
) -> Iterator[Shown]:
    """Shows on stderr how far something is while the block runs.

    On a terminal it is a bar, which is wiped when the block ends; elsewhere a line a minute.

    Args:
        description: what is being done, in a few words.
        total: how many units there are; None where nobody knows.
        before: units that were done before.
        unit: how the count is shown.
        enabled: False where the caller was asked for `--json`.

    Yields:
        What takes the units done since the last call, and other descriptions.
    """
    if not enabled:
        yield Silent()
    elif not sys.stderr.isatty():
        with Lines(description, total, before) as lines:
            yield lines
    else:
        from rich.progress import Progress

        with Progress(*_columns(unit), console=stderr_console(), transient=True) as bar:
            yield _Bar(bar, description, total, before)


@contextmanager
def loading(*, enabled: bool = True) -> Iterator[Callable[[str], None]]:
    """Shows on stderr what is being loaded while the block runs.

    On a terminal the latest name stands beside a bar; elsewhere each gets a line when it begins.

    Args:
        enabled: False where the caller was asked for `--json`.

    Yields:
        What takes the name of what is loaded next.
    """
    with progress("loading", enabled=enabled) as shown:
        yield lambda name: shown.now(f"loading {name}", at_once=True)


def _columns(unit: Unit) -> list[str | ProgressColumn]:
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    shown: dict[Unit, list[str | ProgressColumn]] = {
        "items": [MofNCompleteColumn()],
        "bytes": [DownloadColumn(), TransferSpeedColumn()],
        "seconds": ["{task.completed:.0f} of {task.total:.0f} s"],
    }
    name = TextColumn("{task.description}", markup=False)
    return [name, BarColumn(), *shown[unit], TimeRemainingColumn()]


def print_json(data: object) -> None:
    """Write one JSON document on stdout, in the same bytes for the same data.

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False)
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """Tell the user something in one line on stderr."""
    stderr_console().print(text, markup=False, highlight=False, soft_wrap=True)
