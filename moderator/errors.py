"""What can go wrong, in types that say whether the meeting can go on."""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol, runtime_checkable


class ModeratorError(Exception):
    """Base of all errors raised on purpose.

    Attributes:
        recoverable: the meeting can go on without what failed.
    """

    recoverable: bool = False


class InputError(ModeratorError):
    """Bad input from outside: a file, an option, a role.

    The command line prints it as one line, ``error: what, where, what to do``, and exits with 2.

    Args:
        what: what is wrong, without a full stop.
        where: file, line or option at fault.
        todo: what the user can do about it.
    """

    def __init__(self, what: str, *, where: str = "", todo: str) -> None:
        self.what, self.where, self.todo = what, where, todo
        super().__init__(", ".join(part for part in (what, where, todo) if part))

    def __reduce__(self) -> tuple[Any, ...]:
        """Lets it be raised in another process and told in this one."""
        return partial(type(self), where=self.where, todo=self.todo), (self.what,)


class ModelMissingError(InputError):
    """A model is not on this machine and may not be fetched."""


class VoiceError(ModeratorError):
    """A voice failed or took too long; the meeting goes on without its sound."""

    recoverable = True


class MindError(ModeratorError):
    """A mind failed or took too long; the meeting goes on without its proposal.

    Its text is written into the journal, and stays there when words are erased: it names the kind
    of failure, and quotes nobody. What a server says of its error may repeat what it was asked.
    """

    recoverable = True


@runtime_checkable
class Substituted(Protocol):
    """A part in whose place another one works where it fails; says so, since nothing else does."""

    def take_failures(self) -> list[str]:
        """What failed since the last call: kinds of failures, nothing that was said."""
        ...
