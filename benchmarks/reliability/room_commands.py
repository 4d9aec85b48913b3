"""The commands that break real rooms, and a meeting of many hours."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.reliability import churn as churning
from benchmarks.reliability import flood as flooding
from benchmarks.reliability import network as networking
from benchmarks.reliability import overload as overloading
from benchmarks.reliability import soak as soaking
from benchmarks.reliability import soak_rooms as soaking_rooms
from benchmarks.room.inside import is_inside, run_inside
from benchmarks.room.probed import Held
from benchmarks.room.talking import percentiles
from moderator.cli.console import progress

app = typer.Typer(add_completion=False, help=__doc__)

Keep = Annotated[Path | None, typer.Option(help="Keep logs and the meetings' files.")]


def _rooms() -> None:
    """Goes on in a network of its own, where rooms are needed."""
    if not is_inside():
        raise typer.Exit(run_inside("benchmarks.reliability", sys.argv[1:]))
    logging.getLogger("livekit").setLevel(logging.ERROR)


def _percentiles(seconds: Sequence[float]) -> str:
    found = percentiles(seconds)
    return f"p50 {found['p50_s']}, p95 {found['p95_s']} s"


def _end(wrong: Sequence[str]) -> NoReturn:
    for one in wrong:
        Console().print(one, markup=False)
    Console().print("nothing went wrong" if not wrong else f"{len(wrong)} things went wrong")
    raise typer.Exit(1 if wrong else 0)


@app.command()
def churn(
    joins: Annotated[int, typer.Option(min=10, help="And as many leaves.")] = 1000,
    minutes: Annotated[float, typer.Option(min=0.1, help="In which they come and go.")] = 10.0,
    people: Annotated[int, typer.Option(min=1, help="At the same time.")] = 50,
    keep: Keep = None,
) -> None:
    """Let people come, take other names, say something and go, in a real room."""
    _rooms()
    with progress("coming and going", joins + max(people, joins // 10)) as advance:
        found = churning.churn(joins, minutes, people, lambda: advance(1.0), keep)
    _show_held([("before", found.before), *found.during, ("after", found.after)])
    right, wrong, spoken = found.words
    Console().print(
        f"{found.joins} joins in {found.minutes:.1f} min; {found.names_checked} names; of {spoken} "
        f"words {right} under the right identity, {wrong} under a wrong one; memory grew by "
        f"{found.grown_mb:.1f} MB; microphones heard after {_percentiles(found.heard_after)}"
    )
    _end(found.wrong)


@app.command()
def flood(
    times: Annotated[int, typer.Option(min=1, help="Somebody talks over the agent.")] = 20,
    seconds: Annotated[float, typer.Option(min=1.0, help="At least.")] = 60.0,
    keep: Keep = None,
) -> None:
    """Let one of eight people flood a real room, while another talks over the agent."""
    _rooms()
    with progress("flooding", times) as advance:
        found = flooding.flood(times, seconds, lambda: advance(1.0), keep)
    codes = ", ".join(f"{count} with {code or 'success'}" for code, count in found.codes.items())
    did = ", ".join(f"{count} {what}" for what, count in found.did.items())
    Console().print(f"{found.seconds:.0f} s: {did}; calls answered: {codes}")
    Console().print(
        f"silent when talked over: {len(found.yields)} of {found.over}, "
        f"{_percentiles(found.yields)}, before the flood {len(found.calm)} of {flooding.WARM_UP}, "
        f"{_percentiles(found.calm)}; "
        f"{found.before.memory_mb} MB before, {found.after.memory_mb} MB after"
    )
    _end(found.wrong)


@app.command()
def network(
    times: Annotated[int, typer.Option(min=1, help="Questions under each condition.")] = 20,
    outages: Annotated[str, typer.Option(help="Seconds without a line, one after the other.")] = (
        ",".join(f"{one:.0f}" for one in networking.OUTAGES_S)
    ),
    keep: Keep = None,
) -> None:
    """Put the worker behind a line with losses, jitter and outages."""
    _rooms()
    lengths = [float(one) for one in outages.split(",") if one]
    with progress("losing", len(networking.KINDS) + len(lengths)) as advance:
        found = networking.network(times, lengths, lambda: advance(1.0), keep)
    _show_answers("line", found.gaps)
    for one in found.outages:
        held = ", ".join(map(str, astuple(one.held)))
        Console().print(
            f"{one.seconds:.0f} s without a line: answers {one.back_s} s after, "
            f"is called {one.called_s} s after; {held}"
        )
    Console().print(f"noticed {found.lost[0]} times, heard again {found.lost[1]} times")
    _end(found.wrong)


@app.command()
def overload(
    rooms: Annotated[int, typer.Option(min=1, help="That the worker takes.")] = 2,
    times: Annotated[int, typer.Option(min=1, help="Questions while all cores burn.")] = 8,
    keep: Keep = None,
) -> None:
    """Send a worker more meetings than it takes, and let programs burn all cores."""
    _rooms()
    with progress("overloading", 4) as advance:
        found = overloading.overload(rooms, times, lambda: advance(1.0), keep)
    gaps: dict[str, list[float | None]] = {}
    for one in found.asked:
        gaps.setdefault(one.when, []).append(one.gap_s)
    _show_answers("when", gaps)
    for what in (
        *found.reasons,
        *(f"{room}: {', '.join(how)}" for room, how in found.spared.items()),
    ):
        Console().print(what, markup=False)
    _end(found.wrong)


@app.command()
def soak(
    hours: Annotated[float, typer.Option(min=0.01, help="Of meeting time.")] = 8.0,
    rooms: Annotated[int, typer.Option(min=0, help="Real rooms instead; 0: none.")] = 0,
    minutes: Annotated[float, typer.Option(min=0.5, help="In the rooms.")] = 30.0,
    keep: Keep = None,
) -> None:
    """Hold one meeting of many hours, four people on four tracks, faster than real time."""
    if rooms:
        _rooms()
        _soak_rooms(rooms, minutes, keep)
    Console().print("minute, cost in s,", ", ".join(one.name for one in fields(Held)))
    found = soaking.soak(hours, _round)
    Console().print(
        f"{found.speed:.1f} times real time, {found.written_mb:.0f} MB of files; memory grows by "
        f"{found.mb_an_hour:.2f} MB an hour; the last rounds cost {found.dearer:+.1%}"
    )
    _end(found.wrong)


def _soak_rooms(rooms: int, minutes: float, keep: Path | None) -> NoReturn:
    with progress("soaking", minutes * 60 / soaking_rooms.EVERY_S) as advance:
        found = soaking_rooms.soak_rooms(rooms, minutes, lambda: advance(1.0), keep)
    _show_held([("before", found.before), *found.during, ("after", found.after)])
    came = [gap for gap in found.gaps if gap is not None]
    Console().print(
        f"{len(came)} of {len(found.gaps)} answered, {_percentiles(came)}; memory grew by "
        f"{found.mb_an_hour:.1f} MB an hour"
    )
    _end(found.wrong)


def _show_held(found: Sequence[tuple[object, Held]]) -> None:
    table = Table("at, s", *(one.name for one in fields(Held)), box=None)
    for at, held in found:
        table.add_row(str(at), *map(str, astuple(held)))
    Console().print(table)


def _round(one: soaking.Round) -> None:
    Console().print(f"{one.minute:.0f}, {one.cost_s},", ", ".join(map(str, astuple(one.held))))


def _show_answers(by: str, gaps: Mapping[str, Iterable[float | None]]) -> None:
    table = Table(by, "answered", "question → answer", box=None)
    for what, found in gaps.items():
        asked = list(found)
        came = [gap for gap in asked if gap is not None]
        table.add_row(what, f"{len(came)} of {len(asked)}", _percentiles(came))
    Console().print(table)
