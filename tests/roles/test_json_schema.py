"""What is written from the schema: the JSON Schema and the reference in the documentation."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from roles.json_schema import json_schema
from roles.loader import library, parse_role, role_text
from roles.reference import reference, updated

DOCUMENT = Path(__file__).parents[2] / "docs" / "roles.md"


def plain(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def test_the_json_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert json.loads(json.dumps(json_schema())) == json_schema()


@pytest.mark.parametrize("name", library())
def test_it_accepts_the_library(name: str) -> None:
    jsonschema.validate(plain(role_text(name)), json_schema())


@pytest.mark.parametrize(
    "wrong",
    [
        {"turn": {"eagernes": 1}},
        {"turn": {"eagerness": 2}},
        {"duties": [{"type": "opn"}]},
        {"duties": [{"type": "agenda", "items": []}]},
        {"turn": {"yields_to": "Bob"}},
        {"authority": {"commands": {"hsh": "everyone"}}},
        {"summary": "two\nlines"},
        {"id": "No Spaces"},
    ],
)
def test_it_refuses_what_the_loader_refuses(wrong: dict[str, object]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**plain(role_text("observer")), **wrong}, json_schema())


def test_every_key_has_a_meaning_in_the_reference() -> None:
    rows = [line for line in reference().splitlines() if line.startswith("| `")]
    assert len(rows) > 50
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split(" | ")]
        assert len(cells) == 4, row
        assert all(cells), row


def test_the_documentation_is_up_to_date() -> None:
    document = DOCUMENT.read_text("utf-8")
    assert updated(document) == document, "run: python -m roles.reference docs/roles.md"


def test_the_documentation_names_every_library_role() -> None:
    library_part = DOCUMENT.read_text("utf-8").split("## The library")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", library_part, re.MULTILINE)) == set(library())


def test_roles_in_the_documentation_load() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        assert parse_role(block).duties


def test_a_document_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="no marks"):
        updated("# nothing here")
