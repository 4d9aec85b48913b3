"""A recorded meeting, made ready to be replayed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from integrations.files.disk.foreign import shown
from integrations.files.inputs import MeetingInput, open_inputs
from integrations.files.sound.audio import AudioFile
from integrations.files.sound.recorded_source import SHARED
from integrations.files.sound.tracks import Listening, RecordedTracks, SharedRecording
from integrations.files.sound.wav import LONGEST
from integrations.files.transcripts.words import MeetingWords
from moderator.errors import InputError
from moderator.meeting.names import Names
from moderator.mind.base import Participant
from moderator.timeline import SAMPLE_RATE, Samples, to_seconds

_PLAINLY = Listening()


@dataclass(frozen=True, slots=True)
class Replayable:
    """A recorded meeting, ready to be replayed.

    Attributes:
        meeting_id: its name.
        duration: its length; an estimate where a recording does not state it exactly.
        participants: by id, without the seat.
        tracks: recordings by track id; empty for words.
        words: the words, where there is no audio.
        shared: the only track is a shared microphone.
        remarks: what was found when the input was opened, in words.
    """

    meeting_id: str
    duration: Samples
    participants: Mapping[str, Participant]
    tracks: Mapping[str, AudioFile] = field(default_factory=dict)
    words: MeetingWords | None = None
    shared: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know about the input; recordings tell more once they were read."""
        told = [
            note if self.shared else f"{name}: {note}"
            for name, track in self.tracks.items()
            for note in track.notes
        ]
        return (*self.remarks, *told)


def prepare(
    inputs: Sequence[str],
    seat: str | None = None,
    enrolled: Sequence[str] = (),
    how: Listening = _PLAINLY,
) -> Replayable:
    """Opens the inputs and takes the seat's participant out.

    Args:
        inputs: see `integrations.files.inputs.open_inputs`.
        seat: the participant whose place the agent takes.
        enrolled: names of people whose voices on a shared microphone are known.
        how: what is heard of recordings.

    Raises:
        InputError: an input is bad, nobody has the seat, or no wav file can hold the meeting.
    """
    found = open_inputs(inputs, how)
    if found.duration > LONGEST:
        _read_through(found)  # what is there counts, not what is stated
    if found.duration > LONGEST:
        hours = to_seconds(LONGEST) / 3600
        what = f"longer than {hours:.0f} hours, of which no wav file holds the sound"
        where = ", ".join(shown(Path(one)) for one in inputs)
        raise InputError(what, where=where, todo="split the meeting")
    if enrolled and not isinstance(found, SharedRecording):
        raise InputError(
            "voices are enrolled for a recording of everybody only",
            where="--enrol",
            todo="leave it out: these inputs say who speaks",
        )
    if isinstance(found, SharedRecording):
        if seat is not None:
            raise InputError(
                "a recording of everybody has no seats",
                where="--seat",
                todo="give one recording per participant, or words",
            )
        return Replayable(
            found.meeting_id,
            found.duration,
            {name: Participant(name, name) for name in enrolled},
            {SHARED: found.audio},
            shared=True,
            remarks=found.remarks,
        )
    people = _people(found)
    if seat is not None:
        if seat not in people:
            known = ", ".join(people)
            raise InputError(f"nobody called {seat!r}", where="--seat", todo=f"choose of {known}")
        del people[seat]
    if isinstance(found, RecordedTracks):
        tracks = {name: file for name, file in found.tracks.items() if name != seat}
        return Replayable(found.meeting_id, found.duration, people, tracks, remarks=found.remarks)
    return Replayable(found.meeting_id, found.duration, people, words=found, remarks=found.notes)


def _read_through(found: MeetingInput) -> None:
    """Reads recordings to their ends, after which their durations are exact."""
    recordings: list[AudioFile] = []
    if isinstance(found, SharedRecording):
        recordings = [found.audio]
    elif isinstance(found, RecordedTracks):
        recordings = list(found.tracks.values())
    for recording in recordings:
        read = 0
        for block in recording.blocks(60 * SAMPLE_RATE):
            read += len(block)
            if read > LONGEST:
                break


def _people(found: MeetingInput) -> dict[str, Participant]:
    if isinstance(found, MeetingWords):
        names = Names(())
        return {
            id_: replace(one, name=names.of(id_, one.name))
            for id_, one in found.participants.items()
        }
    if isinstance(found, RecordedTracks):
        return {name: Participant(name, name) for name in found.tracks}
    return {}
