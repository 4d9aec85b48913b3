"""The text of a role as plain values, with the line and column of each.

Nothing in a file is trusted: its size, nesting and number of values are bounded, and what YAML
can do beyond plain values (tags, anchors, aliases, several documents) is refused.
"""

from __future__ import annotations

import stat
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path as FilePath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, StreamMark, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    NodeEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from roles.errors import Level, Path, Problem, RoleError, printable

MAX_BYTES = 64 * 1024
MAX_DEPTH = 16
MAX_VALUES = 4096
_MAX_DIGITS = 40  # longer numbers are no settings, and are slow to convert


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a text; both count from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Source:
    """A role as written: values, and where they stand.

    Attributes:
        where: the file's name, for messages; what has no lines is placed by its keys.
        data: mappings, lists and plain values.
        problems: what is wrong with it already, such as repeated keys.
    """

    where: str
    data: Any = None
    problems: list[Problem] = field(default_factory=list)
    _values: dict[Path, Mark] = field(default_factory=dict)
    _keys: dict[Path, Mark] = field(default_factory=dict)

    def problem(
        self, what: str, path: Path, *, todo: str = "", key: bool = False, note: bool = False
    ) -> Problem:
        """A problem with the value at `path` or, with `key`, with the key it stands under.

        What is not in the file is placed at the nearest part of the role that is.
        """
        if not self._values:
            level: Level = "note" if note else "error"
            return Problem(what, _dotted(self.where, path), todo, level, path)
        mark = self._keys.get(path) if key else None
        inside = path
        while mark is None:
            mark = self._values.get(inside, None if inside else Mark(1, 1))
            inside = inside[:-1]
        return _problem(what, self.where, mark, todo=todo, path=path, note=note)


def read_bytes(path: FilePath) -> bytes:
    """Read a role's file.

    Args:
        path: a regular file of at most `MAX_BYTES`.

    Raises:
        RoleError: it cannot be read, is something else than a file, or is too large.
    """
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):  # opening a named pipe could wait for ever
            what = "is a directory" if stat.S_ISDIR(mode) else "is not a regular file"
            raise _unreadable(path, what)
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _unreadable(path, "there is no such file") from None
    except (OSError, ValueError) as error:
        if isinstance(error, RoleError):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise _unreadable(path, f"cannot be read: {reason}") from None
    if len(content) > MAX_BYTES:
        raise _unreadable(path, f"is larger than {MAX_BYTES // 1024} KiB")
    return content


def _unreadable(path: FilePath, what: str) -> RoleError:
    return RoleError([Problem(what, str(path), "give the YAML file of a role")])


def decode(content: bytes, where: str) -> str:
    """Text of a role's file, without a byte order mark.

    Raises:
        RoleError: it is not UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig", errors="replace")
        what = f"byte 0x{content[error.start]:02x} is not UTF-8 text"
        raise RoleError(
            [_problem(what, where, _mark_at(before, len(before)), todo="save the file as UTF-8")]
        ) from None


def parse(text: str, where: str) -> Source:
    """Parse YAML 1.2 into plain values.

    Args:
        text: the YAML.
        where: the file's name, for messages.

    Returns:
        The values; keys that stand twice are among its problems.

    Raises:
        RoleError: it is not YAML, not a mapping, beyond the bounds, or uses what is refused.
    """
    text = text.removeprefix("\ufeff")
    if len(text.encode("utf-8", errors="replace")) > MAX_BYTES:
        what = f"is larger than {MAX_BYTES // 1024} KiB"
        raise RoleError([Problem(what, where, "give the YAML file of a role")])
    root = _composed(text, where)
    source = Source(where)
    if not isinstance(root, MappingNode):
        what = "the file is empty" if root is None else "a role is a mapping of keys to values"
        mark = Mark(1, 1) if root is None else _mark(root.start_mark)
        todo = "begin with `id:`, `summary:` and `identity:`"
        raise RoleError([_problem(what, where, mark, todo=todo)])
    source.data = _value(root, (), source)
    return source


def _dotted(where: str, path: Path) -> str:
    """A place in what has no lines: ``job metadata: role.duties[2].type``."""
    for part in path:
        where += f"[{part}]" if isinstance(part, int) else f".{printable(part)}"
    return where


def _composed(text: str, where: str) -> Node | None:
    """The nodes of a text; whatever the scanner raises is a problem with its place."""
    try:
        _check_bounds(text, where)
        root: Node | None = _yaml().compose(text)
    except RoleError:
        raise
    except ReaderError as error:
        mark = _mark_at(text, error.position)
        what = f"the character U+{ord(text[error.position]):04X} is not allowed in YAML"
        raise RoleError([_problem(what, where, mark, todo="remove it")]) from None
    except MarkedYAMLError as error:
        raise RoleError([_syntax_problem(error, where)]) from None
    except YAMLError as error:
        what = f"is not YAML: {str(error).splitlines()[0]}"
        raise RoleError([Problem(what, where, "give the YAML file of a role")]) from None
    except Exception:  # of escapes and directives it raises what `chr`, `int` and `assert` raise
        what, todo = "what stands here is not YAML", "check escapes and directives"
        raise RoleError([_problem(what, where, _stuck_at(text), todo=todo)]) from None
    return root


def _stuck_at(text: str) -> Mark:
    """Where the scanner stops, by an error that does not say so."""
    yaml = _yaml()
    _, parser = yaml.get_constructor_parser(text)
    with suppress(Exception):
        while parser.scanner.check_token():
            parser.scanner.get_token()
    return _mark(yaml.reader.get_mark())


def _yaml() -> YAML:
    return YAML(typ="safe", pure=True, plug_ins=[])


@cache
def _scalars() -> SafeConstructor:
    """Turns one scalar into its value; keeps nothing between two."""
    constructor = _yaml().constructor
    assert isinstance(constructor, SafeConstructor)
    return constructor


def _check_bounds(text: str, where: str) -> None:
    """Refuse what is dangerous before anything is built from it."""
    depth = values = documents = 0
    for event in _yaml().parse(text):
        what = todo = ""
        if isinstance(event, CollectionEndEvent):
            depth -= 1
        elif isinstance(event, DocumentStartEvent):
            documents += 1
            what = "a second document begins" if documents > 1 else ""
            todo = "keep one role to a file"
        elif isinstance(event, NodeEvent):
            values += 1
            depth += isinstance(event, CollectionStartEvent)
            what, todo = _refused(event, depth, values)
        if what:
            raise RoleError([_problem(what, where, _mark(event.start_mark), todo=todo)])


def _refused(event: NodeEvent, depth: int, values: int) -> tuple[str, str]:
    """What is refused about an event, and what to do instead; empty if nothing is."""
    anchor, tag = event.anchor, getattr(event, "tag", None)
    if isinstance(event, AliasEvent):
        return f"the alias *{anchor} is not allowed in a role", "write the value out"
    if anchor is not None:
        return f"the anchor &{anchor} is not allowed in a role", "remove it"
    if tag is not None and str(tag) != "!":
        return f"the tag {str(tag)[:60]!r} is not allowed in a role", "remove it"
    if depth > MAX_DEPTH:
        return f"values are nested more than {MAX_DEPTH} deep", "a role needs 6 levels"
    if values > MAX_VALUES:
        return f"there are more than {MAX_VALUES} values", "a role needs a few hundred"
    return "", ""


def _value(node: Node, path: Path, source: Source) -> Any:
    """The value of a node; its depth is bounded by `_check_bounds`."""
    # A value that was left out stands, for messages, where its key does.
    left_out = isinstance(node, ScalarNode) and not node.value and node.style is None
    mark = _mark(node.start_mark)
    source._values[path] = source._keys.get(path, mark) if left_out else mark
    if isinstance(node, MappingNode):
        return _mapping(node, path, source)
    if isinstance(node, SequenceNode):
        return [_value(item, (*path, i), source) for i, item in enumerate(node.value)]
    assert isinstance(node, ScalarNode)
    return _scalar(node, path, source)


def _mapping(node: MappingNode, path: Path, source: Source) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        mark = _mark(key_node.start_mark)
        if not isinstance(key_node, ScalarNode):
            source.problems.append(
                _problem("a key must be a word", source.where, mark, path=path, todo="write `key:`")
            )
            continue
        key = _scalar_text(key_node, mark, path, source)
        inside = (*path, key)
        if key in values:
            first = source._keys[inside].line
            source.problems.append(
                _problem(
                    f"the key {key[:60]!r} stands here for the second time",
                    source.where,
                    mark,
                    path=inside,
                    todo=f"keep one of the two, the first is on line {first}",
                )
            )
            continue
        source._keys[inside] = mark
        values[key] = _value(value_node, inside, source)
    return values


def _scalar(node: ScalarNode, path: Path, source: Source) -> Any:
    kind = str(node.tag).rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool":
        return bool(_scalars().construct_yaml_bool(node))
    if kind in {"int", "float"} and len(node.value) <= _MAX_DIGITS:
        try:
            if kind == "int":
                return int(_scalars().construct_yaml_int(node))
            return float(_scalars().construct_yaml_float(node))
        except (ValueError, OverflowError):
            pass  # `1__` and the like look like numbers to YAML; as text they get an error
    # Dates and whatever else YAML may come to recognise stay text.
    return _scalar_text(node, _mark(node.start_mark), path, source)


def _scalar_text(node: ScalarNode, mark: Mark, path: Path, source: Source) -> str:
    text = str(node.value)
    if has_halves(text):  # in JSON, the other half follows
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if has_halves(text):
        source.problems.append(
            _problem(
                "an escape stands for half a character",
                source.where,
                mark,
                path=path,
                todo=r"write the character itself instead of \ud800 to \udfff",
            )
        )
        return text.encode("utf-8", errors="replace").decode()
    return text


def has_halves(text: str) -> bool:
    """Whether there are surrogates in a text, which alone stand for no character."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def _syntax_problem(error: MarkedYAMLError, where: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    what = str(error.problem or error.context or "is not YAML").strip()
    todo = "check indentation, colons and quotes"
    if "'\\t'" in what:
        what, todo = "a tab stands where YAML wants spaces", "indent with spaces"
    elif "mapping values are not allowed" in what:
        what = "a second colon is not allowed in a plain value"
        todo = "put the value in quotes, or check the indentation"
    elif error.context and error.context_mark:
        what = f"{what}, {error.context} that begins on line {error.context_mark.line + 1}"
    return _problem(what, where, _mark(mark) if mark else Mark(1, 1), todo=todo)


def _problem(
    what: str, where: str, mark: Mark, *, todo: str = "", path: Path = (), note: bool = False
) -> Problem:
    return Problem(
        what=what,
        where=f"{where}:{mark.line}:{mark.column}",
        todo=todo,
        level="note" if note else "error",
        path=path,
        line=mark.line,
        column=mark.column,
    )


def _mark(mark: StreamMark) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)


def _mark_at(text: str, index: int) -> Mark:
    before = text[:index]
    return Mark(before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1)
