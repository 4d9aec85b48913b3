"""Prints what became of many meetings: a table for people, or one object of JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from integrations.files.batch.run import Figures, Outcome
from integrations.files.story import length, speed
from moderator.cli.console import print_json, table_console
from moderator.cli.errors import one_line


def print_batch(outcomes: Sequence[Outcome], out: Path, *, as_json: bool) -> None:
    """Prints all outcomes, in their order."""
    if as_json:
        print_json(_object(outcomes, out))
        return
    table = Table()
    for name in ("meeting", "length", "turns", "speed", "notes"):
        numbers = name in ("length", "turns", "speed")
        table.add_column(name, justify="right" if numbers else "left", no_wrap=numbers)
    for one in outcomes:
        table.add_row(*(Text(cell) for cell in _row(one)))
    console = table_console()
    console.print(table)
    text = ", ".join(f"{count} {state}" for state, count in _count(outcomes).items() if count)
    console.print(f"{text}: {out}", markup=False, highlight=False, soft_wrap=True)


def _row(one: Outcome) -> tuple[str, ...]:
    if one.summary is None:
        return one.name, "", "", "", f"error: {one.error}"
    figures = Figures.model_validate(one.summary)
    failed = (f"{what} ({times} time{'s' * (times > 1)})" for what, times in one.failures)
    notes = [one_line(note) for note in (*figures.notes, *failed)]
    told = "; ".join(notes[:2]) + (f"; and {len(notes) - 2} more" if len(notes) > 2 else "")
    factor = figures.real_time_factor
    return one.name, length(figures.duration_s), str(figures.agent.turns), speed(factor), told


def _state(one: Outcome) -> str:
    if one.summary is None:
        return "failed"
    return "kept" if one.kept else "finished"


def _count(outcomes: Sequence[Outcome]) -> dict[str, int]:
    times = Counter(map(_state, outcomes))
    return {state: times[state] for state in ("finished", "kept", "failed")}


def _object(outcomes: Sequence[Outcome], out: Path) -> dict[str, Any]:
    meetings = []
    for one in outcomes:
        told: dict[str, Any] = {"meeting": one.name, "state": _state(one)}
        if one.summary is None:
            told["error"] = one.error
        else:
            told |= {"out": str(out / one.name), "summary": one.summary}
        if one.failures:
            told["failures"] = dict(one.failures)
        meetings.append(told)
    return {**_count(outcomes), "meetings": meetings}
