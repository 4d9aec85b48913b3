"""Turns what pydantic finds into problems that the author of a role can act on."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic_core import ErrorDetails, ValidationError

from roles.errors import Path, Problem, printable
from roles.json_schema import Schema, describe, duty_schemas, resolve, top
from roles.source import Source

_SHOWN = 40
"""Characters of a wrong value that a message repeats."""

_MOST = 100
"""Problems shown of one file: nobody reads more at once."""

_BOOLEANS = dict.fromkeys(("yes", "on", "y"), "true") | dict.fromkeys(("no", "off", "n"), "false")
"""What YAML 1.1 took for truth values and YAML 1.2 does not."""


def explain(error: ValidationError, source: Source) -> list[Problem]:
    """One problem for each thing that pydantic found, with its place in the file."""
    found = error.errors(include_url=False)[:_MOST]
    misspelt = {
        (*path[:-1], _meant(path, source))
        for path in (
            _path(details["loc"], source.data)
            for details in found
            if details["type"] == "extra_forbidden"
        )
    }
    # A misspelt key is one mistake: that the right one is missing needs no second line.
    return [
        _problem(details, source)
        for details in found
        if details["type"] != "missing"
        or (*_path(details["loc"], source.data), details["loc"][-1]) not in misspelt
    ]


def nearest(word: str, valid: Iterable[str]) -> str | None:
    """The valid word that was probably meant."""
    by_lower = {entry.lower(): entry for entry in valid}
    wanted = word.strip().lower().replace("-", "_").replace(" ", "_")
    close = difflib.get_close_matches(wanted, by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None


def _problem(details: ErrorDetails, source: Source) -> Problem:
    path = _path(details["loc"], source.data)
    value, context = details["input"], details.get("ctx", {})
    match details["type"]:
        case "extra_forbidden":
            return _unknown_key(path, source)
        case "missing":
            return _missing_key(path, str(details["loc"][-1]), source)
        case "union_tag_not_found":
            return source.problem("a duty has no type", path, todo=f"add `type:`, {_duty_types()}")
        case "union_tag_invalid":
            return _unknown_duty(str(context["tag"]), (*path, "type"), source)
        case "too_long" | "too_short" | "string_too_long" | "string_too_short":
            return _wrong_length(path, value, source)
        case "string_pattern_mismatch":
            return _wrong_form(path, value, str(context["pattern"]), source)
        case "repeated_title" | "repeated_duty":
            return source.problem(details["msg"], (*path, *context["path"]), todo=context["todo"])
        case _ if details["loc"][-1:] == ("[key]",):
            return _wrong_map_key(path, source)
        case _:
            return _wrong_value(path, value, source)


def _path(loc: tuple[int | str, ...], data: Any) -> Path:
    """Path in the file for a pydantic loc, which also names the branches of unions."""
    path: Path = ()
    for index, part in enumerate(loc):
        if index == 2 and loc[0] == "duties":  # the duty's type, in its place in the union
            continue
        inside = part in data if isinstance(data, dict) else isinstance(part, int)
        if inside:
            data = data[part]
            path = (*path, part)
    return path


def _schema(path: Path, data: Any) -> Schema:
    """Schema of what stands at a path all of whose keys are known."""
    schema = top()
    for index, part in enumerate(path):
        data = data[part]
        if path[:1] == ("duties",) and index == 1:
            schema = duty_schemas()[data["type"]] if _has_type(data) else {"type": "object"}
        elif isinstance(part, str):
            inside = schema.get("properties", {}).get(part)
            schema = resolve(inside if inside is not None else schema["additionalProperties"])
        else:
            branches = schema.get("oneOf", [schema])
            schema = resolve(next(branch for branch in branches if "items" in branch)["items"])
    return schema


def _has_type(duty: Any) -> bool:
    return isinstance(duty, dict) and duty.get("type") in duty_schemas()


def _section(path: Path, data: Any) -> str:
    """Name of a part of the role: ``turn.backchannels``, ``agenda.items``, ``the role``."""
    names = [str(part) for part in path if isinstance(part, str)]
    if path[:1] == ("duties",) and len(path) > 1:
        duty = data["duties"][path[1]]
        names[0] = duty["type"] if _has_type(duty) else "duties"
    return ".".join(names) or "the role"


def _unknown_key(path: Path, source: Source) -> Problem:
    key, around = str(path[-1]), path[:-1]
    section = _section(around, source.data)
    valid = _schema(around, source.data)["properties"]
    meant = _meant(path, source)
    if meant is not None:
        todo = f"did you mean '{meant}'?"
    elif (elsewhere := _elsewhere(key)) is not None:
        todo = f"did you mean '{key}' in {elsewhere}? check the indentation"
    else:
        todo = f"its keys are {', '.join(valid)}"
    what = f"unknown key {_shown(key)} in {section}"
    return source.problem(what, path, key=True, todo=todo)


def _meant(path: Path, source: Source) -> str | None:
    """The key of the same section that an unknown one was probably meant to be."""
    return nearest(str(path[-1]), _schema(path[:-1], source.data)["properties"])


def _elsewhere(key: str) -> str | None:
    """A part of the role that has this key."""
    return next((name for name, schema in _sections() if key in schema["properties"]), None)


def _sections() -> Iterator[tuple[str, Schema]]:
    yield "the role", top()
    for name, reference in top()["properties"].items():
        schema = resolve(reference)
        if "properties" not in schema:
            continue
        yield name, schema
        for inner, inner_reference in schema["properties"].items():
            inner_schema = resolve(inner_reference)
            if "properties" in inner_schema:
                yield f"{name}.{inner}", inner_schema
    yield from duty_schemas().items()


def _missing_key(path: Path, key: str, source: Source) -> Problem:
    schema = resolve(_schema(path, source.data)["properties"][key])
    what = f"the key '{key}' is missing in {_section(path, source.data)}"
    return source.problem(what, path, todo=f"add `{key}:`, {describe(schema)}")


def _duty_types() -> str:
    return f"one of {', '.join(duty_schemas())}"


def _unknown_duty(tag: str, path: Path, source: Source) -> Problem:
    meant = nearest(tag, duty_schemas())
    todo = f"did you mean '{meant}'?" if meant else f"give {_duty_types()}"
    return source.problem(f"there is no duty of type {_shown(tag)}", path, todo=todo)


def _wrong_length(path: Path, value: Any, source: Source) -> Problem:
    expected = describe(_schema(path, source.data))
    found = f"{len(value)} characters" if isinstance(value, str) else f"{len(value)} entries"
    if not value:
        found = "empty"
    return source.problem(f"{_label(path)} must be {expected}, not {found}", path)


def _wrong_form(path: Path, value: Any, pattern: str, source: Source) -> Problem:
    schema = _schema(path, source.data)
    if "examples" in schema:
        what = f"{_label(path)} must be {describe(schema)}, not {_shown(value)}"
        return source.problem(what, path, todo=f"its form is {pattern}")
    what = f"{_label(path)} holds a line break or a control character"
    return source.problem(what, path, todo="write it on one line, as plain text")


def _wrong_map_key(path: Path, source: Source) -> Problem:
    key, around = str(path[-1]), path[:-1]
    valid = resolve(_schema(around, source.data)["propertyNames"])["enum"]
    meant = nearest(key, valid)
    todo = f"did you mean '{meant}'?" if meant else f"its keys are {', '.join(valid)}"
    what = f"unknown key {_shown(key)} in {_section(around, source.data)}"
    return source.problem(what, path, key=True, todo=todo)


def _wrong_value(path: Path, value: Any, source: Source) -> Problem:
    schema = _schema(path, source.data)
    what = f"{_label(path)} must be {describe(schema)}, not {_shown(value)}"
    return source.problem(what, path, todo=_advice(value, schema))


def _advice(value: Any, schema: Schema) -> str:
    """How a wrong value probably came about."""
    if value is None:
        return "give it a value or remove the key"
    kinds = {branch.get("type") for branch in (schema, *schema.get("anyOf", ()))}
    words = [word for part in (schema, *schema.get("oneOf", ())) for word in part.get("enum", ())]
    if isinstance(value, str):
        meant = nearest(value, words)
        if meant is not None:
            return f"did you mean '{meant}'?"
        if "boolean" in kinds and value.lower() in _BOOLEANS:
            return f"did you mean {_BOOLEANS[value.lower()]}?"
        if kinds & {"number", "integer"} and _is_number(value):
            return "remove the quotes"
        if "array" in kinds or "oneOf" in schema:
            return f"write a list in brackets: [{printable(value, _SHOWN)}]"
    if kinds & {"string"} and isinstance(value, bool | int | float):
        return "put it in quotes"
    return ""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _label(path: Path) -> str:
    """What a value is called: its key, or its place in a list."""
    key = next((part for part in reversed(path) if isinstance(part, str)), "the role")
    return f"an entry of {key}" if path and isinstance(path[-1], int) else str(key)


def _shown(value: Any) -> str:
    """A wrong value as it is repeated in a message."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case str():
            return f"'{printable(value, _SHOWN)}'"
        case int():
            return str(value) if abs(value) < 10**15 else "a very large number"
        case _:
            return f"{value:g}"
