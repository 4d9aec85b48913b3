"""Options that several commands share, with their words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Force = Annotated[bool, typer.Option("--force", help="Replace an earlier run's results in DIR.")]
Offline = Annotated[bool, typer.Option("--offline", help="Never touch the network.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as JSON on stdout.")]
Recogniser = Annotated[
    str | None,
    typer.Option("--recogniser", metavar="MODEL", help="whisper-tiny.en or whisper-base."),
]
Enrol = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=RECORDING",
        help="A few seconds of one person's speech, to name them on a shared microphone; or a "
        "directory of such recordings, called NAME.wav.",
    ),
]
Mind = Annotated[
    str,
    typer.Option(
        "--mind",
        help="moderator-lm, duties, local for a small model here that answers, local:FILE.gguf, "
        "or openai:MODEL for a server.",
    ),
]
MindUrl = Annotated[
    str | None, typer.Option("--mind-url", metavar="URL", help="OpenAI-compatible server.")
]
Records = Annotated[
    list[Path],
    typer.Argument(metavar="DIR...", help="Directories of meeting records, or single records."),
]
Jobs = Annotated[int | None, typer.Option(min=1, max=256, help="Processes; default: one a core.")]
On = Annotated[
    str,
    typer.Option(
        "--on",
        metavar="processes|ray[://HOST:PORT]",
        help="Where: processes here, the Ray cluster of this machine, or one that takes clients.",
    ),
]
Seed = Annotated[
    int,
    # Larger ones are not taken by scikit-learn.
    typer.Option(min=0, max=2**32 - 1, help="Of everything drawn."),
]
