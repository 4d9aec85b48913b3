"""Recordings of one meeting: one of everybody, or one for each participant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from integrations.files.disk import foreign
from integrations.files.disk.foreign import shown
from integrations.files.sound.audio import ALL, AudioFile, Reading
from integrations.files.sound.stems import common_beginning
from moderator.errors import InputError
from moderator.timeline import Samples

MOST_TRACKS: Final = 50
"""Recordings taken at once."""


@dataclass(frozen=True, slots=True)
class RecordedTracks:
    """Recordings of one meeting, one per participant.

    Attributes:
        meeting_id: the meeting's name: what the file names begin with in common.
        tracks: by participant's id, in the order given.
        remarks: what was found when they were opened, in words.
    """

    meeting_id: str
    tracks: Mapping[str, AudioFile]
    remarks: tuple[str, ...] = ()

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
        remarks: what was found when it was opened, in words.
    """

    meeting_id: str
    audio: AudioFile
    remarks: tuple[str, ...] = ()

    @property
    def duration(self) -> Samples:
        """Its length, as `AudioFile.duration`."""
        return self.audio.duration


@dataclass(frozen=True, slots=True)
class Listening:
    """What is heard of recordings.

    Attributes:
        reading: how each is read.
        people: each channel of the only recording is a participant.
    """

    reading: Reading = ALL
    people: bool = False


@dataclass(frozen=True, slots=True)
class Track:
    """A recording that was named.

    Attributes:
        path: where it is.
        name: the participant's; None: nobody was named.
        offset: where it begins in the meeting, 16 kHz samples.
        lasts: how long it was recorded by the clock of who recorded it; None: not known.
        keeps: what must not go away before the recording was read.
    """

    path: Path
    name: str | None = None
    offset: Samples = 0
    lasts: Samples | None = None
    keeps: object = None

    def open(self, reading: Reading) -> AudioFile:
        """Opens the recording. Raises as `AudioFile`."""
        return AudioFile(self.path, reading, self.offset, lasts=self.lasts, keeps=self.keeps)


def listening(channels: str, *, accept_damage: bool) -> Listening:
    """How recordings are heard, as options say.

    Args:
        channels: ``mix``, ``people``, or numbers of channels with commas between.
        accept_damage: see `Reading`.

    Raises:
        InputError: `channels` is something else.
    """
    if channels in ("mix", "people"):
        return Listening(Reading(accept_damage=accept_damage), channels == "people")
    if not re.fullmatch(r"[1-9][0-9]{0,2}(,[1-9][0-9]{0,2})*", channels):
        raise InputError(
            f"no channels {foreign.clipped(channels)!r}",
            where="--channels",
            todo="give mix, people, or numbers such as 1 or 1,3",
        )
    return Listening(
        Reading(tuple(sorted({int(one) for one in channels.split(",")})), accept_damage)
    )


def open_recordings(given: Sequence[Track], how: Listening) -> RecordedTracks | SharedRecording:
    """Opens the recordings of a meeting.

    Raises:
        InputError: one cannot be used, has no name among others, or nothing is to be heard.
    """
    unnamed = [one for one in given if one.name is None]
    if how.people:
        return _one_a_channel(given, how.reading)
    if len(given) == 1 and unnamed:
        (one,) = given
        audio = one.open(how.reading)
        if audio.is_silent():
            raise _no_sound(shown(audio.path))
        return SharedRecording(foreign.meeting_id(audio.path.stem), audio, _chosen(audio, how))
    if unnamed:
        raise InputError(
            "several recordings, and no name for one",
            where=shown(unnamed[0].path),
            todo="give each as name=path; or --each: each is a meeting",
        )
    tracks = {one.name: one.open(how.reading) for one in given if one.name is not None}
    chosen = tuple(f"{name}: {text}" for name, one in tracks.items() for text in _chosen(one, how))
    name, _ = common_beginning([one.path.stem for one in given])
    return _heard(foreign.meeting_id(name or "meeting"), tracks, chosen)


def _one_a_channel(given: Sequence[Track], reading: Reading) -> RecordedTracks:
    """The channels of one recording, a participant each."""
    if len(given) != 1 or given[0].name is not None:
        raise InputError(
            "people by channel, and more than one recording or a name",
            where="--channels",
            todo="give one recording without a name",
        )
    (one,) = given
    whole = one.open(reading)
    if not 2 <= whole.channels <= MOST_TRACKS:
        raise InputError(
            f"people by channel, and {whole.channels} channel{'s' * (whole.channels != 1)}",
            where=shown(one.path),
            todo=f"leave out --channels, or give a recording of 2 to {MOST_TRACKS} channels",
        )
    tracks = {
        f"channel_{number}": one.open(Reading((number,), reading.accept_damage))
        for number in range(1, whole.channels + 1)
    }
    return _heard(foreign.meeting_id(one.path.stem), tracks, ())


def _heard(name: str, tracks: Mapping[str, AudioFile], remarks: tuple[str, ...]) -> RecordedTracks:
    silent = [who for who, track in tracks.items() if track.is_silent()]
    if len(silent) == len(tracks):
        raise _no_sound(", ".join(dict.fromkeys(shown(one.path) for one in tracks.values())))
    return RecordedTracks(name, tracks, (*remarks, *(f"no sound from {who}" for who in silent)))


def _chosen(audio: AudioFile, how: Listening) -> tuple[str, ...]:
    wanted = how.reading.channels
    if wanted is None or audio.channels == len(wanted):
        return ()
    return (f"heard of its {audio.channels} channels: {', '.join(map(str, wanted))}",)


def _no_sound(where: str) -> InputError:
    return InputError("no sound in the recording", where=where, todo="check the microphone")
