"""Where the results of many meetings go, and which of them are there already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from integrations.files.disk.atomic import write_text
from integrations.files.disk.foreign import meeting_id, read_text, shown
from integrations.files.disk.outdir import BATCH, RESULTS, RunState, run_state
from integrations.files.request import digest
from moderator.errors import InputError

_MOST_FILES: Final = 5_000


class _Ledger(BaseModel):
    """What stands in the file.

    Attributes:
        options: digest of each that the results depend on.
        meetings: by the name of their directory, the digest of their inputs; None: not finished.
    """

    model_config = ConfigDict(extra="forbid")

    options: dict[str, str]
    meetings: dict[str, str | None]


class Ledger:
    """Which meetings' results a directory holds, and with which options they were made.

    Args:
        out: the directory.
        options: digest of each option that the results depend on.
        force: what is there is made anew.

    Raises:
        InputError: the directory holds the results of one meeting, or of other options, or a file
            of this name that is none.
    """

    def __init__(self, out: Path, options: Mapping[str, str], *, force: bool) -> None:
        self._out, self._force = out, force
        self._ours: set[str] = set()
        run_state(out)  # refuses what is no directory
        if any((out / name).exists() for name in RESULTS):
            raise InputError(
                "it already holds the results of one meeting",
                where=shown(out),
                todo="choose another directory",
            )
        self._ledger = _Ledger(options=dict(options), meetings={})
        before = None if force or not (out / BATCH).exists() else _read(out / BATCH)
        if before is not None:
            if others := [name for name in options if before.options.get(name) != options[name]]:
                raise InputError(
                    f"it holds results that were made with another {', another '.join(others)}",
                    where=shown(out),
                    todo="choose another directory or add --force",
                )
            self._ledger = before

    def begin(self, inputs: Mapping[str, str]) -> set[str]:
        """Takes meetings up.

        Args:
            inputs: digest of the inputs by name.

        Returns:
            The names of those that are finished; their results are kept.

        Raises:
            InputError: it cannot be written.
        """
        known = self._ledger.meetings
        kept = {
            name
            for name, given in inputs.items()
            if known.get(name) == given and run_state(self._out / name) is RunState.FINISHED
        }
        free = (RunState.ABSENT, RunState.EMPTY)
        # What others left in a meeting's place never becomes ours.
        self._ours = {
            name
            for name in inputs
            if self._force or name in known or run_state(self._out / name) in free
        }
        known.update(dict.fromkeys(self._ours - kept))
        self._write()
        return kept

    def may_replace(self, name: str) -> bool:
        """Whether a meeting's directory is ours, so that results in it may be replaced."""
        return name in self._ours

    def finish(self, name: str, inputs: str) -> None:
        """Notes that a meeting's results are complete. Raises as `begin`."""
        self._ledger.meetings[name] = inputs
        self._write()

    def _write(self) -> None:
        write_text(self._out / BATCH, self._ledger.model_dump_json(indent=1) + "\n")


def _read(path: Path) -> _Ledger:
    try:
        return _Ledger.model_validate_json(read_text(path))
    except (ValidationError, ValueError):
        raise InputError(
            "no list of a batch's results", where=shown(path), todo="add --force"
        ) from None


def inputs_digest(files: Sequence[str]) -> str:
    """Of the names, sizes and times of change of a meeting's files, and of what folders hold."""
    return digest([list(_state(Path(one))) for one in files])


def _state(path: Path) -> Iterator[tuple[str, int, int]]:
    inner = sorted(path.rglob("*"))[:_MOST_FILES] if path.is_dir() else [path]
    for file in inner:
        try:
            status = file.stat()
        except OSError:  # whoever opens it says so
            continue
        if not file.is_dir():
            yield str(file), status.st_size, status.st_mtime_ns


def named_apart(paths: Sequence[Path]) -> list[str]:
    """A name for the results of each meeting: as short as tells it from the others.

    It is the name of the file without its ending; with it where two would have one name; else with
    the folder's name before it. What cannot be printed is ``_`` in it.

    Raises:
        InputError: two have one name even so.
    """
    whole = [path.resolve() for path in paths]
    forms = [
        [path.name if path.is_dir() else path.stem for path in whole],
        [path.name for path in whole],
        [f"{path.parent.name}-{path.name}" for path in whole],
    ]
    safe = [[meeting_id(name).lstrip(".") or "meeting" for name in form] for form in forms]
    names = safe[0]
    for longer in safe[1:]:
        times = Counter(name.casefold() for name in names)
        names = [
            one if times[name.casefold()] > 1 else name
            for name, one in zip(names, longer, strict=True)
        ]
    times = Counter(name.casefold() for name in names)
    for name, path in zip(names, whole, strict=True):
        if times[name.casefold()] > 1:
            raise InputError(
                f"two meetings called {name[:100]!a}",
                where=shown(path),
                todo="rename one, or give it by itself with another --out",
            )
    return names
