"""`moderator recover`, `report` and `forget`: what is done with a run's directory afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrations.files.recovery.erasing import Taken

Directory = Annotated[
    Path, typer.Argument(metavar="DIR", help="Directory that a replay or a meeting wrote to.")
]
Embed = Annotated[
    bool,
    typer.Option(
        "--embed-audio/--no-embed-audio",
        help="Put the sound into the page where that is small enough, or play the file.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


Rename = Annotated[
    list[str] | None,
    typer.Option(
        "--rename",
        metavar="OLD=NEW",
        help="Call somebody NEW in all files of a finished run; OLD is their name or id.",
    ),
]
Merge = Annotated[
    list[str] | None,
    typer.Option(
        "--merge", metavar="A,B,…", help="They are one person, who keeps the first one's name."
    ),
]


def report(
    directory: Directory,
    embed_audio: Embed = True,
    rename: Rename = None,
    merge: Merge = None,
    undo_names: Annotated[
        bool, typer.Option("--undo-names", help="Take all renames and merges back.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Build report.html again; what a run that broke off left is recovered first."""
    from integrations.files.disk.lock import InUse
    from integrations.files.recovery.recovering import recover_if_needed
    from integrations.files.recovery.relabelling import relabel_in, restore_in
    from moderator.cli.console import note, print_json, progress
    from moderator.errors import InputError
    from moderator.measure.report.page import write_report

    if undo_names and (rename or merge):
        raise InputError("both new names and the old ones", where="--undo-names", todo="give one")
    if undo_names:
        restore_in(directory)
    elif rename or merge:
        relabel_in(directory, rename or [], merge or [])
    try:
        recovered = recover_if_needed(directory)
    except InUse:
        note(f"note: the meeting in {directory} goes on; this is how far it is")
        recovered = None
    if recovered is not None:
        _tell(recovered)
    with progress("Building the report", total=1.0, enabled=not as_json) as advance:
        path = write_report(directory, embed_audio=embed_audio, progress=_stepwise(advance))
    if as_json:
        print_json({"report": str(path)})
    else:
        typer.echo(str(path))


def recover(directory: Directory, as_json: Json = False) -> None:
    """Finish what a run left that was killed: sound, transcripts, report, erasures owed."""
    from integrations.files.recovery.recovering import recover_if_needed
    from moderator.cli.console import note, print_json

    recovered = recover_if_needed(directory)
    if recovered is None:
        note(f"{directory} holds a finished run; there is nothing to recover")
    elif not as_json:
        _tell(recovered)
    if as_json:
        print_json(recovered or {})


def forget(
    directories: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Directories of finished runs.")
    ],
    speaker: Annotated[str, typer.Option(metavar="NAME", help="Whose words: name or id.")],
    as_json: Json = False,
) -> None:
    """Destroy what a person said in finished runs: words, sound, and the agent's quotations."""
    from integrations.files.recovery.recovering import forget_in
    from moderator.cli.console import print_json, progress

    found: dict[str, dict[str, Any]] = {}
    total = float(len(directories))
    with progress(f"forgetting {speaker}", total, enabled=not as_json) as advance:
        for directory in directories:
            found[str(directory)] = _taken(forget_in(directory, speaker))
            advance(1.0)
    if as_json:
        print_json(found)
        return
    for name, taken in found.items():
        typer.echo(
            f"{name}: {taken['words']} words, {taken['turns']} turns of the agent and "
            f"{taken['seconds']:.1f} s of mixed sound are gone; searched again: nothing found"
        )


def _taken(taken: Taken) -> dict[str, Any]:
    return {
        "labels": list(taken.erasure.labels),
        "words": taken.words,
        "turns": taken.turns,
        "seconds": round(taken.seconds, 3),
    }


def _tell(recovered: dict[str, Any]) -> None:
    from moderator.cli.console import note

    note(
        f"recovered {recovered['seconds']:.1f} s of the meeting: {recovered['words']} words"
        f"{', with sound' if recovered['sound'] else ''}"
    )
    if recovered["erased"]:
        note(f"erased, as was promised: what {', '.join(recovered['erased'])} had said")


def _stepwise(advance: Callable[[float], None]) -> Callable[[float], None]:
    """Takes the share done so far and tells `advance` what was added."""
    so_far = 0.0

    def show(done: float) -> None:
        nonlocal so_far
        advance(max(done - so_far, 0.0))
        so_far = max(done, so_far)

    return show
