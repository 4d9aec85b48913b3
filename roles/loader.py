"""Reads roles: the ones in the library by name, others by the path of their file."""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml import YAML

from roles.errors import Problem, RoleError
from roles.explain import explain, nearest
from roles.given import values
from roles.review import review
from roles.schema import Role
from roles.source import Source, decode, parse, read_bytes

__all__ = [
    "Examined",
    "Problem",
    "RoleError",
    "dump_role",
    "examine",
    "library",
    "load_role",
    "parse_role",
    "review_role",
    "role_from_values",
    "role_text",
]

_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Examined:
    """A role's file with all there is to say about it.

    Attributes:
        where: the file's name.
        role: the role; None if there is an error among the problems.
        problems: errors and notes in the order of the file.
    """

    where: str
    role: Role | None
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep the role from loading."""
        return tuple(problem for problem in self.problems if problem.level == "error")


def library() -> list[str]:
    """Names of the roles that come with the project, in alphabetical order."""
    files = (entry.name for entry in _library_folder().iterdir())
    return sorted(name.removesuffix(".yaml") for name in files if name.endswith(".yaml"))


def load_role(name_or_path: str | Path) -> Role:
    """Load a role.

    Args:
        name_or_path: a name from `library`, or the path of a YAML file; text counts as a path if
            it ends in ``.yaml`` or ``.yml`` or has a slash.

    Raises:
        RoleError: there is no such role, or something is wrong with it.
    """
    return _usable(examine(name_or_path))


def parse_role(text: str, where: str = "role") -> Role:
    """Read a role from its YAML text.

    Args:
        text: at most 64 KiB of YAML 1.2.
        where: the file's name, for messages.

    Raises:
        RoleError: something is wrong with it.
    """
    return _usable(_examine_text(text, where))


def role_from_values(data: object, where: str = "role") -> Role:
    """A role from the values that JSON or a program gives, as strict as one from a file.

    Args:
        data: a mapping as a role's file holds one.
        where: what it is called in messages, which place a problem by its keys.

    Raises:
        RoleError: something is wrong with it.
    """
    return _usable(_examined(values(data, where)))


def review_role(role: Role) -> Role:
    """The role, if it is one that could come from a file; for roles that programs make.

    Raises:
        RoleError: it asks for something and forbids it at once, or was made past validation.
    """
    return role_from_values(role.model_dump(mode="json"), f"role {role.id}")


def examine(name_or_path: str | Path) -> Examined:
    """Find all that is wrong with a role, and what its author should know, without raising.

    Args:
        name_or_path: as for `load_role`.
    """
    try:
        where, content = _read(name_or_path)
        return _examine_text(decode(content, where), where)
    except RoleError as error:
        return Examined(str(name_or_path), None, error.problems)


def role_text(name_or_path: str | Path) -> str:
    """The YAML of a role as it was written, comments included.

    Raises:
        RoleError: there is no such role, or its file cannot be read.
    """
    where, content = _read(name_or_path)
    return decode(content, where)


def dump_role(role: Role) -> str:
    """YAML of a role; `parse_role` reads the same role from it."""
    yaml = YAML(typ="safe", pure=True, plug_ins=[])
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # declared as None
    yaml.allow_unicode = True
    yaml.width = 100
    stream = io.StringIO()
    yaml.dump(role.model_dump(mode="json"), stream)
    return stream.getvalue()


def _usable(examined: Examined) -> Role:
    if examined.role is None:
        raise RoleError(examined.errors)
    return examined.role


def _examine_text(text: str, where: str) -> Examined:
    try:
        source = parse(text, where)
    except RoleError as error:
        return Examined(where, None, error.problems)
    return _examined(source)


def _examined(source: Source) -> Examined:
    role, problems = _validate(source)
    if role is not None:
        problems += review(role, source)
    problems.sort(key=lambda problem: (problem.line, problem.column))
    broken = any(problem.level == "error" for problem in problems)
    return Examined(source.where, None if broken else role, tuple(problems))


def _validate(source: Source) -> tuple[Role | None, list[Problem]]:
    try:
        role = Role.model_validate(source.data)
    except ValidationError as error:
        return None, source.problems + explain(error, source)
    return role, list(source.problems)


def _library_folder() -> Traversable:
    return resources.files("roles") / "library"


def _read(name_or_path: str | Path) -> tuple[str, bytes]:
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or "/" in text or text.lower().endswith(_SUFFIXES):
        return text, read_bytes(Path(name_or_path))
    if text in library():
        file = _library_folder() / f"{text}.yaml"
        return file.name, file.read_bytes()
    meant = nearest(text, library())
    hint = f"did you mean '{meant}'?" if meant else f"the library has {', '.join(library())}"
    what = f"there is no role named '{text[:60]}'"
    raise RoleError([Problem(what, "role library", f"{hint}, or give the path of a .yaml file")])
