"""Roles that the agent may be given by name: for a job, or while a meeting goes on."""

from __future__ import annotations

import re

from moderator.errors import InputError
from roles.loader import load_role
from roles.schema import Role

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def library_role(name: str, where: str) -> Role:
    """A role of the library; never a file, since names come from outside.

    Raises:
        InputError: there is none of that name.
    """
    if not _NAME.fullmatch(name):
        raise InputError("not the name of a role", where=where)
    try:
        return load_role(name)
    except ValueError as error:
        raise InputError(str(error), where=where) from None


def successor(old: Role, new: Role) -> Role:
    """The role that takes over in a meeting that goes on.

    People were told what is kept and what they may refuse when the meeting began, so consent,
    retention and shared microphones stay as they were. The agent keeps its name and its voice.

    Raises:
        InputError: the new role speaks another language; what hears was loaded for the old one.
    """
    if new.language.split("-", 1)[0] != old.language.split("-", 1)[0]:
        raise InputError(f"the role {new.id} speaks another language", where="role")
    kept = ("identity", "voice", "language", "consent", "retention", "microphones")
    return new.model_copy(update={name: getattr(old, name) for name in kept})
