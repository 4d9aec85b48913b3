"""`moderator data`: corpora as their owners distribute them become meeting records."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Make meeting records from a corpus.")

Archive = Annotated[
    Path, typer.Argument(metavar="ZIP", help="ami_public_manual_1.6.2.zip, as downloaded.")
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Gets a folder for each split.")]
Split = Annotated[
    str, typer.Option("--split", help="train, dev or test of AMI's scenario meetings, other, all.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace records that are there already.")]


@app.callback()
def _data() -> None:
    """Make meeting records from a corpus."""


@app.command()
def ami(
    archive: Archive, out: Out = Path("ami"), split: Split = "all", force: Force = False
) -> None:
    """Make meeting records from the AMI Meeting Corpus's release of manual annotations."""
    from integrations.files.ami.importing import import_release
    from integrations.files.ami.splits import SPLITS
    from moderator.cli.console import note
    from moderator.errors import InputError

    if split != "all" and split not in SPLITS:
        todo = f"use {', '.join(SPLITS)} or all"
        raise InputError(f"unknown split {split[:60]!a}", where="--split", todo=todo)
    done = import_release(archive, out, SPLITS if split == "all" else (split,), force=force)
    for what, count in sorted(done.left_out.items()):
        note(f"note: left out: {what}: {count}")
    splits = Counter(path.parent.name for path in done.written)
    for name, count in splits.items():
        typer.echo(f"{out / name}: {count} meetings")
    typer.echo("AMI Meeting Corpus, AMI Consortium, University of Edinburgh, CC BY 4.0")
