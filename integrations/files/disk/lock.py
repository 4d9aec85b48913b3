"""The lock of a run's directory: one process at a time works in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from filelock import BaseFileLock, FileLock, Timeout

from integrations.files.disk.atomic import disk_errors
from integrations.files.disk.foreign import shown
from moderator.errors import InputError

LOCK: Final = ".running"
"""Exists while a run goes on, and after one that was killed."""


class InUse(InputError):
    """Another process works in the directory."""


def take_lock(directory: Path) -> BaseFileLock:
    """Takes a directory's lock, which `give_back` gives back.

    Raises:
        InUse: another process has it.
        InputError: the directory cannot be written to.
    """
    lock = FileLock(directory / LOCK, timeout=0)
    with disk_errors(directory):
        try:
            lock.acquire()
        except Timeout:
            raise InUse(
                "another run is writing to it",
                where=shown(directory),
                todo="wait or choose another directory",
            ) from None
    return lock


def give_back(lock: BaseFileLock) -> None:
    """Gives a lock back, and removes its file."""
    # The name goes first, while it is still ours: another run takes a new file.
    with suppress(OSError):
        Path(lock.lock_file).unlink()
    lock.release()


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Holds a directory's lock while the block runs. Raises as `take_lock`."""
    lock = take_lock(directory)
    try:
        yield
    finally:
        give_back(lock)
