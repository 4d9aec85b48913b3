"""The JSON Schema of a role, and what it says about a value in words."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeAlias

from roles.schema import Role

Schema: TypeAlias = dict[str, Any]


def json_schema() -> Schema:
    """JSON Schema (draft 2020-12) of a role file, for editors and other programs.

    It knows keys, types and bounds. That duties differ in name, and that sections do not contradict
    each other, only `roles.loader` checks.
    """
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Role.model_json_schema()}


@cache
def _definitions() -> Schema:
    """One copy for look-ups in this module; not to be changed."""
    return json_schema()


def top() -> Schema:
    """Schema of the whole role; not to be changed."""
    return _definitions()


def resolve(schema: Schema) -> Schema:
    """What a ``$ref`` stands for; any other schema is returned as it is."""
    name = schema.get("$ref")
    if name is None:
        return schema
    found: Schema = _definitions()["$defs"][name.rpartition("/")[2]]
    return found


def duty_schemas() -> dict[str, Schema]:
    """Schema of every kind of duty, by `type`."""
    kinds = [resolve(kind) for kind in top()["properties"]["duties"]["items"]["oneOf"]]
    return {kind["properties"]["type"]["const"]: kind for kind in kinds}


def describe(schema: Schema) -> str:
    """What a value must be, as it is said to people: ``a number from 0 to 1``."""
    schema = resolve(schema)
    if "const" in schema:
        return f"'{schema['const']}'"
    if "enum" in schema:
        return _either(_choices(schema))
    for branches in ("anyOf", "oneOf"):
        if branches in schema and "discriminator" not in schema:
            # The words before the list: 'everyone', 'nobody' or a list of names.
            ordered = sorted(schema[branches], key=lambda branch: "enum" not in branch)
            return _either([choice for branch in ordered for choice in _choices(branch)])
    match schema.get("type"):
        case "boolean":
            return "true or false"
        case "number":
            return f"a number{_range(schema)}"
        case "integer":
            return f"a whole number{_range(schema)}"
        case "string":
            return _text(schema)
        case "array":
            return f"a list{_count(schema)}"
        case _:
            return "a mapping of keys to values"


def _choices(schema: Schema) -> list[str]:
    if "enum" in schema:
        return [f"'{value}'" for value in schema["enum"]]
    return ["nothing"] if schema.get("type") == "null" else [describe(schema)]


def _range(schema: Schema) -> str:
    above = schema.get("exclusiveMinimum")
    low, high = schema.get("minimum", above), schema.get("maximum")
    if above is not None:
        return f" above {above:g}" + (f" and up to {high:g}" if high is not None else "")
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    return f" of at least {low:g}" if low is not None else ""


def _text(schema: Schema) -> str:
    if "examples" in schema:
        return f"text such as '{schema['examples'][0]}'"
    if "maxLength" not in schema:
        return "text"
    if "minLength" not in schema:
        return f"text of at most {schema['maxLength']} characters"
    return f"text of {schema['minLength']} to {schema['maxLength']} characters"


def _count(schema: Schema) -> str:
    low, high = schema.get("minItems"), schema.get("maxItems")
    if low is not None:
        return f" of {low} to {high}"
    return f" of at most {high}" if high is not None else ""


def _either(values: list[str]) -> str:
    return " or ".join(part for part in (", ".join(values[:-1]), values[-1]) if part)
