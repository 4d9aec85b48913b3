"""Makes sound for meetings that are only words: one track per speaker, each turn at its time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from diarize.base import SpeakerActivity
from integrations.files.disk.atomic import replacing
from integrations.files.transcripts.words import MeetingWords
from moderator.audio import Waveform, fade_out, silence, to_pcm16
from moderator.events import Word
from moderator.mouth.base import PacedVoice, Voice
from moderator.timeline import FRAME, SAMPLE_RATE, Samples, to_samples

Progress: TypeAlias = Callable[[float], None]
"""Told the share done, 0 to 1."""

GAP = to_samples(0.2)
"""Silence between two sentences of one turn."""

NATURAL_SPEEDS = (0.75, 1.6)
"""How far a voice is slowed or hurried to fit a turn's real duration: beyond, it is no longer
speech as people speak it."""


@dataclass(frozen=True, slots=True, eq=False)
class RenderedMeeting:
    """A meeting as sound.

    Attributes:
        tracks: by speaker, ``(duration,)`` samples each.
        words: what sounds in them, by start.
        clipped: words that had no room in their turn and do not sound.
    """

    tracks: Mapping[str, Waveform]
    words: tuple[Word, ...]
    clipped: int = 0

    @property
    def duration(self) -> Samples:
        """Length of every track."""
        return max((len(track) for track in self.tracks.values()), default=0)


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """A turn as sound; times of its words count from its first sample."""

    samples: Waveform
    words: tuple[Word, ...]


def speech(voice: Voice, speaker: str, text: str, gap: Samples = GAP) -> Speech:
    """Speaks a whole turn, its sentences `gap` apart."""
    parts: list[Waveform] = []
    words: list[Word] = []
    at = 0
    for sentence in voice.say(text):
        if parts:
            parts.append(silence(gap))
            at += gap
        words += [Word(speaker, w.text, at + w.start, at + w.end) for w in sentence.words]
        parts.append(sentence.samples)
        at += len(sentence.samples)
    return Speech(np.concatenate(parts) if parts else silence(0), tuple(words))


def render_record(
    record: MeetingWords,
    voices: Sequence[PacedVoice],
    until: Samples | None = None,
    progress: Progress | None = None,
) -> RenderedMeeting:
    """Speaks the words of a recorded meeting, with its real turns, pauses and overlaps.

    A voice is slowed or hurried within `NATURAL_SPEEDS` to fill a turn's real duration; what is
    still too long is faded out at the turn's end, what is too short is followed by silence. Word
    times are those of the rendered sound, not of the recording.

    Args:
        record: the meeting.
        voices: one for each participant, in the record's order; reused from the first where there
            are more participants.
        until: leaves out what is later.
        progress: told the share of turns done.

    Raises:
        ValueError: there is no voice.
    """
    if not voices:
        raise ValueError("a meeting cannot be rendered without a voice")
    end = record.duration if until is None else min(until, record.duration)
    cast = {name: voices[i % len(voices)] for i, name in enumerate(record.participants)}
    tracks = {name: silence(end) for name in record.participants}
    words: list[Word] = []
    clipped = 0
    turns = [turn for turn in _with_text(record) if turn[0].start < end]
    for done, (turn, text) in enumerate(turns, 1):
        room = min(turn.end, end) - turn.start
        whole = _fitted(cast[turn.speaker], turn, text)
        samples, heard = _clip(whole, room)
        track = tracks[turn.speaker]
        track[turn.start : turn.start + len(samples)] = samples
        words += _moved(heard, turn.start)
        clipped += len(whole.words) - len(heard)
        if progress:
            progress(done / len(turns))
    return RenderedMeeting(tracks, _by_start(words), clipped)


def write_tracks(meeting: RenderedMeeting, directory: Path) -> dict[str, Path]:
    """Writes one 16-bit wav file per speaker, named after them.

    Returns:
        By speaker the file's path.

    Raises:
        InputError: they cannot be written.
    """
    paths = {}
    for index, (name, track) in enumerate(meeting.tracks.items()):
        safe = "".join(c if c.isalnum() and c.isascii() else "_" for c in name)
        paths[name] = directory / f"{index:02}-{safe}.wav"
        _write_wav(paths[name], track)
    return paths


def _write_wav(path: Path, track: Waveform) -> None:
    import soundfile

    with replacing(path) as file:
        soundfile.write(file, to_pcm16(track), SAMPLE_RATE, format="WAV", subtype="PCM_16")


def _with_text(record: MeetingWords) -> list[tuple[SpeakerActivity, str]]:
    """The record's turns with what was said in them; those without words are left out."""
    turns = list(record.turns)
    said: list[list[str]] = [[] for _ in turns]
    current: dict[str, int] = {}
    upcoming = 0
    for word in record.words:
        while upcoming < len(turns) and turns[upcoming].start <= word.start:
            current[turns[upcoming].speaker] = upcoming
            upcoming += 1
        if word.speaker in current:
            said[current[word.speaker]].append(word.text)
    return [(turn, " ".join(text)) for turn, text in zip(turns, said, strict=True) if text]


def _fitted(voice: PacedVoice, turn: SpeakerActivity, text: str) -> Speech:
    """The turn at the speed that fits its duration best."""
    spoken = speech(voice, turn.speaker, text)
    if not len(spoken.samples):
        return spoken
    slowest, fastest = NATURAL_SPEEDS
    speed = min(max(len(spoken.samples) / (turn.end - turn.start), slowest), fastest)
    return speech(voice.at_speed(speed), turn.speaker, text, round(GAP / speed))


def _clip(whole: Speech, room: Samples) -> tuple[Waveform, list[Word]]:
    """What fits into `room`, faded out at its end, and the words heard to theirs."""
    samples = whole.samples[:room].copy()
    if len(whole.samples) > room:
        samples[-FRAME:] = fade_out(samples[-FRAME:])
    return samples, [word for word in whole.words if word.end <= len(samples)]


def _moved(words: Iterable[Word], by: Samples) -> list[Word]:
    return [Word(w.speaker, w.text, w.start + by, w.end + by) for w in words]


def _by_start(words: Iterable[Word]) -> tuple[Word, ...]:
    return tuple(sorted(words, key=lambda word: (word.start, word.end, word.speaker)))
