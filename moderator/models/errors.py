"""What can go wrong with a model file."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from moderator.errors import InputError

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_UNWRITABLE = (
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
)


class WrongHashError(InputError):
    """A file is not the registered one; it is not used."""


class SourceUnavailableError(Exception):
    """One source cannot give the file; the next one is tried. The message says why."""


def disk_full(where: Path) -> InputError:
    """The error for a full disk."""
    return InputError(
        "the disk is full",
        where=str(where),
        todo="free some space, or point XDG_CACHE_HOME to a larger disk, and pull again",
    )


@contextmanager
def cache_errors(root: Path) -> Iterator[None]:
    """Turn a full disk or an unwritable cache at `root` into an `InputError`."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise disk_full(root) from error
        if error.errno in _UNWRITABLE:
            raise InputError(
                "the model cache cannot be written",
                where=f"{error.filename or root}: {error.strerror}",
                todo="point XDG_CACHE_HOME to a directory you may write to",
            ) from error
        raise
