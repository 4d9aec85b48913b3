"""The Typer application; each command is imported when it is asked for, and not before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

PLUGIN_GROUP = "moderator.commands"
"""Entry-point group through which the ends of the system add commands."""

_ORDER = (
    "demo",
    "replay",
    "convert",
    "join",
    "serve",
    "roles",
    "models",
    "report",
    "recover",
    "forget",
    "bench",
    "data",
)
_BUILT_IN = {
    "roles": "moderator.cli.roles",
    "models": "moderator.cli.models",
}


def _plugins() -> dict[str, EntryPoint]:
    """Commands that installed distributions add, by name; built-in names are not replaced."""
    from importlib.metadata import entry_points

    found = sorted(entry_points(group=PLUGIN_GROUP), key=lambda point: (point.name, point.value))
    return {point.name: point for point in found if point.name not in _BUILT_IN}


def _load_built_in(name: str) -> object:
    """The Typer app called `app`, or else the function called like the command."""
    from importlib import import_module

    module = import_module(_BUILT_IN[name])
    return module.app if hasattr(module, "app") else getattr(module, name)


def _missing(name: str, reason: str) -> typer.Typer:
    """A stand-in for a command that cannot be loaded: it says why, in one line."""
    from moderator.errors import InputError

    stub = typer.Typer()

    @stub.command(
        name,
        help=f"(not available: {reason})",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )
    def unavailable() -> None:
        raise InputError(
            "this command could not be loaded",
            where=f"moderator {name}: {reason}",
            todo="repair or reinstall the package that brings it",
        )

    return stub


def _as_command(name: str, found: object) -> Any:
    """Turn a Typer app, or a function with Typer annotations, into a parsed command."""
    if not isinstance(found, typer.Typer):
        single = typer.Typer(add_completion=False)
        single.command(name)(cast("Any", found))
        found = single
    found._add_completion = False
    # Help in plain text: Rich's markdown and syntax modules take longer to import than all else.
    found.rich_markup_mode = None
    command = typer.main.get_command(found)
    command.name = name
    return command


class LazyCommands(TyperGroup):
    """A group that knows its commands by name and imports only the one that runs."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in a fixed order: the main commands, then other plug-ins by name."""
        known = {*_BUILT_IN, *_plugins()}
        first = [name for name in _ORDER if name in known]
        return first + sorted(known.difference(first))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the named command; one that fails to import becomes a note, not a crash."""
        if cmd_name in self.commands:
            return self.commands[cmd_name]
        plugin = None if cmd_name in _BUILT_IN else _plugins().get(cmd_name)
        if plugin is None and cmd_name not in _BUILT_IN:
            return None
        try:
            command = _as_command(cmd_name, plugin.load() if plugin else _load_built_in(cmd_name))
        except Exception as error:
            from moderator.cli.errors import debugging, one_line

            if debugging():
                raise
            reason = one_line(f"{type(error).__name__}: {error}")
            command = _as_command(cmd_name, _missing(cmd_name, reason))
        self.commands[cmd_name] = command
        return command


def _print_version(wanted: bool) -> None:
    if wanted:
        from moderator import __version__

        typer.echo(f"moderator {__version__}")
        raise typer.Exit


app = typer.Typer(
    cls=LazyCommands, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)


@app.callback(invoke_without_command=True)
def _moderator(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """A voice agent that takes a role in a meeting and speaks only when that role should."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def run(arguments: Sequence[str]) -> int:
    """Run one command line.

    Args:
        arguments: the words after the program's name.

    Returns:
        The exit code: 0 success, 1 some of many meetings failed, 2 bad input, 70 internal error,
        130 interrupted.
    """
    from moderator.cli.errors import guard

    def call() -> object:
        command = typer.main.get_command(app)
        return command.main(list(arguments), prog_name="moderator", standalone_mode=False)

    return guard(call)
