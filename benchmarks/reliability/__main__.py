"""The command line of the reliability tests; see the package."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.reliability import kills as killing
from moderator.cli.console import progress

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


@app.callback()
def main() -> None:
    """What holds when things go wrong."""


if __name__ == "__main__":
    app()
