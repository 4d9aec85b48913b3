"""The reference of all keys in docs/roles.md, written from the schema.

``python -m roles.reference docs/roles.md`` brings the file up to date.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from roles.json_schema import Schema, describe, duty_schemas, resolve, top

BEGIN = "<!-- reference: begin; written by `python -m roles.reference docs/roles.md` -->"
END = "<!-- reference: end -->"


def reference() -> str:
    """Markdown tables of every key: what it must be, its default, what it means."""
    sections = ["### The role", _table(top())]
    for name, schema in top()["properties"].items():
        if name == "duties":
            sections += _duties()
        elif "properties" in resolve(schema):
            sections += _section(name, resolve(schema))
    return "\n\n".join(sections)


def updated(document: str) -> str:
    """A document with the part between its two marks written anew.

    Raises:
        ValueError: a mark is missing.
    """
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document has no marks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{reference()}\n\n{END}{after}"


def _section(name: str, schema: Schema) -> list[str]:
    parts = [f"### `{name}`", schema["description"], _table(schema)]
    for inner, inner_schema in schema["properties"].items():
        if "properties" in resolve(inner_schema):
            parts += _section(f"{name}.{inner}", resolve(inner_schema))
    return parts


def _duties() -> list[str]:
    parts = ["### `duties`", "A list; each duty has a `type`. Every duty may have a `name`."]
    for name, schema in duty_schemas().items():
        shown = {key: inner for key, inner in schema["properties"].items() if key not in _COMMON}
        parts += [f"#### `type: {name}`", schema["description"].replace("\n", " ")]
        if shown:
            parts.append(_table({**schema, "properties": shown}))
        for key, inner in shown.items():
            entry = resolve(inner.get("items", {}))
            if "properties" in entry:
                parts += [f"Each of `{key}`:", _table(entry)]
    return parts


_COMMON = ("type", "name")


def _table(schema: Schema) -> str:
    required = schema.get("required", ())
    rows = ["| key | must be | default | meaning |", "|---|---|---|---|"]
    for key, inner in schema["properties"].items():
        default = "required" if key in required else _default(inner)
        cells = (f"`{key}`", _must_be(inner), default, _meaning(inner))
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def _meaning(schema: Schema) -> str:
    text: str = schema.get("description") or resolve(schema).get("description", "")
    return text


def _must_be(schema: Schema) -> str:
    whole = resolve(schema)
    if "properties" in whole:
        return "keys as below"
    if "propertyNames" in whole:
        keys, values = resolve(whole["propertyNames"]), whole["additionalProperties"]
        return f"keys {describe(keys)}; each {describe(values)}"
    if whole.get("type") == "array" and "$ref" not in whole["items"]:
        items = whole["items"]
        kind = "a duty" if "discriminator" in items else describe(items)
        return f"{describe(whole)}; each {kind}"
    if whole.get("type") == "array" and "enum" in resolve(whole["items"]):
        return f"{describe(whole)}; each {describe(whole['items'])}"
    return describe(schema)


def _default(schema: Schema) -> str:
    if "properties" in resolve(schema):
        return "see below"
    value: Any = schema.get("default")
    if value is None or value == "":
        return "none"
    return f"`{value}`" if isinstance(value, str) else f"`{json.dumps(value)}`"


def main(arguments: list[str]) -> int:
    """Update the documents named on the command line."""
    for name in arguments:
        path = Path(name)
        path.write_text(updated(path.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
