"""Writes files whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from integrations.files.disk.foreign import shown
from moderator.errors import InputError

_TODO = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EACCES: "choose another directory",
    errno.EPERM: "choose another directory",
    errno.EROFS: "choose another directory",
}


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turns what the system says about writing `path` into a one-line error.

    Raises:
        InputError: an `OSError` came up inside.
    """
    try:
        yield
    except OSError as error:
        what = "the disk is full" if error.errno == errno.ENOSPC else _reason(error)
        todo = _TODO.get(error.errno or 0, "choose another directory")
        raise InputError(what, where=shown(path), todo=todo) from None


def part_path(path: Path) -> Path:
    """Where an unfinished `path` is kept; its ending stays, so that players take it."""
    return path.with_name(f"{path.stem}.part{path.suffix}")


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Opens a file that takes the place of `path` once everything is written and on the disk.

    If anything fails, `path` stays as it was and nothing is left beside it.

    Raises:
        InputError: it cannot be written, for instance because the disk is full.
    """
    part = path.with_name(f".{path.name}.part")
    with disk_errors(path):
        try:
            with part.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise
        sync_directory(path.parent)


def write_text(path: Path, text: str) -> None:
    """Writes a UTF-8 text file, whole or not at all. Raises as `replacing`."""
    with replacing(path) as file:
        file.write(text.encode("utf-8", errors="replace"))


def sync_directory(path: Path) -> None:
    """Has a directory's entries reach the disk, where the file system can do that."""
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _reason(error: OSError) -> str:
    return f"cannot be written ({error.strerror or type(error).__name__})"
