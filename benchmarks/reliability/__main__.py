"""The command line of the reliability tests; see the package."""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.reliability import canary as hiding
from benchmarks.reliability import faults as failing
from benchmarks.reliability import kills as killing
from benchmarks.reliability import parts as parting
from benchmarks.reliability import persuasion as persuading
from benchmarks.reliability import places as placing
from benchmarks.reliability.fuzzing.child import attempt
from benchmarks.reliability.fuzzing.target import targets
from benchmarks.reliability.fuzzing.watch import Found, Plan, Reader, file_name
from moderator.cli.console import progress
from moderator.cli.errors import guard
from moderator.cli.options import Jobs
from moderator.errors import InputError

app = typer.Typer(add_completion=False, help=__doc__)

Times = Annotated[int, typer.Option(min=4, help="How often.")]
Seed = Annotated[int, typer.Option(help="Of the random moments.")]


@app.command()
def kills(times: Times = 200, seed: Seed = 1) -> None:
    """Kill meetings at random moments, and half as many while somebody is being erased."""
    by_kind: dict[str, list[killing.Killed]] = defaultdict(list)
    with progress("killing", times + times // 2) as advance:
        for what, one in killing.kills(times, seed, lambda *_: advance(1.0)):
            by_kind[what].append(one)
    table = Table("where", "kills", "journal lost, s: median, most", "sound lost", "left", box=None)
    failed = 0
    for what, found in sorted(by_kind.items()):
        journal = sorted(one.journal_s for one in found)
        sound = max(one.sound_s for one in found)
        left = (
            f"{sum(one.words for one in found)} words, amplitude {max(o.heard for o in found):.0e}"
        )
        failed += sum(killing.bad(what, one) for one in found)
        cells = (
            ("-", "-", left)
            if what == "erasing"
            else (
                f"{journal[len(journal) // 2]:.2f}, {journal[-1]:.2f}",
                f"{sound:.2f}",
                "-",
            )
        )
        table.add_row(what, str(len(found)), *cells)
    Console().print(table)
    Console().print(f"{failed} of {times + times // 2} kills lost more than they may")
    raise typer.Exit(1 if failed else 0)


@app.command()
def canary(times: Times = 32, seed: Seed = 1) -> None:
    """Look for nonsense words of people who refused in everything that is left or was sent."""
    with progress("looking", times) as advance:
        results = hiding.canary(times, seed, lambda: advance(1.0))
    table = Table("refused", "meetings", "words of 100 in files", "in requests", "sound", box=None)
    for moment in hiding.MOMENTS:
        found = [one for what, one in results if what == moment]
        table.add_row(
            moment,
            str(len(found)),
            str(max(one.in_files for one in found)),
            str(max(one.in_requests for one in found)),
            f"{max(one.amplitude for one in found):.0e}",
        )
    Console().print(table)
    failed = sum(hiding.bad(one) for _, one in results)
    Console().print(f"something was left in {failed} of {times} meetings")
    raise typer.Exit(1 if failed else 0)


@app.command()
def faults(
    step: Annotated[int, typer.Option(min=1, help="Only every so many writes fail.")] = 1,
) -> None:
    """Let every write of a meeting fail once, in three ways."""
    with progress("failing", 1.0) as advance:
        count, found = failing.faults(step, advance)
    for what, wrong in found.items():
        Console().print(f"{what}: {'; '.join(wrong)}", markup=False)
    Console().print(f"{len(found)} of {count} faults did harm")
    raise typer.Exit(1 if found else 0)


@app.command()
def persuasion() -> None:
    """Try to talk the agent out of its role, by voice, chat, RPC, names, and through its model."""
    count = len(list(persuading.tried()))
    with progress("persuading", count) as advance:
        results = persuading.persuasion(lambda: advance(1.0))
    table = Table("tried by", "attempts", "did something", box=None)
    for kind in dict.fromkeys(kind for kind, _, _ in results):
        found = [wrong for which, _, wrong in results if which == kind]
        table.add_row(kind, str(len(found)), str(sum(map(bool, found))))
    for kind, what, wrong in results:
        if wrong:
            Console().print(f"{kind}, {what!r}: {'; '.join(wrong)}", markup=False)
    Console().print(table)
    failed = sum(bool(wrong) for _, _, wrong in results)
    Console().print(f"{failed} of {count} attempts did something")
    raise typer.Exit(1 if failed else 0)


@app.command()
def parts(times: Times = 100, seed: Seed = 1) -> None:
    """Let mind, recogniser, voice and server be slow, hang, crash and answer rubbish, at random."""
    with progress("failing", times) as advance:
        results = parting.parts(times, seed, lambda: advance(1.0))
    for one in results:
        if one.wrong:
            Console().print(f"{one.what}: {'; '.join(one.wrong)}", markup=False)
            Console().print(f"  after {', '.join(one.steps)}", markup=False)
    table = Table("role and mind", "meetings", "failures told", "longest tick, s", box=None)
    for what in sorted({one.what for one in results}):
        found = [one for one in results if one.what == what]
        told = sum((one.failures for one in found), Counter[str]())
        slowest = max(one.slowest_s for one in found)
        counts = ", ".join(f"{count} {part}" for part, count in sorted(told.items()))
        table.add_row(what, str(len(found)), counts or "-", f"{slowest:.3f}")
    Console().print(table)
    failed = sum(bool(one.wrong) for one in results)
    Console().print(f"something went wrong in {failed} of {times} meetings")
    raise typer.Exit(1 if failed else 0)


@app.command()
def fuzz(
    times: Annotated[int, typer.Option(min=1, help="Mutations of each reader's inputs.")] = 10_000,
    minutes: Annotated[float | None, typer.Option(min=0.01, help="For each, instead.")] = None,
    seed: Seed = 1,
    only: Annotated[list[str] | None, typer.Option(help="Readers whose name has this.")] = None,
    more: Annotated[
        list[Path] | None, typer.Option("--inputs", help="Directories of further valid inputs.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="For inputs that do harm.")] = None,
    again: Annotated[Path | None, typer.Option(help="Read one of those once more.")] = None,
    jobs: Jobs = None,
) -> None:
    """Give every reader of what comes from outside broken inputs, each in a process of its own."""
    names = [name for name in targets() if not only or any(one in name for one in only)]
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


@app.command()
def places(
    records: Annotated[list[Path], typer.Argument(metavar="RECORD...", help="Meetings of words.")],
    python: Annotated[
        list[Path] | None, typer.Option(help="Interpreters; the project is installed there.")
    ] = None,
    capability: Annotated[list[str] | None, typer.Option(help="best, avx2, none.")] = None,
    role: str = "facilitator",
    mind: str = "moderator-lm",
) -> None:
    """Replay meetings by other Pythons and on lesser processors: are the decisions the same?"""
    where = placing.places(python or [Path(sys.executable)], capability or [*placing.CAPABILITIES])
    with progress("replaying", float(len(where) * len(records))) as advance:
        found = list(placing.compare(records, where, role, mind, lambda: advance(1.0)))
    table = Table("where", "meeting", "decisions, turns", "differ", "from", "journal", box=None)
    for one in found:
        begins = "-" if one.first_s is None else f"{one.first_s:.1f} s"
        same = "the same bytes" if one.same_bytes else "other bytes"
        numbers = (str(one.decisions), str(one.differ), begins, same)
        table.add_row(one.place.name, one.record.stem, *numbers)
    Console().print(table)
    failed = sum(bool(one.differ) for one in found)
    Console().print(f"other decisions in {failed} of {len(found) - len(records)} replays")
    raise typer.Exit(1 if failed else 0)


@app.callback()
def main() -> None:
    """What holds when things go wrong."""


if __name__ == "__main__":
    sys.exit(guard(lambda: app(standalone_mode=False)))
