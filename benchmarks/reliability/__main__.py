"""The command line of the reliability tests; see the package."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.reliability import canary as hiding
from benchmarks.reliability import faults as failing
from benchmarks.reliability import kills as killing
from benchmarks.reliability import parts as parting
from benchmarks.reliability import persuasion as persuading
from benchmarks.reliability import places as elsewhere
from benchmarks.reliability import room_commands
from benchmarks.reliability import spoken as speaking
from moderator.cli.console import progress

app = typer.Typer(add_completion=False, help=__doc__)
app.add_typer(room_commands.app)

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


@app.callback()
def main() -> None:
    """What holds when things go wrong."""


if __name__ == "__main__":
    app()
