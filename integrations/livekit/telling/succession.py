"""Roles that the agent may be given: for a job, or while a meeting goes on."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable

from integrations.livekit.telling.given_json import read_json
from moderator.errors import InputError
from roles.loader import load_role, parse_role, role_from_values
from roles.schema import Role

LONGEST = 14_000
"""Characters of a role given as text; an RPC carries 15 KiB."""

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def is_name(asked: str) -> bool:
    """Whether this can only be the name of a role, and not a role itself."""
    return _NAME.fullmatch(asked) is not None


class Roles:
    """The roles that have a name: those of the library, and those named when the program began.

    Args:
        others: beside the library's; one of these hides the library's of the same name.
    """

    def __init__(self, others: Iterable[Role] = ()) -> None:
        self._others = {role.id: role for role in others}

    def named(self, name: str, where: str = "role") -> Role:
        """A role by its name; never a file, since names come from outside.

        Raises:
            InputError: there is none of that name.
        """
        if not is_name(name):
            raise InputError("not the name of a role", where=where, todo="name a role")
        if name in self._others:
            return self._others[name]
        try:
            return load_role(name)
        except ValueError as error:
            raise InputError(str(error), where=where, todo="name another role") from None

    def asked(self, asked: str) -> Role:
        """A role by its name, or as the YAML or JSON of a whole role; those take a while.

        Raises:
            InputError: there is none of that name, or something is wrong with the text.
        """
        if is_name(asked) or ":" not in asked:
            return self.named(asked)
        if len(asked) > LONGEST:
            raise InputError(f"a role has at most {LONGEST:,} characters here", todo="shorten it")
        try:
            found = read_json(asked) if asked.startswith("{") else None
        except ValueError:
            found = None  # braces are YAML, too
        try:
            return parse_role(asked) if found is None else role_from_values(found)
        except ValueError as error:
            raise InputError(" ".join(str(error).split()), todo="correct the role") from None


def load_roles(files: Iterable[str]) -> list[Role]:
    """Roles that the agent may take later, by file or by name of the library.

    Raises:
        RoleError: there is no such role, or something is wrong with it.
        InputError: two have the same id.
    """
    roles: dict[str, Role] = {}
    for file in files:
        role = load_role(file)
        if role.id in roles:
            raise InputError(
                f"two roles have the id {role.id}", where=file, todo="give one another id"
            )
        roles[role.id] = role
    return list(roles.values())


def successor(old: Role, new: Role) -> Role:
    """The role that takes over in a meeting that goes on.

    People were told what is kept and what they may refuse when the meeting began, so consent,
    retention and shared microphones stay as they were. The agent keeps its name and its voice.

    Raises:
        InputError: the new role speaks another language; what hears was loaded for the old one.
    """
    if new.language.split("-", 1)[0] != old.language.split("-", 1)[0]:
        raise InputError(
            f"the role {new.id} speaks another language",
            where="role",
            todo="choose a role in the same language",
        )
    kept = ("identity", "voice", "language", "consent", "retention", "microphones")
    return new.model_copy(update={name: getattr(old, name) for name in kept})


class Succession:
    """Changes the agent's role while a meeting goes on, one change after the other.

    Args:
        role: with which the meeting begins; it can be gone back to.
        others: that may be taken beside the library's.
        take: has a role take over.
        failed: is told why one could not.
    """

    def __init__(
        self,
        role: Role,
        others: Iterable[Role],
        take: Callable[[Role], Awaitable[None]],
        failed: Callable[[str], None],
    ) -> None:
        self._role, self._roles = role, Roles([*others, role])
        self._take, self._failed = take, failed
        self._changing = asyncio.Lock()
        self._changes: set[asyncio.Task[None]] = set()

    async def become(self, asked: str) -> str:
        """Begins to take another role, given by its name or as YAML; the id of it.

        Raises:
            InputError: there is no such role, something is wrong with it, or it speaks another
                language.
        """
        found = await asyncio.to_thread(self._roles.asked, asked)
        role = successor(self._role, found)
        change = asyncio.create_task(self._change(role), name=f"role {role.id}")
        self._changes.add(change)
        change.add_done_callback(self._changes.discard)
        return role.id

    async def close(self) -> None:
        """Changes nothing any more."""
        for change in self._changes:
            change.cancel()
        await asyncio.gather(*self._changes, return_exceptions=True)

    async def _change(self, role: Role) -> None:
        async with self._changing:
            try:
                await self._take(role)
            except InputError as error:
                self._failed(f"I cannot take the role {role.id}: {error.what}")
