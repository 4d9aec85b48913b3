"""The command line of fuzzing; see the package."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from moderator.cli.console import progress
from moderator.cli.errors import guard
from moderator.cli.options import Jobs
from moderator.errors import InputError
from tests.fuzz.child import attempt
from tests.fuzz.target import targets
from tests.fuzz.watch import Found, Plan, Reader, file_name

app = typer.Typer(add_completion=False, help=__doc__)


@app.command()
def fuzz(
    readers: Annotated[
        list[str] | None, typer.Argument(metavar="[READER]...", help="Names, or parts of them.")
    ] = None,
    times: Annotated[int, typer.Option(min=1, help="Mutations of each reader's inputs.")] = 10_000,
    minutes: Annotated[float | None, typer.Option(min=0.01, help="For each, instead.")] = None,
    seed: Annotated[int, typer.Option(help="Of the mutations.")] = 1,
    more: Annotated[
        list[Path] | None, typer.Option("--inputs", help="Directories of further valid inputs.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="For inputs that do harm.")] = None,
    again: Annotated[Path | None, typer.Option(help="Read one of those once more.")] = None,
    jobs: Jobs = None,
) -> None:
    """Give every reader of what comes from outside broken inputs, each in a process of its own."""
    names = _chosen(readers or [])
    if again is not None:
        _again(again, names)
    kept = out or Path(tempfile.mkdtemp(prefix="fuzz-harmful-"))
    plan = Plan(seed, times, minutes, kept, more or [])
    with progress("fuzzing", float(len(names))) as advance:
        found = _fuzzed(names, plan, jobs or os.cpu_count() or 1, advance)
    table = Table("reader", "inputs", "did harm", "longest, s", box=None)
    for one in found:
        harm, longest = str(one.faults.total()), f"{one.longest_s:.2f}"
        table.add_row(one.name, f"{one.tried:,}", harm, longest)
        for what, count in one.faults.most_common():
            Console().print(f"{one.name}: {count} times {what}", markup=False)
        for path in one.kept:
            Console().print(f"  --again {path}", markup=False, soft_wrap=True)
    Console().print(table)
    failed, tried = sum(one.faults.total() for one in found), sum(one.tried for one in found)
    Console().print(f"{failed} of {tried:,} inputs of {len(found)} readers did harm")
    raise typer.Exit(1 if failed or not tried else 0)


def _chosen(wanted: Sequence[str]) -> list[str]:
    """Readers of these names, or else those whose names have them as a part."""
    names = list(targets())
    found = {one: [one] if one in names else [n for n in names if one in n] for one in wanted}
    missing = [one for one, fits in found.items() if not fits]
    if missing:
        raise InputError(
            f"no reader is called {missing[0]!r}", todo=f"there are {', '.join(names)}"
        )
    return list(dict.fromkeys(name for fits in found.values() for name in fits)) or names


def _fuzzed(
    names: Sequence[str], plan: Plan, jobs: int, tell: Callable[[float], None]
) -> list[Found]:
    with ThreadPoolExecutor(jobs, "fuzz") as threads:
        return list(
            threads.map(lambda one: Reader(one, targets()[one][1], plan, tell).run(), names)
        )


def _again(path: Path, names: Sequence[str]) -> None:
    """Reads one input; the name of its file says who reads it."""
    name = path.name.split(".")[0]
    found = [targets()[one][0] for one in names if file_name(one) == name]
    if not found:
        raise InputError(f"no reader is called {name!r}", where=str(path), todo="keep its name")
    with tempfile.TemporaryDirectory() as folder:
        fault = attempt(found[0], path.read_bytes(), Path(folder))
    Console().print(f"{fault.what}\n{fault.trace}" if fault else "no harm", markup=False)
    raise typer.Exit(1 if fault else 0)


if __name__ == "__main__":
    sys.exit(guard(lambda: app(standalone_mode=False)))
