"""Tells what the files named on the command line are, by their content, and opens them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import takewhile
from pathlib import Path
from typing import Final, TypeAlias

from integrations.files.disk import foreign
from integrations.files.disk.foreign import checked_id, clipped, open_input, read_text, shown
from integrations.files.sound.audio import AudioFile
from integrations.files.sound.containers import CONTAINERS, HEAD, foreign_kind, sniff
from integrations.files.transcripts.ctm import attribute, by_channel, parse_ctm
from integrations.files.transcripts.records import parse_record
from integrations.files.transcripts.rttm import TYPES, numbered_fields, parse_rttm
from integrations.files.transcripts.seglst import parse_seglst
from integrations.files.transcripts.words import MeetingWords
from moderator.errors import InputError
from moderator.timeline import Samples

MOST_TRACKS: Final = 50
"""Recordings taken at once."""

_KINDS: Final = f"give a recording ({CONTAINERS}), a meeting record, SegLST JSON, or RTTM and CTM"
_SUFFIXES: Final = frozenset(f".{kind}" for kind in (*CONTAINERS.split(", "), "oga", "opus", "mka"))


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


class _Kind(Enum):
    AUDIO = auto()
    RECORD = auto()
    SEGLST = auto()
    RTTM = auto()
    CTM = auto()


@dataclass(frozen=True, slots=True)
class _Given:
    """One argument, told apart."""

    name: str | None
    path: Path
    kind: _Kind
    identity: tuple[int, int]
    text: str = ""


def open_inputs(args: Sequence[str]) -> MeetingInput:
    """Opens what a replay is to run on.

    Args:
        args: one recording of a shared microphone; or ``name=path`` for each participant's
            recording; or a meeting record; or a SegLST file; or an RTTM and a CTM file; or a CTM
            file whose channels are the speakers. An argument that names a file is a path even
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
    if all(item.kind is _Kind.AUDIO for item in given):
        return _recordings(given)
    for item in given:
        if item.name is not None and item.kind is not _Kind.AUDIO:
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
        sounds = sniff(file) is not None
        head = file.read(HEAD)
        status = os.fstat(file.fileno())
    identity = (status.st_dev, status.st_ino)
    if sounds:
        return _Given(name, path, _Kind.AUDIO, identity)
    other = foreign_kind(head)
    if other is not None or path.suffix.lower() in _SUFFIXES:
        what = f"not a recording but {other}" if other else "not a recording"
        raise InputError(what, where=shown(path), todo=_KINDS)
    text = read_text(path)
    return _Given(name, path, _kind_of_text(text, path), identity, text)


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
