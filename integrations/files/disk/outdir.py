"""The directory a run writes to: one run at a time, never another run's results by accident."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from shutil import rmtree
from types import TracebackType
from typing import Final, Self

from filelock import BaseFileLock

from integrations.files.disk.atomic import disk_errors, part_path, write_text
from integrations.files.disk.foreign import shown
from integrations.files.disk.lock import LOCK, give_back, take_lock
from moderator.errors import InputError

SUMMARY: Final = "summary.json"
"""Written last: a directory that has it holds a finished run."""

RESULTS: Final = (
    SUMMARY,
    "journal.jsonl",
    "agent.wav",
    "meeting.wav",
    "transcript.seglst.json",
    "transcript.vtt",
    "diarization.rttm",
    "report.html",
)
"""All that every run writes. The summary is removed first."""

MINUTES: Final = "minutes"
"""The one of the `FORMATS` that is no transcript."""

FORMATS: Final[Mapping[str, str]] = {
    "srt": "transcript.srt",
    "text": "transcript.txt",
    "stm": "transcript.stm",
    "uem": "transcript.uem",
    "textgrid": "transcript.TextGrid",
    "eaf": "transcript.eaf",
    "audacity": "transcript.audacity.txt",
    MINUTES: "minutes.md",
}
"""What a run writes besides, if asked to: files by the names of their forms.

Nothing but these and the `RESULTS` is ever removed.
"""

JOURNAL: Final = "journal.jsonl"

BATCH: Final = ".batch.json"
"""In a directory of many meetings' results: which of them are finished."""

REPORT: Final = "report.html"

TAPES: Final = ".tapes"
"""Folder of everybody's sound apart, while a meeting lasts whose people may be erased."""

_FILES: Final = (
    *(n for name in (*RESULTS, *FORMATS.values()) for n in (name, part_path(Path(name)).name)),
    TAPES,
    f"{JOURNAL}.part",  # an erasure's copy, until this was done in place
)
"""The results, their unfinished forms, and what goes with them."""

ASIDE: Final = ".aside"
"""Folder of results that belong back into the directory: they are on their way out of it, or back.
"""

FORMER: Final = ".former"
"""Folder of the results of an earlier run, until the one that takes their place has begun."""


class RunState(StrEnum):
    """What a directory holds."""

    ABSENT = "absent"
    EMPTY = "empty"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    OTHER = "other files"


def run_state(path: Path) -> RunState:
    """What is in a directory; a run that goes on counts as interrupted.

    Raises:
        InputError: it is no directory, or cannot be read.
    """
    try:
        names = {entry.name for entry in path.iterdir()}
    except FileNotFoundError:
        return RunState.ABSENT
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"cannot be written to ({reason})", where=shown(path), todo="choose another directory"
        ) from None
    return _state(names)


def holds_results(path: Path) -> bool:
    """Whether a directory holds what runs wrote: recordings in it are no inputs."""
    return any((path / name).exists() for name in (JOURNAL, SUMMARY, BATCH))


def _state(names: set[str]) -> RunState:
    if not names:
        return RunState.EMPTY
    if SUMMARY in names and LOCK not in names:
        return RunState.FINISHED
    return RunState.INTERRUPTED if names & {LOCK, ASIDE, FORMER, *_FILES} else RunState.OTHER


def has_begun(journal: Path) -> bool:
    """Whether a journal tells of anything but that the meeting was opened, and perhaps closed."""
    try:
        with journal.open("rb") as file:
            file.readline()
            second = file.readline()
    except OSError:
        return False
    return second.endswith(b"\n") and not second.startswith(b'{"kind":"closed"')


def settle_replacing(directory: Path) -> None:
    """Removes what was set aside if its successor has begun, else puts it back.

    Both can be done again from wherever they were broken off; the caller holds the lock.

    Raises:
        OSError: something cannot be moved or removed.
    """
    aside, former = directory / ASIDE, directory / FORMER
    if former.is_dir():
        if has_begun(directory / JOURNAL):
            rmtree(former)
            return
        for name in _FILES:
            path = directory / name
            rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        former.rename(aside)
    if aside.is_dir():
        for path in aside.iterdir():
            path.rename(directory / path.name)
        aside.rmdir()


class OutputDirectory:
    """A run's directory, as a context manager.

    Entering creates the directory and its parents, checks that it can be written to, and takes a
    lock. Leaving gives the lock back. `finish` writes the summary, last, which tells a finished
    run from an interrupted one. If the run fails before it wrote anything, the directories that
    were created for it are removed.

    Args:
        path: the directory.
        overwrite: use it even if it is not empty: the results of an earlier run are set aside and
            removed when the new one has begun, which its journal tells (`has_begun`). If it ends
            before that, they are put back. Other files stay. Where a run was killed, the next to
            use the directory finishes what it was at.
        goes_on: go on with a run that was killed.
    """

    def __init__(self, path: Path, *, overwrite: bool = False, goes_on: bool = False) -> None:
        self.path, self._goes_on = path, goes_on
        self._overwrite = overwrite
        self._created: list[Path] = []
        self._lock: BaseFileLock | None = None
        self._replaces = False

    def file(self, name: str) -> Path:
        """The path of one of the `RESULTS`, or of the `FORMATS`' files."""
        if name not in RESULTS and name not in FORMATS.values():
            raise ValueError(f"{name} is no result of a run")
        return self.path / name

    def finish(self, summary: Mapping[str, object]) -> None:
        """Writes the summary: the run is complete.

        Raises:
            InputError: it cannot be written.
        """
        text = json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False)
        write_text(self.file(SUMMARY), text + "\n")

    def __enter__(self) -> Self:
        """Takes the directory.

        Raises:
            InputError: it is in use, not empty, no directory, or cannot be written to.
        """
        state = run_state(self.path)
        unsettled = any((self.path / name).is_dir() for name in (ASIDE, FORMER))
        if not unsettled:
            self._check(state)
        try:
            with disk_errors(self.path):
                self._create()
            self._lock = take_lock(self.path)
            with disk_errors(self.path):
                if unsettled:
                    settle_replacing(self.path)
                    self._check(_state({entry.name for entry in self.path.iterdir()} - {LOCK}))
                if self._overwrite:
                    self._set_aside()
        except BaseException:
            self._release()
            raise
        return self

    def _check(self, state: RunState) -> None:
        if self._overwrite or state in (RunState.ABSENT, RunState.EMPTY):
            return
        if self._goes_on and state is RunState.INTERRUPTED:
            return
        holds = {RunState.FINISHED: "a finished run", RunState.INTERRUPTED: "an unfinished run"}
        raise InputError(
            f"it already holds {holds.get(state, 'other files')}",
            where=shown(self.path),
            todo="choose another directory or add --force",
        )

    def begun(self) -> None:
        """Removes the results of an earlier run if this one has begun; call when something happens.

        Raises:
            InputError: they cannot be removed.
        """
        if self._replaces and has_begun(self.file(JOURNAL)):
            with disk_errors(self.path):
                settle_replacing(self.path)
            self._replaces = False

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._replaces:
                with suppress(OSError):  # whoever uses the directory next tries again
                    settle_replacing(self.path)
        finally:
            self._release()

    def _create(self) -> None:
        missing = [p for p in (self.path, *self.path.parents) if not p.exists()]
        for directory in reversed(missing):
            directory.mkdir(exist_ok=True)
            self._created.append(directory)

    def _set_aside(self) -> None:
        """Takes the results of an earlier run out of the way, whole or not at all."""
        there = [name for name in _FILES if (self.path / name).exists()]
        if there:
            (self.path / ASIDE).mkdir()
            for name in there:
                (self.path / name).rename(self.path / ASIDE / name)
            (self.path / ASIDE).rename(self.path / FORMER)
            self._replaces = True

    def _release(self) -> None:
        if self._lock is not None:
            give_back(self._lock)
            self._lock = None
        for directory in reversed(self._created):
            with suppress(OSError):  # it is not empty: something was written
                directory.rmdir()
        self._created = []
