"""Every n-th write of a meeting fails, for every n: what is left, and what is told.

The meeting is a room's with a refusal in it. A write is each call by which a file is written, made
longer, forced to the disk or given its name; it fails with a full disk, an error of the device, or
after half of its bytes.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import io
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.reliability.kills import words_left
from benchmarks.reliability.meeting import Room
from integrations.files.disk.lock import locked
from integrations.files.recovery.recovering import recover_if_needed
from moderator.errors import InputError
from moderator.journal.lines import read

LENGTH_S, REFUSED_S, WHO = 16.0, 11.0, "ana"

KINDS = {"full": errno.ENOSPC, "device": errno.EIO, "short": errno.ENOSPC}


@dataclass
class Fault:
    """Counts writes below a folder and has one of them fail.

    Attributes:
        folder: writes elsewhere are not counted.
        at: which fails, from 1; None: none does.
        kind: how.
        count: writes so far.
    """

    folder: Path
    at: int | None
    kind: str
    count: int = 0

    def due(self, path: object) -> bool:
        """Whether this write fails."""
        if not str(path).startswith(str(self.folder)):
            return False
        self.count += 1
        return self.count == self.at

    def error(self) -> OSError:
        """As the system raises it."""
        return OSError(KINDS[self.kind], os.strerror(KINDS[self.kind]))


@contextmanager
def failing(fault: Fault) -> Iterator[None]:
    """Puts a fault under everything that is written while the block runs."""
    opened, pwrite, fsync, rename = io.open, os.pwrite, os.fsync, os.replace

    class Raw(io.FileIO):
        def write(self, data: Any) -> int:
            if fault.due(self.name):
                if fault.kind == "short":
                    super().write(bytes(data)[: len(data) // 2])
                raise fault.error()
            return super().write(data) or 0

    def open_(file: Any, mode: str = "r", buffering: int = -1, *rest: Any, **more: Any) -> Any:
        ours = str(file).startswith(str(fault.folder))
        if not ours or not set(mode) & set("wxa+"):
            return opened(file, mode, buffering, *rest, **more)
        raw = Raw(file, mode.replace("b", "").replace("t", ""))
        if buffering == 0:
            return raw
        buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, "utf-8", newline="\n")

    def at_handle(work: Callable[..., Any], handle: int, *rest: Any) -> Any:
        if fault.due(Path(f"/proc/self/fd/{handle}").readlink()):
            if fault.kind == "short" and work is pwrite:
                pwrite(handle, rest[0][: len(rest[0]) // 2], rest[1])
            raise fault.error()
        return work(handle, *rest)

    def replace(source: Any, target: Any) -> None:
        if fault.due(source):
            raise fault.error()
        rename(source, target)

    with (
        mock.patch.object(io, "open", open_),
        mock.patch.object(os, "pwrite", lambda *given: at_handle(pwrite, *given)),
        mock.patch.object(os, "fsync", lambda *given: at_handle(fsync, *given)),
        mock.patch.object(os, "replace", replace),
    ):
        yield


def attempt(at: int | None, kind: str) -> tuple[int, list[str]]:
    """One meeting with a fault in it.

    Returns:
        How many writes there were, and what is wrong with what is left.
    """
    folder = Path(tempfile.mkdtemp(prefix="faults-"))
    out, wrong, told = folder / "out", [], ""
    fault, complaints = Fault(folder, at, kind), _Complaints()
    logging.getLogger("asyncio").addHandler(complaints)
    try:
        room = Room(out, LENGTH_S, {WHO: REFUSED_S})
        try:
            with failing(fault):
                asyncio.run(room.run())
        except InputError as error:
            told = str(error)
        if "\n" in told:
            wrong.append(f"told in several lines: {told}")
        if at is not None and at <= fault.count and not told:
            wrong += _unsound(out)
        wrong += _held(out)
        wrong += _afterwards(out)
        gc.collect()  # tasks whose failure nobody has seen complain when they go
        wrong += complaints.texts
    except Exception as error:  # whatever comes up is what is looked for
        wrong.append(f"{type(error).__name__}: {error}")
    finally:
        logging.getLogger("asyncio").removeHandler(complaints)
        shutil.rmtree(folder)
    return fault.count, wrong


class _Complaints(logging.Handler):
    """Keeps what asyncio complains of."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage().splitlines()[0])


def _unsound(out: Path) -> list[str]:
    """A fault after which the meeting ended well must have harmed nothing."""
    whole = (out / "summary.json").is_file() and not words_left(out, WHO)
    return [] if whole else ["failed without a word"]


def _held(out: Path) -> list[str]:
    """Files that are still open."""
    links = list(Path("/proc/self/fd").iterdir())
    held = [str(link.readlink()) for link in links if os.path.lexists(link)]
    ours = [file for file in held if file.startswith(str(out))]
    return [f"held: {', '.join(ours)}"] if ours else []


def _afterwards(out: Path) -> list[str]:
    """The directory can be opened, and nothing that was promised is left in it."""
    journal = out / "journal.jsonl"
    if not journal.is_file():
        return []
    with locked(out):
        kinds = {line["kind"] for line in read(journal)}
    if "opened" not in kinds:
        return []
    recover_if_needed(out)
    left = words_left(out, WHO) if "consent" in kinds else 0
    return [f"{left} words left"] if left else []


def faults(step: int, tell: Callable[[float], None]) -> tuple[int, dict[str, list[str]]]:
    """Lets every `step`-th write fail, in every way.

    Args:
        step: 1: every one.
        tell: told the share done since the last call.

    Returns:
        How often, and what was wrong, by fault.
    """
    total, _ = attempt(None, "full")
    found: dict[str, list[str]] = {}
    places = range(1, total + 1, step)
    for kind in KINDS:
        for at in places:
            _, wrong = attempt(at, kind)
            if wrong:
                found[f"{kind}, write {at}"] = wrong
            tell(1 / (len(KINDS) * len(places)))
    return len(KINDS) * len(places), found
