"""What commands share on the terminal: progress on stderr, results on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import ProgressColumn

Advance = Callable[[float], None]
"""Say that so many more units are done."""

Unit = Literal["items", "bytes", "seconds"]


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


@contextmanager
def progress(
    description: str, total: float | None = None, *, unit: Unit = "items", enabled: bool = True
) -> Iterator[Advance]:
    """A progress bar on stderr while the block runs; it is wiped when the block ends.

    Args:
        description: what is being done, in a few words.
        total: how many units there are; None where nobody knows.
        unit: how the count is shown.
        enabled: False where the caller was asked for `--json`.

    Yields:
        The function that takes the units done since the last call. Nothing is drawn, and the
        function does nothing, when stderr is not a terminal.
    """
    if not enabled or not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.progress import Progress

    with Progress(*_columns(unit), console=stderr_console(), transient=True) as bar:
        task = bar.add_task(description, total=total)
        yield lambda done: bar.advance(task, done)


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
