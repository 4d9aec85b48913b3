"""`moderator models`: see, fetch and check the model weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from moderator.models.store import FileStatus, ModelStatus, ModelStore

app = typer.Typer(help="See, fetch and check the model weights.")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Offline = Annotated[bool, typer.Option("--offline", help="Never touch the network.")]
From = Annotated[
    Path | None,
    typer.Option("--from", metavar="DIR", help="Take files from DIR/<model>/<file> first."),
]
Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Models by name.")]


def open_store(
    *, offline: bool = False, local: Path | None = None, show_progress: bool = True
) -> ModelStore:
    """The user's model store with a progress bar on this terminal.

    Args:
        offline: never touch the network.
        local: a directory to take files from first.
        show_progress: False where the caller was asked for `--json`.

    Raises:
        InputError: `local` is not a directory.
    """
    from functools import partial

    from moderator.cli.console import progress
    from moderator.errors import InputError
    from moderator.models.store import ModelStore

    if local is not None and not local.is_dir():
        raise InputError("not a directory", where=str(local), todo="give --from a directory")
    return ModelStore.default(
        offline=offline,
        local=() if local is None else (local,),
        progress=partial(progress, unit="bytes", enabled=show_progress),
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _model_json(status: ModelStatus) -> dict[str, Any]:
    model = status.model
    return {
        "name": model.name,
        "summary": model.summary,
        "licence": model.licence,
        "extra": model.extra,
        "size": model.size,
        "present": status.present,
        "directory": str(status.directory) if status.directory else None,
        "files": [
            {"name": file.name, "size": file.size, "sha256": file.sha256} for file in model.files
        ],
    }


@app.command("list")
def list_models(json: Json = False) -> None:
    """List the models: size, licence, and whether they are on this machine."""
    from moderator.cli.console import print_json, stdout_console

    store = open_store()
    if json:
        print_json([_model_json(status) for status in store.list()])
        return
    from rich.markup import escape
    from rich.table import Table

    table = Table("model", "here", "size", "licence", "what it is for", box=None)
    table.columns[0].no_wrap = True
    for status in store.list():
        model = status.model
        here = "yes" if status.present else "no"
        purpose = model.summary + (f", extra {model.extra}" if model.extra else "")
        cells = (model.name, here, _megabytes(model.size), model.licence, purpose)
        table.add_row(*(escape(cell) for cell in cells))
    stdout_console().print(table)


@app.command()
def pull(
    names: Names = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All models but those of extras.")
    ] = False,
    local: From = None,
    offline: Offline = False,
    json: Json = False,
) -> None:
    """Fetch what is missing of the named models."""
    from moderator.cli.console import print_json
    from moderator.errors import InputError

    if bool(names) == everything:
        raise InputError(
            "name models, or give --all" if everything is False else "names beside --all",
            where="moderator models pull",
            todo="see `moderator models list`",
        )
    store = open_store(offline=offline, local=local, show_progress=not json)
    embedded = [status.model.name for status in store.list() if status.model.extra is None]
    wanted = embedded if everything else list(names or ())
    store.pull(*wanted)
    statuses = [status for status in store.list() if status.model.name in wanted]
    if json:
        print_json([_model_json(status) for status in statuses])
        return
    for status in statuses:
        typer.echo(f"{status.model.name}\t{_megabytes(status.model.size)}\t{status.directory}")


@app.command()
def verify(names: Names = None, json: Json = False) -> None:
    """Hash the files of the named models, or of all, and remove what is not as registered."""
    from moderator.cli.console import print_json, progress
    from moderator.errors import InputError

    store = open_store()
    wanted = list(names or (status.model.name for status in store.list()))
    total = sum(store.model(name).size for name in wanted)
    found: list[FileStatus] = []
    with progress("hashing", total, unit="bytes", enabled=not json) as advance:
        for name in wanted:
            found += store.verify(name)
            advance(store.model(name).size)
    if json:
        print_json([_file_json(status) for status in found])
    else:
        for status in found:
            typer.echo(f"{status.state}\t{status.model}/{status.file}")
    bad = [s for s in found if s.state == "wrong" or (names and s.state == "missing")]
    if bad:
        which = ", ".join(f"{status.model}/{status.file} ({status.state})" for status in bad)
        models = " ".join(dict.fromkeys(status.model for status in bad))
        raise InputError(
            "not as registered", where=which, todo=f"get them with `moderator models pull {models}`"
        )


def _file_json(status: FileStatus) -> dict[str, Any]:
    return {
        "model": status.model,
        "file": status.file,
        "state": status.state,
        "size": status.size,
        "path": str(status.path) if status.path else None,
    }


@app.command()
def path(
    name: Annotated[str, typer.Argument(help="A model.")],
    file: Annotated[str | None, typer.Argument(help="One of its files.")] = None,
    offline: Offline = False,
    json: Json = False,
) -> None:
    """Print where a model's directory, or one file of it, lies; what is missing is fetched."""
    from moderator.cli.console import print_json

    store = open_store(offline=offline, show_progress=not json)
    found = store.path(name, file) if file else store.directory(name)
    if json:
        print_json({"model": name, "file": file, "path": str(found)})
    else:
        typer.echo(str(found))
