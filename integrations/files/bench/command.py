"""`moderator bench`: scores minds on recorded meetings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moderator.cli.options import Jobs, MindUrl, On, Records, Seed

if TYPE_CHECKING:
    from moderator.measure.bench.moments import Protocol

Seat = Annotated[
    str, typer.Option("--seat", metavar="ROLE|ID", help="Whose place the agent takes.")
]
Minds = Annotated[
    str,
    typer.Option(
        metavar="A,B,...",
        help="Minds: moderator-lm, moderator-lm-think, duties, local, openai:MODEL; none for none.",
    ),
]
Protocols = Annotated[str, typer.Option("--protocol", help="stream, boundary, dynamic or all.")]
Step = Annotated[
    float, typer.Option(min=0.1, max=10.0, metavar="SECONDS", help="Grid of the stream.")
]
Train = Annotated[
    list[Path] | None,
    typer.Option(metavar="DIR", help="Records to train the timing baselines on."),
]
Tune = Annotated[
    list[Path] | None,
    typer.Option(metavar="DIR", help="Records to choose thresholds on, other than those scored."),
]
Threshold = Annotated[
    float | None,
    typer.Option(min=0.0, max=1.0, help="Threshold for all minds, instead of a chosen one."),
]
AsRole = Annotated[str, typer.Option("--role", help="The role that minds are given.")]
Plots = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Directory for plots."),
]
Cost = Annotated[
    float | None,
    typer.Option(
        min=0.01, max=24.0, metavar="HOURS", help="Measure what minds cost over this many hours."
    ),
]
Out = Annotated[Path | None, typer.Option("--json", metavar="OUT", help="File for all figures.")]


def bench(
    records: Records,
    seat: Seat = "moderator[0]",
    minds: Minds = "duties",
    protocol: Protocols = "all",
    step: Step = 1.0,
    jobs: Jobs = None,
    on: On = "processes",
    train: Train = None,
    tune: Tune = None,
    threshold: Threshold = None,
    role: AsRole = "chair",
    mind_url: MindUrl = None,
    plots: Plots = None,
    cost: Cost = None,
    seed: Seed = 0,
    json: Out = None,
) -> None:
    """Score when minds take the turn, in the seat of a participant of recorded meetings."""
    from integrations.files.bench.run import Request, run
    from moderator.measure.bench.runner import Plan

    plan = Plan(_protocols(protocol), step, seed)
    wanted = [] if minds == "none" else [name.strip() for name in minds.split(",")]
    run(
        Request(
            records=records,
            seat=seat,
            minds=wanted,
            plan=plan,
            train=train or [],
            tune=tune or [],
            threshold=threshold,
            role=role,
            mind_url=mind_url,
            plots=plots,
            cost_hours=cost,
            out=json,
            jobs=jobs,
            on=on,
        )
    )


def _protocols(name: str) -> tuple[Protocol, ...]:
    from moderator.errors import InputError
    from moderator.measure.bench.moments import Protocol

    if name == "all":
        return tuple(Protocol)
    if name not in list(Protocol):
        todo = f"use {', '.join(Protocol)} or all"
        raise InputError(f"unknown protocol {name[:60]!a}", where="--protocol", todo=todo)
    return (Protocol(name),)
