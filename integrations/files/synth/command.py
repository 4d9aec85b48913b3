"""`moderator synth`: meetings that never happened, from scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from moderator.cli.options import Records, Seed

app = typer.Typer(help="Make meetings of written scripts, with the timing of real talk.")

Scripts = Annotated[
    list[Path],
    typer.Argument(metavar="SCRIPT...", help="Scripts, directories or zip archives of them."),
]
TimingFile = Annotated[
    Path | None,
    typer.Option("--timing", metavar="FILE", help="Made by `synth fit`; default: AMI and ICSI."),
]


@app.callback()
def _synth() -> None:
    """Make meetings of written scripts, with the timing of real talk."""


@app.command()
def make(
    scripts: Scripts,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="For the records.")],
    timing: TimingFile = None,
    seed: Seed = 0,
) -> None:
    """Make a meeting record for every agent of every script.

    The people say the same each time; the agent's turns lie where the script has them, and what
    follows moves. The records can be prepared, trained on and scored (`moderator bench --seat
    agent`).
    """
    from integrations.files.synth.making import read_timing, write_meetings
    from integrations.files.synth.scripts import read_scripts

    made = write_meetings(read_scripts(scripts), out, read_timing(timing), seed)
    typer.echo(
        f"{out}: {made.meetings} meetings of {made.scripts} scripts, {made.hours:.1f} h; "
        f"{made.turns} turns of agents, {made.silent} of whom are silent"
    )


@app.command()
def fit(
    records: Records,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="For the timing.")],
    source: Annotated[str, typer.Option(help="What the meetings are, for people.")] = "",
) -> None:
    """Measure the timing of recorded meetings: offsets, pauses, lengths of words."""
    from integrations.files.bench.records import read_meetings
    from integrations.files.disk.atomic import write_text
    from moderator.synth.fitting import fit as measure

    meetings = read_meetings(records)
    timing = measure(meetings, source or f"{len(meetings)} meetings")
    write_text(out, timing.model_dump_json() + "\n")
    typer.echo(f"{out}: timing of {len(meetings)} meetings")


@app.command()
def compare(
    records: Records,
    against: Annotated[
        list[Path], typer.Option("--against", metavar="DIR", help="Records of real talk.")
    ],
) -> None:
    """Compare made meetings with real ones: offsets, overlaps, lengths, silences."""
    from rich.table import Table

    from integrations.files.bench.records import read_meetings
    from moderator.cli.console import table_console
    from moderator.synth.likeness import statistics

    made, real = (statistics(read_meetings(places)) for places in (records, against))
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for name in ("made", "real"):
        table.add_column(name, justify="right")
    for name, value in made.items():
        table.add_row(name, f"{value:.2f}", f"{real[name]:.2f}")
    table_console().print(table)
