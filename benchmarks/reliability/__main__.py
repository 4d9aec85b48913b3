"""The command line of the reliability tests; see the package."""

from __future__ import annotations

import logging
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.reliability import canary as hiding
from benchmarks.reliability import churn as churning
from benchmarks.reliability import faults as failing
from benchmarks.reliability import flood as flooding
from benchmarks.reliability import kills as killing
from benchmarks.reliability import network as networking
from benchmarks.reliability import overload as overloading
from benchmarks.reliability import parts as parting
from benchmarks.reliability import persuasion as persuading
from benchmarks.reliability import places as elsewhere
from benchmarks.reliability import soak as soaking
from benchmarks.reliability import soak_rooms as soaking_rooms
from benchmarks.reliability import spoken as speaking
from benchmarks.room.inside import is_inside, run_inside
from benchmarks.room.probed import Held
from benchmarks.room.talking import percentiles
from moderator.cli.console import progress

app = typer.Typer(add_completion=False, help=__doc__)

Times = Annotated[int, typer.Option(min=4, help="How often.")]
Keep = Annotated[Path | None, typer.Option(help="Keep logs and the meetings' files.")]
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
def canary(
    times: Times = 32,
    seed: Seed = 1,
    spoken: Annotated[bool, typer.Option(help="Also recognise the sound that is left.")] = True,
) -> None:
    """Look for nonsense words of people who refused in everything that is left or was sent.

    And for words that they spoke, by recognising again the sound that is left.
    """
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
    failed += _understood() if spoken else 0
    raise typer.Exit(1 if failed else 0)


def _understood() -> int:
    """Prints what is understood of sound that is left; in how many meetings it is wrong."""
    with progress("listening", len(speaking.MEETINGS)) as advance:
        results = speaking.spoken(lambda: advance(1.0))
    table = Table("refused", "meetings", "their words understood", "others' words", box=None)
    for moment in (*speaking.MOMENTS, speaking.NEVER):
        found = [one for what, one in results if what == moment]
        theirs = sum(len(one.theirs) for one in found)
        others = min(one.others for one in found)
        table.add_row(moment, str(len(found)), str(theirs), f"{others:.0%}")
    Console().print(table)
    failed = sum(speaking.bad(one) for _, one in results)
    count = len(results)
    Console().print(f"what should not, or too little else, was understood in {failed} of {count}")
    return failed


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
def places(
    inputs: Annotated[list[str], typer.Argument(help="As `moderator replay` takes them.")],
    python: Annotated[
        list[Path] | None, typer.Option(help="Another interpreter that has the product.")
    ] = None,
    role: Annotated[str, typer.Option(help="As `moderator replay` takes it.")] = "facilitator",
) -> None:
    """Replay one meeting with other Pythons, and as if the processor were older."""
    here = Path(sys.executable)
    wanted = [(here, processor) for processor in elsewhere.PROCESSORS]
    wanted += [(other, next(iter(elsewhere.PROCESSORS))) for other in python or []]
    table = Table("python", "processor", "computes in", "decisions", "others", "journal", box=None)
    first: elsewhere.Replayed | None = None
    different = 0
    with TemporaryDirectory() as folder, progress("replaying", len(wanted)) as advance:
        for number, (interpreter, processor) in enumerate(wanted):
            out = Path(folder) / str(number)
            found = elsewhere.replayed(interpreter, inputs, role, processor, out)
            first = first or found
            others = found.differing(first)
            different += others > 0
            same = "the same" if found.journal == first.journal else "another"
            count = str(len(found.decisions))
            kind = found.number_type or "-"
            table.add_row(str(interpreter), processor, kind, count, str(others), same)
            advance(1.0)
    Console().print(table)
    raise typer.Exit(1 if different else 0)


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
    table = Table("line", "answered", "question → answer", box=None)
    for kind, gaps in found.gaps.items():
        came = [gap for gap in gaps if gap is not None]
        table.add_row(kind, f"{len(came)} of {len(gaps)}", _percentiles(came))
    Console().print(table)
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
    table = Table("when", "answered", "question → answer", box=None)
    for when in dict.fromkeys(one.when for one in found.asked):
        gaps = [one.gap_s for one in found.asked if one.when == when]
        came = [gap for gap in gaps if gap is not None]
        table.add_row(when, f"{len(came)} of {len(gaps)}", _percentiles(came))
    Console().print(table)
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


@app.callback()
def main() -> None:
    """What holds when things go wrong."""


if __name__ == "__main__":
    app()
