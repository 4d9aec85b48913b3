"""A role that was given as plain values, by JSON or by a program, and not as a text."""

from __future__ import annotations

from typing import Any

from roles.errors import Path, Problem, RoleError
from roles.source import MAX_BYTES, MAX_DEPTH, MAX_VALUES, Source, has_halves


def values(data: object, where: str) -> Source:
    """A role that was given as plain values, by JSON or by a program, held to the same bounds.

    Args:
        data: mappings, lists and plain values.
        where: what it is called in messages, such as ``job metadata: role``.

    Returns:
        The values, without lines; halves of characters are among its problems.

    Raises:
        RoleError: it is no mapping, beyond the bounds, or holds something else than such values.
    """
    source = Source(where)
    if not isinstance(data, dict):
        todo = "give `id`, `summary` and `identity`"
        raise RoleError([Problem("a role is a mapping of keys to values", where, todo)])
    source.data = _plain(data, (), source, [MAX_VALUES, MAX_BYTES])
    return source


def _plain(data: object, path: Path, source: Source, left: list[int]) -> Any:
    """A copy of plain values; `left` counts how many more there may be, and how much text."""
    left[0] -= 1
    if isinstance(data, str):
        left[1] -= len(data)
        if halves := has_halves(data):
            what, todo = "there is half a character in it", "write whole characters"
            source.problems.append(source.problem(what, path, todo=todo))
        data = data.encode("utf-8", errors="replace").decode() if halves else data
    beyond, todo = _beyond(len(path) + isinstance(data, dict | list | tuple), left)
    if beyond:
        raise RoleError([source.problem(beyond, path, todo=todo)])
    if isinstance(data, dict):
        if not all(isinstance(key, str) for key in data):
            todo = "name it in quotes"
            raise RoleError([source.problem("a key must be a word", path, todo=todo)])
        keys = {key: _plain(key, path, source, left) for key in data}
        return {keys[key]: _plain(data[key], (*path, keys[key]), source, left) for key in data}
    if isinstance(data, list | tuple):
        return [_plain(item, (*path, i), source, left) for i, item in enumerate(data)]
    if data is None or isinstance(data, bool | int | float | str):
        return data
    what = f"{type(data).__name__} is no kind of value that a role has"
    raise RoleError([source.problem(what, path, todo="give plain values")])


def _beyond(depth: int, left: list[int]) -> tuple[str, str]:
    if depth > MAX_DEPTH:
        return f"values are nested more than {MAX_DEPTH} deep", "a role needs 6 levels"
    if left[0] < 0:
        return f"there are more than {MAX_VALUES} values", "a role needs a few hundred"
    if left[1] < 0:
        return f"there are more than {MAX_BYTES // 1024} KiB of text", "shorten it"
    return "", ""
