"""Tells what the files named on the command line are, by their content, and opens them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

from integrations.files.disk.foreign import checked_id, clipped, open_input, shown
from integrations.files.sound.containers import CONTAINERS, HEAD, foreign_kind, sniff
from integrations.files.sound.folders import find_tracks, holds_tracks
from integrations.files.sound.tracks import (
    MOST_TRACKS,
    Listening,
    RecordedTracks,
    SharedRecording,
    Track,
    open_recordings,
)
from integrations.files.sound.wav import LONGEST
from integrations.files.transcripts import reading
from integrations.files.transcripts.words import MeetingWords
from moderator.errors import InputError
from moderator.timeline import Samples, to_samples, to_seconds

_KINDS: Final = f"give a recording ({CONTAINERS}), a folder or zip of them, {reading.KINDS}"
SUFFIXES: Final = frozenset(f".{kind}" for kind in (*CONTAINERS.split(", "), "oga", "opus", "mka"))
"""How the names of recordings end."""


MeetingInput: TypeAlias = RecordedTracks | SharedRecording | MeetingWords


_PLAINLY: Final = Listening()


@dataclass(frozen=True, slots=True)
class Given:
    """One argument, told apart: a transcript where it has a form, else a recording.

    `offset` is where a recording begins in the meeting.
    """

    name: str | None
    path: Path
    identity: tuple[int, int]
    text: str = ""
    offset: Samples = 0
    form: reading.Form | None = None


def open_inputs(args: Sequence[str], how: Listening = _PLAINLY) -> MeetingInput:
    """Opens what a replay is to run on.

    Args:
        args: one recording of a shared microphone; or ``name=path`` for each participant's
            recording; or a folder or zip archive of these; or the files of a transcript. An
            argument that names a file is a path even where it contains ``=`` or ``@``. A recording
            may have ``@SECONDS`` after its path: where it begins in the meeting.
        how: what is heard of recordings.

    Raises:
        InputError: any of it is missing, broken, silent, or does not go together.
    """
    if not args:
        raise InputError("no input", todo=_KINDS)
    if len(args) > MOST_TRACKS:
        raise InputError(f"{len(args)} inputs", todo=f"give at most {MOST_TRACKS}")
    if len(args) == 1 and holds_tracks(Path(args[0])) and not is_packed(Path(args[0])):
        found = find_tracks(Path(args[0]))
        opened = open_recordings(found.tracks, how)
        remarks = (*found.remarks, *opened.remarks)
        return replace(opened, meeting_id=found.meeting_id, remarks=remarks)
    given = [tell(arg) for arg in args]
    _check_different(given)
    if all(item.form is None for item in given):
        return open_recordings([Track(one.path, one.name, one.offset) for one in given], how)
    for item in given:
        if item.name is not None and item.form is not None:
            raise InputError(
                "a name before a transcript", where=shown(item.path), todo="leave out the name"
            )
        if item.offset:
            raise InputError(
                "an offset after a transcript", where=shown(item.path), todo="leave it out"
            )
    return _transcript(given)


def is_packed(path: Path) -> bool:
    """Whether a file is a packed transcript; raises as `open_input`."""
    if not path.is_file():
        return False
    with open_input(path) as file:
        return reading.is_packed(file)


def tell(arg: str) -> Given:
    """Tells what an argument is, by its content.

    Raises:
        InputError: its file is missing, cannot be read, or is of no kind that is known.
    """
    name, path = None, Path(arg)
    if "=" in arg and not os.path.lexists(arg):
        left, right = arg.split("=", 1)
        if not right:
            raise InputError(f"no path after '{clipped(left)}='", todo="give name=path")
        name, path = checked_id(left, f"'{clipped(arg)}'"), Path(right)
    path, offset = _at_offset(path)
    with open_input(path) as file:
        sounds = sniff(file) is not None
        head = file.read(HEAD)
        packed = reading.is_packed(file)
        status = os.fstat(file.fileno())
    identity = (status.st_dev, status.st_ino)
    if sounds:
        return Given(name, path, identity, offset=offset)
    other = None if packed else foreign_kind(head)
    if other is not None or path.suffix.lower() in SUFFIXES:
        what = f"not a recording but {other}" if other else "not a recording"
        raise InputError(what, where=shown(path), todo=_KINDS)
    text = reading.text_of(path)
    form = reading.tell(text, path)
    if form is None:
        raise InputError(
            "unknown kind of text, without times that are known here",
            where=shown(path),
            todo=_KINDS,
        )
    return Given(name, path, identity, text, offset, form)


def _at_offset(path: Path) -> tuple[Path, Samples]:
    """A path without the ``@SECONDS`` behind it, and these as samples."""
    text = str(path)
    found = re.fullmatch(r"(.+)@(-?)([0-9]{1,9}(?:\.[0-9]{1,9})?)", text)
    if found is None or os.path.lexists(path):
        return path, 0
    if found[2]:
        raise InputError(
            f"a recording that begins {found[3]} s before the meeting",
            where=shown(path),
            todo=f"add {found[3]} s to the offsets of all recordings",
        )
    offset = to_samples(float(found[3]))
    if offset > LONGEST:
        hours = to_seconds(LONGEST) / 3600
        raise InputError(f"an offset over {hours:.0f} hours", where=shown(path), todo="lower it")
    return Path(found[1]), offset


def _check_different(given: Sequence[Given]) -> None:
    names: set[str] = set()
    files: dict[tuple[int, int], Path] = {}
    for item in given:
        if item.name is not None and item.name in names:
            raise InputError(
                f"two inputs named {item.name!r}", where=shown(item.path), todo="rename one"
            )
        if item.name is not None:
            names.add(item.name)
        other = files.setdefault(item.identity, item.path)
        if other is not item.path:
            raise InputError(
                "the same file twice",
                where=f"{shown(other)} and {shown(item.path)}",
                todo="give each once",
            )


def _transcript(given: Sequence[Given]) -> MeetingWords:
    told = [reading.Transcript(one.path, one.text, one.form) for one in given if one.form]
    if len(told) < len(given):
        listed = ", ".join(f"{shown(one.path)} ({_form(one)})" for one in given)
        raise InputError("inputs that do not go together", where=listed, todo=_KINDS)
    return reading.read(told)


def _form(given: Given) -> str:
    return given.form.name if given.form else "audio"
