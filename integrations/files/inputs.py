"""Tells what the files named on the command line are, by their content, and opens them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path
from typing import Final, TypeAlias

from integrations.files.disk.foreign import checked_id, clipped, open_input, read_text, shown
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
from integrations.files.transcripts.ctm import attribute, by_channel, parse_ctm
from integrations.files.transcripts.records import parse_record
from integrations.files.transcripts.rttm import TYPES, numbered_fields, parse_rttm
from integrations.files.transcripts.seglst import parse_seglst
from integrations.files.transcripts.words import MeetingWords
from moderator.errors import InputError
from moderator.timeline import Samples, to_samples, to_seconds

_KINDS: Final = (
    f"give a recording ({CONTAINERS}), a folder or zip of them, a meeting record, SegLST JSON, "
    "or RTTM and CTM"
)
_SUFFIXES: Final = frozenset(f".{kind}" for kind in (*CONTAINERS.split(", "), "oga", "opus", "mka"))


MeetingInput: TypeAlias = RecordedTracks | SharedRecording | MeetingWords


_PLAINLY: Final = Listening()


class _Kind(Enum):
    AUDIO = auto()
    RECORD = auto()
    SEGLST = auto()
    RTTM = auto()
    CTM = auto()


@dataclass(frozen=True, slots=True)
class _Given:
    """One argument, told apart; `offset` is where a recording begins in the meeting."""

    name: str | None
    path: Path
    kind: _Kind
    identity: tuple[int, int]
    text: str = ""
    offset: Samples = 0


def open_inputs(args: Sequence[str], how: Listening = _PLAINLY) -> MeetingInput:
    """Opens what a replay is to run on.

    Args:
        args: one recording of a shared microphone; or ``name=path`` for each participant's
            recording; or a folder or zip archive of these; or a meeting record; or a SegLST file;
            or an RTTM and a CTM file; or a CTM file whose channels are the speakers. An argument
            that names a file is a path even where it contains ``=`` or ``@``. A recording may have
            ``@SECONDS`` after its path: where it begins in the meeting.
        how: what is heard of recordings.

    Raises:
        InputError: any of it is missing, broken, silent, or does not go together.
    """
    if not args:
        raise InputError("no input", todo=_KINDS)
    if len(args) > MOST_TRACKS:
        raise InputError(f"{len(args)} inputs", todo=f"give at most {MOST_TRACKS}")
    if len(args) == 1 and holds_tracks(Path(args[0])):
        found = find_tracks(Path(args[0]))
        opened = open_recordings(found.tracks, how)
        remarks = (*found.remarks, *opened.remarks)
        return replace(opened, meeting_id=found.meeting_id, remarks=remarks)
    given = [_tell(arg) for arg in args]
    _check_different(given)
    if all(item.kind is _Kind.AUDIO for item in given):
        return open_recordings([Track(one.path, one.name, one.offset) for one in given], how)
    for item in given:
        if item.name is not None and item.kind is not _Kind.AUDIO:
            raise InputError(
                "a name before a transcript", where=shown(item.path), todo="leave out the name"
            )
        if item.offset:
            raise InputError(
                "an offset after a transcript", where=shown(item.path), todo="leave it out"
            )
    return _transcript(given)


def _tell(arg: str) -> _Given:
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
        status = os.fstat(file.fileno())
    identity = (status.st_dev, status.st_ino)
    if sounds:
        return _Given(name, path, _Kind.AUDIO, identity, offset=offset)
    other = foreign_kind(head)
    if other is not None or path.suffix.lower() in _SUFFIXES:
        what = f"not a recording but {other}" if other else "not a recording"
        raise InputError(what, where=shown(path), todo=_KINDS)
    text = read_text(path)
    return _Given(name, path, _kind_of_text(text, path), identity, text, offset)


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


def _kind_of_text(text: str, path: Path) -> _Kind:
    begins = text.lstrip()[:1]
    if begins == "{":
        return _Kind.RECORD
    if begins == "[":
        return _Kind.SEGLST
    for _, fields in numbered_fields(text):
        if fields[0] in TYPES:
            return _Kind.RTTM
        if path.suffix.lower() == ".ctm" or (len(fields) >= 5 and _is_number(fields[2])):
            return _Kind.CTM
        if path.suffix.lower() == ".rttm":
            return _Kind.RTTM
        break
    raise InputError("unknown kind of file", where=shown(path), todo=_KINDS)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _check_different(given: Sequence[_Given]) -> None:
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


def _transcript(given: Sequence[_Given]) -> MeetingWords:
    kinds = [item.kind for item in given]
    first = given[0]
    if kinds == [_Kind.RECORD]:
        return parse_record(first.text, first.path)
    if kinds == [_Kind.SEGLST]:
        return parse_seglst(first.text, first.path)
    if kinds == [_Kind.CTM]:
        return by_channel(parse_ctm(first.text, first.path), first.path)
    if kinds == [_Kind.RTTM]:
        raise InputError("no words in it", where=shown(first.path), todo="add the CTM file")
    if len(given) == 2 and set(kinds) == {_Kind.RTTM, _Kind.CTM}:
        turns, words = given if first.kind is _Kind.RTTM else reversed(given)
        speech = parse_rttm(turns.text, turns.path)
        return attribute(speech, parse_ctm(words.text, words.path), words.path)
    listed = ", ".join(f"{shown(item.path)} ({item.kind.name.lower()})" for item in given)
    raise InputError("inputs that do not go together", where=listed, todo=_KINDS)
