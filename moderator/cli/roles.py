"""`moderator roles list | show | check | schema`: the library of roles, and a file's mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moderator.cli.console import print_json, stdout_console

if TYPE_CHECKING:
    from rich.table import Table

    from roles.errors import Problem
    from roles.loader import Examined
    from roles.schema import AnyDuty, Role, TurnPolicy

app = typer.Typer(no_args_is_help=True, help="List, show and check roles.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
RoleName = Annotated[str, typer.Argument(metavar="ROLE", help="A library role, or a YAML file.")]


@app.command("list")
def list_roles(as_json: AsJson = False) -> None:
    """List the roles that come with the project."""
    from rich.text import Text

    from roles.loader import library, load_role

    roles = [load_role(name) for name in library()]
    if as_json:
        print_json({"roles": [_row(role) for role in roles]})
        return
    table = _table("role", "what it does", "speaks", "duties")
    for role in roles:
        row = _row(role)
        duties = ", ".join(row["duties"]) or "none"
        table.add_row(*map(Text, (row["id"], row["summary"], row["speaks"], duties)))
    stdout_console().print(table)


@app.command()
def show(
    role: RoleName,
    as_yaml: Annotated[bool, typer.Option("--yaml", help="Print the file as it is.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one role: who it is, when it speaks, what it does."""
    from moderator.errors import InputError
    from roles.loader import load_role, role_text

    if as_yaml and as_json:
        raise InputError("--yaml and --json exclude each other", todo="give one of them")
    loaded = load_role(role)
    if as_yaml:
        typer.echo(role_text(role), nl=False)
    elif as_json:
        print_json(loaded.model_dump(mode="json"))
    else:
        _print_card(loaded)


@app.command()
def check(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", help="YAML files, folders to search for them, or library roles."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Find everything that is wrong with roles; exit with 2 if one cannot be used."""
    from moderator.errors import InputError
    from roles.loader import examine

    results = [_spoken(examine(target)) for given in files for target in _targets(given)]
    if as_json:
        print_json({"files": [_result(result) for result in results]})
    else:
        for result in results:
            _print_result(result)
    refused = [result for result in results if result.role is None]
    if refused:
        raise InputError(
            f"{len(refused)} of {len(results)} role{'s' * (len(results) > 1)} cannot be used",
            where=next(one.where for one in refused[0].problems if one.level == "error"),
            todo="correct what is listed on stdout",
        )


@app.command()
def schema(as_json: AsJson = False) -> None:
    """Print the JSON Schema of a role, for editors and other programs.

    Write it to role.schema.json and begin a role with the line
    "# yaml-language-server: $schema=role.schema.json".
    """
    from roles.json_schema import json_schema

    del as_json  # it is JSON in any case; the option is there to be the same everywhere
    print_json(json_schema())


def _spoken(result: Examined) -> Examined:
    """A role in a language without phrases cannot be used either; without a voice, it writes."""
    from dataclasses import replace

    from moderator.errors import InputError
    from moderator.language.phrases import phrases_of
    from moderator.mouth.loading import lacks_voice
    from roles.errors import Problem

    role = result.role
    if role is None:
        return result
    lacks = lacks_voice(role)
    if lacks is not None:
        where = f"{result.where}: {lacks.where}"
        note = Problem(lacks.what, where, lacks.todo or "", level="note")
        result = replace(result, problems=(*result.problems, note))
    try:
        phrases_of(role)
    except InputError as error:
        problem = Problem(error.what, f"{result.where}: language", error.todo or "")
        return replace(result, role=None, problems=(*result.problems, problem))
    return result


def _targets(given: str) -> Iterator[str | Path]:
    """What one argument stands for: itself, or the YAML files in a folder, by name."""
    from moderator.errors import InputError

    if not Path(given).is_dir():
        yield given
        return
    found = sorted(file for suffix in ("yaml", "yml") for file in Path(given).rglob(f"*.{suffix}"))
    if not found:
        raise InputError("there is no YAML file in this folder", where=given, todo="name a file")
    yield from found


def _row(role: Role) -> dict[str, Any]:
    from roles.schema import duty_name

    return {
        "id": role.id,
        "summary": role.summary,
        "speaks": _speaks(role.turn),
        "duties": [duty_name(duty) for duty in role.duties],
    }


def _speaks(turn: TurnPolicy) -> str:
    """When a role speaks, in a few words."""
    if not turn.may_speak:
        return "never"
    when = "only when addressed" if turn.only_when_addressed else f"after {turn.minimum_gap_s:g} s"
    return f"{when}, or cuts in" if turn.may_cut_in else when


def _result(result: Examined) -> dict[str, Any]:
    return {
        "file": result.where,
        "id": result.role.id if result.role else None,
        "ok": result.role is not None,
        "problems": [_problem(problem) for problem in result.problems],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "level": problem.level,
        "line": problem.line,
        "column": problem.column,
        "path": list(problem.path),
        "what": problem.what,
        "todo": problem.todo,
    }


def _print_result(result: Examined) -> None:
    from moderator.cli.errors import one_line

    for problem in result.problems:
        text = f"{problem.what}, {problem.todo}" if problem.todo else problem.what
        typer.echo(one_line(f"{problem.where}: {problem.level}: {text}"))
    if result.role is not None:
        notes = len(result.problems)
        count = f", {notes} note{'s' if notes > 1 else ''}" if notes else ""
        typer.echo(one_line(f"{result.where}: ok, role '{result.role.id}'{count}"))


def _print_card(role: Role) -> None:
    from rich.text import Text

    console = stdout_console()
    console.print(Text(f"{role.identity.name}, {role.identity.title}", style="bold"))
    console.print(Text(f"{role.id}: {role.summary}\n"))
    table = _table("", "", header=False)
    for name, value in _card(role):
        table.add_row(Text(name), Text(value))  # not markup: roles come from outside
    console.print(table)
    if role.instructions:
        console.print(Text(f"\n{role.instructions}", style="dim"))


def _card(role: Role) -> Iterator[tuple[str, str]]:
    """Rows of a role's card: what it is about, and what the role says on it."""
    yield "speaks", _speaks(role.turn)
    if role.turn.may_speak:
        yield from _turn_rows(role.turn)
    for duty in role.duties:
        yield "duty", _duty(duty)
    if role.identity.aliases:
        yield "answers to", ", ".join([role.identity.name, *role.identity.aliases])
    for command, people in role.authority.commands.items():
        yield f"may say '{command}'", _people(people)
    yield "commands by", ", ".join(role.authority.channels) or "nothing"
    yield "voice", f"{role.voice.backend}, {role.language}, pace {role.voice.speed:g}"
    yield "thinks", f"up to {role.thought.tokens} tokens" if role.thought.mode == "on" else "no"
    yield "tells people", "on joining" if role.consent.announce else "nothing"
    kept = [f"audio: {role.retention.audio}"]
    kept.append(f"transcript: {'yes' if role.retention.transcript else 'no'}")
    yield "keeps", ", ".join(kept)


def _turn_rows(turn: TurnPolicy) -> Iterator[tuple[str, str]]:
    yield "eagerness", f"{turn.eagerness:g}"
    yield "talks at most", f"{turn.share_ceiling:.0%} of all talk, {turn.max_turn_s:g} s at a time"
    yield "then waits", f"{turn.cool_down_s:g} s"
    yield "yields to", f"{_people(turn.yields_to)}, after {turn.yield_after_s:g} s"
    if turn.may_cut_in:
        yield "never cuts in on", _people(turn.never_interrupt)
    if turn.backchannels.allowed:
        yield "backchannels", f"every {turn.backchannels.every_s:g} s at most"
    if turn.banned_acts:
        yield "never does", ", ".join(turn.banned_acts)


def _duty(duty: AnyDuty) -> str:
    """A duty with its parameters on one line."""
    from roles.schema import AgendaDuty, duty_name

    if isinstance(duty, AgendaDuty):
        items = ", ".join(f"{item.title} ({item.minutes:g} min)" for item in duty.items)
        return f"{duty_name(duty)}: {items}"
    values = duty.model_dump(mode="json", exclude={"type", "name"}, exclude_none=True)
    told = ", ".join(f"{key} {_value(value)}" for key, value in values.items())
    return f"{duty_name(duty)}: {told}" if told else duty_name(duty)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(_value(entry) for entry in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _people(people: list[str] | str) -> str:
    return people if isinstance(people, str) else ", ".join(people) or "nobody"


def _table(*columns: str, header: bool = True) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD if header else None, show_header=header, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, no_wrap=index == 0, overflow="fold", style="bold" * (index == 0))
    return table
