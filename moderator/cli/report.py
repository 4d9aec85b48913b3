"""`moderator report`: builds a run's page again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable


def report(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Directory that a replay wrote to.")
    ],
    embed_audio: Annotated[
        bool,
        typer.Option(
            "--embed-audio/--no-embed-audio",
            help="Put the sound into the page where that is small enough, or play the file.",
        ),
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Build report.html again from a finished or interrupted run."""
    from moderator.cli.console import progress
    from moderator.measure.report.page import write_report

    with progress("Building the report", total=1.0, enabled=not as_json) as advance:
        path = write_report(directory, embed_audio=embed_audio, progress=_stepwise(advance))
    typer.echo(json.dumps({"report": str(path)}) if as_json else str(path))


def _stepwise(advance: Callable[[float], None]) -> Callable[[float], None]:
    """Takes the share done so far and tells `advance` what was added."""
    so_far = 0.0

    def show(done: float) -> None:
        nonlocal so_far
        advance(max(done - so_far, 0.0))
        so_far = max(done, so_far)

    return show
