"""Hashing model files, and remembering which ones were found good."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from contextlib import suppress
from pathlib import Path

from moderator.models.spec import ModelFile
from moderator.plain_json import parse_json

LONGEST_STAMP = 64 * 1024
"""Bytes of a stamp that are read; a whole one has some hundred, and more where a path is long."""


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def is_registered(path: Path, file: ModelFile) -> bool:
    """Whether the file has the registered size and sha256, by reading all of it."""
    return path.stat().st_size == file.size and sha256_of(path) == file.sha256


class Stamps:
    """Remembers files that were hashed and found good, so that 100 MB are not read each time.

    A stamp holds for one inode of one size and with the same times of change: any write to the
    file, or another file in its place, voids it.

    Args:
        root: directory of the stamps; where it cannot be written, nothing is remembered.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def check(self, model: str, file: ModelFile, path: Path) -> bool:
        """Whether the file is the registered one, by its stamp or else by hashing it."""
        before = _identity(path, file)
        if self._read(model, file) == before:
            return True
        if not is_registered(path, file):
            self.forget(model, file)
            return False
        # A file that changed while it was read gets no stamp.
        if _identity(path, file) == before:
            self._write(model, file, before)
        return True

    def forget(self, model: str, file: ModelFile) -> None:
        """Drop the stamp of a file."""
        try:
            self._path(model, file).unlink(missing_ok=True)
        except OSError:
            return  # the stamp of a changed file is void anyhow

    def _path(self, model: str, file: ModelFile) -> Path:
        return self._root / model / f"{file.name}.json"

    def _read(self, model: str, file: ModelFile) -> object:
        """What a stamp says; None for whatever else lies in its place."""
        path = self._path(model, file)
        try:
            if not stat.S_ISREG(path.stat().st_mode):  # a named pipe would be waited for
                return None
            with path.open("rb") as opened:
                return parse_json(opened.read(LONGEST_STAMP))
        except (OSError, ValueError):
            return None

    def _write(self, model: str, file: ModelFile, identity: dict[str, str | int]) -> None:
        path = self._path(model, file)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(identity), encoding="utf-8")
            draft.replace(path)
        except OSError:  # a read-only or full cache: the file is hashed again next time
            with suppress(OSError):
                draft.unlink()


def _identity(path: Path, file: ModelFile) -> dict[str, str | int]:
    status = path.stat()
    return {
        "path": str(path),
        "sha256": file.sha256,
        "device": status.st_dev,
        "inode": status.st_ino,
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "ctime_ns": status.st_ctime_ns,
    }


def place(draft: Path, target: Path) -> None:
    """Put a finished file in its place at once; whoever looks sees the old state or the new.

    Raises:
        OSError: the directory cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with draft.open("rb") as opened:
        os.fsync(opened.fileno())
    draft.replace(target)
