"""Tells what the files named on the command line are, by their content, and opens them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final, TypeAlias

from integrations.files.disk import foreign
from integrations.files.disk.foreign import checked_id, clipped, is_wide_text, open_input, shown
from integrations.files.sound.audio import AudioFile
from integrations.files.sound.containers import CONTAINERS, sniff
from integrations.files.transcripts import reading
from integrations.files.transcripts.words import MeetingWords
from moderator.errors import InputError
from moderator.timeline import Samples

MOST_TRACKS: Final = 50
"""Recordings taken at once."""

_KINDS: Final = f"give a recording ({CONTAINERS}), {reading.KINDS}"
_SUFFIXES: Final = frozenset({".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".mp4"})


@dataclass(frozen=True, slots=True)
class RecordedTracks:
    """Recordings of one meeting, one per participant, that began together.

    Attributes:
        meeting_id: the meeting's name: what the file names begin with in common.
        tracks: by participant's id, in the order given.
        notes: what people should know about them, in words.
    """

    meeting_id: str
    tracks: Mapping[str, AudioFile]
    notes: tuple[str, ...] = ()

    @property
    def duration(self) -> Samples:
        """Length of the longest track, as `AudioFile.duration`."""
        return max(track.duration for track in self.tracks.values())


@dataclass(frozen=True, slots=True)
class SharedRecording:
    """One recording of everybody.

    Attributes:
        meeting_id: the meeting's name: the file's, without its ending.
        audio: the recording.
    """

    meeting_id: str
    audio: AudioFile

    @property
    def duration(self) -> Samples:
        """Its length, as `AudioFile.duration`."""
        return self.audio.duration


MeetingInput: TypeAlias = RecordedTracks | SharedRecording | MeetingWords


@dataclass(frozen=True, slots=True)
class _Given:
    """One argument, told apart: a transcript where it has a form, else a recording."""

    name: str | None
    path: Path
    identity: tuple[int, int]
    text: str = ""
    form: reading.Form | None = None


def open_inputs(args: Sequence[str]) -> MeetingInput:
    """Opens what a replay is to run on.

    Args:
        args: one recording of a shared microphone; or ``name=path`` for each participant's
            recording; or the files of a transcript. An argument that names a file is a path even
            where it contains ``=``.

    Raises:
        InputError: any of it is missing, broken, silent, or does not go together.
    """
    if not args:
        raise InputError("no input", todo=_KINDS)
    if len(args) > MOST_TRACKS:
        raise InputError(f"{len(args)} inputs", todo=f"give at most {MOST_TRACKS}")
    given = [_tell(arg) for arg in args]
    _check_different(given)
    if all(item.form is None for item in given):
        return _recordings(given)
    for item in given:
        if item.name is not None and item.form is not None:
            raise InputError(
                "a name before a transcript", where=shown(item.path), todo="leave out the name"
            )
    return _transcript(given)


def _tell(arg: str) -> _Given:
    name, path = None, Path(arg)
    if "=" in arg and not os.path.lexists(arg):
        left, right = arg.split("=", 1)
        if not right:
            raise InputError(f"no path after '{clipped(left)}='", todo="give name=path")
        name, path = checked_id(left, f"'{clipped(arg)}'"), Path(right)
    with open_input(path) as file:
        head = file.read(64)
        status = os.fstat(file.fileno())
    identity = (status.st_dev, status.st_ino)
    if sniff(head) is not None and not is_wide_text(head):
        return _Given(name, path, identity)
    if path.suffix.lower() in _SUFFIXES:
        raise InputError("not a recording", where=shown(path), todo=f"give {CONTAINERS}")
    text = reading.text_of(path)
    form = reading.tell(text, path)
    if form is None:
        raise InputError("unknown kind of file", where=shown(path), todo=_KINDS)
    return _Given(name, path, identity, text, form)


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


def _recordings(given: Sequence[_Given]) -> RecordedTracks | SharedRecording:
    unnamed = [item for item in given if item.name is None]
    if len(given) == 1 and unnamed:
        audio = AudioFile(given[0].path)
        if audio.is_silent():
            raise _no_sound(shown(audio.path))
        return SharedRecording(foreign.meeting_id(audio.path.stem), audio)
    if unnamed:
        raise InputError(
            "several recordings, and no name for one",
            where=shown(unnamed[0].path),
            todo="give each as name=path",
        )
    tracks = {item.name: AudioFile(item.path) for item in given if item.name is not None}
    silent = [name for name, track in tracks.items() if track.is_silent()]
    if len(silent) == len(tracks):
        raise _no_sound(", ".join(shown(item.path) for item in given))
    notes = tuple(f"no sound from {name}" for name in silent)
    return RecordedTracks(_common_name([item.path.stem for item in given]), tracks, notes)


def _no_sound(where: str) -> InputError:
    return InputError("no sound in the recording", where=where, todo="check the microphone")


def _common_name(stems: Sequence[str]) -> str:
    """The words that all names begin with: ``standup-ann``, ``standup-bob`` give ``standup``."""
    split = [re.split(r"([ ._-]+)", stem) for stem in stems]
    common = takewhile(lambda words: len(set(words)) == 1, zip(*split, strict=False))
    return foreign.meeting_id("".join(words[0] for words in common).strip(" ._-") or "meeting")


def _transcript(given: Sequence[_Given]) -> MeetingWords:
    told = [reading.Transcript(one.path, one.text, one.form) for one in given if one.form]
    if len(told) < len(given):
        listed = ", ".join(f"{shown(one.path)} ({_form(one)})" for one in given)
        raise InputError("inputs that do not go together", where=listed, todo=_KINDS)
    return reading.read(told)


def _form(given: _Given) -> str:
    return given.form.name if given.form else "audio"
