"""Adds a line to the journal of a run that is over."""

from __future__ import annotations

import os
from pathlib import Path

from integrations.files.disk.atomic import disk_errors
from moderator.journal.lines import Closed, Event, text_of, to_line


def append(path: Path, event: Event | Closed) -> None:
    """Puts an event's line behind the last whole one, and has it reach the disk.

    Raises:
        InputError: the journal cannot be written.
    """
    with disk_errors(path), path.open("r+b") as file:
        end, data, done = _whole_until(path), text_of(to_line(event)).encode(), 0
        while done < len(data):
            done += os.pwrite(file.fileno(), data[done:], end + done)
        os.ftruncate(file.fileno(), end + len(data))
        os.fsync(file.fileno())


def _whole_until(path: Path) -> int:
    """Bytes up to the end of the last whole line; a crash may have cut off the one after it."""
    with path.open("rb") as file:
        at = file.seek(0, os.SEEK_END)
        while at > 0:
            back = min(at, 1 << 16)
            file.seek(at - back)
            found = file.read(back).rfind(b"\n")
            if found >= 0:
                return at - back + found + 1
            at -= back
    return 0
