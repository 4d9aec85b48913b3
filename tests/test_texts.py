"""What the documents, docstrings and comments name exists, and the table of rooms is so."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from roles.schema import Command

ROOT = Path(__file__).parents[1]
PRODUCT = ("integrations", "moderator", "roles", "diarize")
CODE = (*PRODUCT, "tests", "benchmarks", "examples")

DOCUMENTS = [
    path
    for folder in (".", "docs", "examples", "findings")
    for path in sorted((ROOT / folder).glob("*.md"))
]
MODULES = [path for folder in CODE for path in sorted((ROOT / folder).rglob("*.py"))]

_TOP = "|".join(CODE)
PATH = re.compile(rf"(?<![\w./-])(?:{_TOP}|docs|findings)/[\w./*-]*[\w*/]")
DOTTED = re.compile(rf"(?<![\w./-])(?:{_TOP})(?:\.[A-Za-z_]\w*)+")
FILE = re.compile(r"`(\w+\.py)`")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
PLUGIN = "from livekit.plugins import moderator"
PLACEHOLDER = re.compile(r"\bNAME\b")


def label(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def strings(path: Path) -> Iterator[str]:
    """All strings of a module's code that are no docstrings."""
    told = {id(node.value) for node in ast.walk(tree(path)) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def prose(path: Path) -> str:
    """What people read: all of a document; docstrings and comments of a module."""
    text = path.read_text("utf-8")
    if path.suffix == ".md":
        return text
    said = [
        node.value.value
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    said += [token.string for token in tokens if token.type == tokenize.COMMENT]
    return "\n".join(said)


def defined(body: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    """The names that stand in a module or a class, each with where it is made."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((name.asname or name.name, node) for name in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            made = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [name for target in made for name in ast.walk(target)]
            yield from ((name.id, node) for name in names if isinstance(name, ast.Name))


def exists(dotted: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    at, parts = ROOT, dotted.split(".")
    while parts and (at / parts[0] / "__init__.py").is_file():  # old folders keep caches
        at /= parts.pop(0)
    module = at / "__init__.py"
    if parts and (at / f"{parts[0]}.py").is_file():
        module = at / f"{parts.pop(0)}.py"
    body: Iterable[ast.stmt] = tree(module).body
    for part in parts:
        found = dict(defined(body)).get(part)
        if found is None:
            return False
        if not isinstance(found, ast.ClassDef):
            return part == parts[-1]
        body = found.body
    return True


@cache
def on_the_wire() -> frozenset[str]:
    """Topics, attributes, metrics and methods of rooms: `moderator.floor` is also such a name."""
    livekit = ROOT / "integrations" / "livekit"
    names = {text for path in livekit.rglob("*.py") for text in strings(path)}
    methods = {*strings(livekit / "telling" / "channels.py"), *(one.value for one in Command)}
    return frozenset(names | {f"moderator.{method}" for method in methods})


def unknown_names(path: Path) -> list[str]:
    text, plugin = prose(path), ROOT / "integrations" / "livekit" / "plugin.py"
    offered = set(dict(defined(tree(plugin).body))) if PLUGIN in text else set()
    return [
        name
        for name in dict.fromkeys(DOTTED.findall(text))
        if not exists(name)
        and name not in on_the_wire()
        and not name.endswith(".md")
        and not PLACEHOLDER.search(name)
        and name.split(".")[1] not in offered
    ]


def unknown_paths(path: Path) -> list[str]:
    return [
        name
        for name in dict.fromkeys(PATH.findall(prose(path)))
        if not list(ROOT.glob(name)) and not PLACEHOLDER.search(name)
    ]


@pytest.mark.parametrize("document", DOCUMENTS, ids=label)
def test_a_document_names_only_what_there_is(document: Path) -> None:
    assert not unknown_paths(document)
    assert not unknown_names(document)
    text, files = document.read_text("utf-8"), {path.name for path in MODULES}
    assert not [name for name in FILE.findall(text) if name not in files]
    links = [link for link in LINK.findall(text) if not (document.parent / link).exists()]
    assert not links


def test_docstrings_and_comments_name_only_what_there_is() -> None:
    unknown = {label(path): unknown_paths(path) + unknown_names(path) for path in MODULES}
    assert not {path: names for path, names in unknown.items() if names}


@pytest.mark.parametrize(
    "gone",
    ["moderator.thinning", "moderator.rules.base", "moderator.meeting.loop.Meetings", "roles.duty"],
)
def test_a_name_that_is_gone_is_found(gone: str) -> None:
    assert not exists(gone)
    assert DOTTED.findall(f"see `{gone}`, or {gone}.") == [gone, gone]


def table() -> dict[str, str]:
    """The rooms of the architecture's table in their order, each with the rest of its row."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    section = text.partition("## The rooms")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([\w/]+)/` \| (.*) \|$", section, re.MULTILINE))


def test_the_table_has_every_room() -> None:
    rooms = {label(path.parent) for path in MODULES if path.parts[len(ROOT.parts)] in PRODUCT}
    assert set(table()) == rooms
    assert all(row.count(" | ") == 2 for row in table().values())


def test_torch_is_imported_where_the_table_says_so() -> None:
    allowed = {room for room, row in table().items() if "torch may be imported" in row}
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    (held,) = (one for one in contracts["contracts"] if one["name"].startswith("torch"))
    assert allowed
    assert not allowed & {source.replace(".", "/") for source in held["source_modules"]}
    for path in MODULES:
        names = {
            name.split(".")[0]
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in (
                [one.name for one in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
            )
        }
        if path.parts[len(ROOT.parts)] in PRODUCT and names & {"torch", "torchaudio"}:
            assert label(path.parent) in allowed, label(path)
