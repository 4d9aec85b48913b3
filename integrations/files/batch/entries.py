"""Tells what the entries of a folder are: recordings, tracks of a meeting, transcripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from integrations.files.disk.foreign import shown
from integrations.files.disk.outdir import holds_results
from integrations.files.inputs import is_packed, tell
from integrations.files.sound.folders import holds_one_meeting, holds_tracks
from integrations.files.transcripts import reading
from moderator.errors import InputError


class Kind(Enum):
    """What a file or folder is."""

    RECORDING = auto()
    TRACKS = auto()
    WORDS = auto()
    BESIDE = auto()
    """Goes with words of the same name: RTTM, UEM."""
    PART = auto()
    """One of the files that are one transcript."""
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder, told apart.

    Attributes:
        path: where it is.
        kind: what it is.
        wrong: why that is not known.
    """

    path: Path
    kind: Kind
    wrong: InputError | None = None


def tracks_in(path: Path) -> bool:
    """Whether a path is a folder, or an archive that may hold recordings."""
    return holds_tracks(path) and not (path.is_file() and is_packed(path))


def entries_of(folder: Path, out: Path) -> Iterator[Entry]:
    """What is in a folder, by name, without results of runs.

    Args:
        folder: is looked into.
        out: a directory for results, which is left out.

    Raises:
        InputError: it cannot be read.
    """
    try:
        paths = sorted(one for one in folder.iterdir() if one.name[:1] not in "._")
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"cannot be read ({reason})", where=shown(folder), todo="check its permissions"
        ) from None
    for path in paths:
        if path.absolute() != out and not (path.is_dir() and holds_results(path)):
            yield told(path)


def told(path: Path) -> Entry:
    """What a file or folder is, by its content."""
    try:
        if path.is_dir():
            return Entry(path, Kind.TRACKS if holds_one_meeting(path) else Kind.UNKNOWN)
        if tracks_in(path):
            return Entry(path, Kind.TRACKS)
        form = tell(str(path)).form
    except InputError as error:
        return Entry(path, Kind.UNKNOWN, error)
    if form is None:
        return Entry(path, Kind.RECORDING)
    if form is reading.KALDI:
        return Entry(path, Kind.PART)
    return Entry(path, Kind.BESIDE if form.parse is None else Kind.WORDS)
