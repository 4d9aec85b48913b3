"""A recorded meeting read aloud at its real times: what synthetic voices make of its transcript."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from moderator.audio import Waveform
from moderator.events import Word
from moderator.measure.bench.meeting import BenchMeeting
from moderator.mouth.base import PacedVoice
from moderator.timeline import SAMPLE_RATE, Samples, to_samples

PAUSE = to_samples(0.5)
"""A speaker's words that are closer than this are read in one breath."""

LONGEST = to_samples(8.0)
"""Read in one breath at most: where a long turn's words lie is then known from the record."""

OVERHANG = to_samples(0.1)
"""How much longer than the real one a turn may sound before it is cut."""

_SPEEDS = (0.7, 1.9)
_SAMPLE = "We have to decide about the buttons first, and then we can talk about the price again."
_LOUDNESS_DB = 5.0
_NOISE_DB = (-75.0, -40.0)


@dataclass(frozen=True, slots=True)
class Reader:
    """A voice, and how fast it is.

    Attributes:
        voice: speaks.
        pace: characters a second at its own speed.
    """

    voice: PacedVoice
    pace: float


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A stretch of a meeting, read aloud.

    Attributes:
        begin: meeting time of the first sample.
        samples: ``(n,)`` all voices in one.
        words: as they were read, by start, in meeting time.
    """

    begin: Samples
    samples: Waveform
    words: tuple[Word, ...]


def reader(voice: PacedVoice) -> Reader:
    """A voice whose pace is found out by letting it speak."""
    length = sum(len(sentence.samples) for sentence in voice.say(_SAMPLE))
    if not length:
        raise ValueError(f"the voice {voice.spec.speaker!a} says nothing")
    return Reader(voice, len(_SAMPLE) * SAMPLE_RATE / length)


def read_aloud(
    meeting: BenchMeeting,
    readers: Sequence[Reader],
    begin: Samples,
    end: Samples,
    random: np.random.Generator,
) -> Reading:
    """Reads a stretch of a meeting, every turn when it really was and about as fast.

    Participants get voices, loudness and the room its noise by chance; those who outnumber the
    voices share some. What would sound longer than it really did is cut, with its words.

    Args:
        meeting: the meeting.
        readers: at least one.
        begin: of the stretch.
        end: of the stretch.
        random: draws voices, loudness, noise.
    """
    mixture = np.zeros(end - begin, dtype=np.float32)
    words: list[Word] = []
    parts = _parts(meeting, readers, random)
    for breath, limit in _breaths(meeting, begin, end):
        speaker, start = breath[0].speaker, breath[0].start
        one, gain = parts[speaker]
        sound, said = _say(one, breath, limit)
        at = start - begin
        mixture[at : at + len(sound)] += np.float32(gain) * sound
        words += said
    low, high = _NOISE_DB
    noise = 10 ** (random.uniform(low, high) / 20)
    mixture += np.float32(noise) * random.standard_normal(len(mixture), dtype=np.float32)
    words.sort(key=lambda word: (word.start, word.end, word.speaker))
    return Reading(begin, np.clip(mixture, -1.0, 1.0), tuple(words))


def _parts(
    meeting: BenchMeeting, readers: Sequence[Reader], random: np.random.Generator
) -> Mapping[str, tuple[Reader, float]]:
    """Everybody's voice and loudness."""
    order = random.permutation(len(readers))
    names = sorted({word.speaker for word in meeting.words})
    return {
        name: (
            readers[order[index % len(readers)]],
            float(10 ** (random.uniform(-_LOUDNESS_DB, _LOUDNESS_DB) / 20)),
        )
        for index, name in enumerate(names)
    }


def _breaths(
    meeting: BenchMeeting, begin: Samples, end: Samples
) -> list[tuple[list[Word], Samples]]:
    """Words that are read together, each with how long they may sound."""
    breaths: list[list[Word]] = []
    last: dict[str, list[Word]] = {}
    for word in sorted(meeting.words, key=lambda one: (one.start, one.end, one.speaker)):
        if not begin <= word.start < word.end <= end:
            continue
        own = last.get(word.speaker)
        if own and word.start - own[-1].end < PAUSE and word.end - own[0].start <= LONGEST:
            own.append(word)
        else:
            last[word.speaker] = [word]
            breaths.append(last[word.speaker])
    following: dict[str, Samples] = {}
    found = []
    for breath in reversed(breaths):
        start = breath[0].start
        reach = max(word.end for word in breath) + OVERHANG
        limit = min(reach, following.get(breath[0].speaker, end), end) - start
        following[breath[0].speaker] = start
        found.append((breath, limit))
    return found[::-1]


def _say(one: Reader, breath: Sequence[Word], limit: Samples) -> tuple[Waveform, list[Word]]:
    """The sound of some words, at most `limit` long, and those of them that are in it."""
    text = " ".join(word.text for word in breath)
    speaker, start = breath[0].speaker, breath[0].start
    real_s = (max(word.end for word in breath) - start) / SAMPLE_RATE
    speed = float(np.clip(len(text) / one.pace / real_s, *_SPEEDS))
    sounds: list[Waveform] = []
    words: list[Word] = []
    at: Samples = 0
    for sentence in one.voice.at_speed(speed).say(text):
        words += [
            Word(speaker, word.text, start + at + word.start, start + at + word.end)
            for word in sentence.words
            if word.start < word.end and at + word.end <= limit
        ]
        sounds.append(sentence.samples)
        at += len(sentence.samples)
    sound = np.concatenate(sounds)[:limit] if sounds else np.zeros(0, dtype=np.float32)
    return sound, words
