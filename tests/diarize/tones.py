"""A world in which every voice is a tone: models that read it perfectly, and audio made of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from diarize.base import SAMPLE_RATE, Audio, SpeakerActivity
from diarize.embedding import FEATURE_SPAN, FEATURE_STEP, Features, Vector, unit
from diarize.segmentation import FRAME_CENTRE, FRAME_STEP, Activity

TONES_HZ = (200.0, 400.0, 600.0, 800.0)
_LOUD = 0.02


def speech(turns: Sequence[tuple[int, float, float]], seconds: float) -> Audio:
    """Audio in which voice `v` sounds from `start` to `end` seconds, for each (v, start, end)."""
    audio = np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)
    for voice, start, end in turns:
        first, last = round(start * SAMPLE_RATE), round(end * SAMPLE_RATE)
        times = np.arange(first, last) / SAMPLE_RATE
        audio[first:last] += 0.2 * np.sin(2 * np.pi * TONES_HZ[voice] * times).astype(np.float32)
    return audio


def _levels(audio: Audio, starts: Sequence[int], span: int) -> npt.NDArray[np.float64]:
    """How loud each tone is in each frame of `span` samples."""
    frames = np.stack([audio[start : start + span] for start in starts])
    times = np.arange(span) / SAMPLE_RATE
    waves = np.exp(-2j * np.pi * np.outer(times, TONES_HZ))
    return np.asarray(np.abs(frames @ waves) / span, dtype=np.float64)


class ToneSegmentation:
    """`LocalSegmentation` of tones; voices are numbered as they appear in the window."""

    window = 10 * SAMPLE_RATE

    def __call__(self, audio: Audio) -> Activity:
        starts = range(0, len(audio) - 2 * FRAME_CENTRE, FRAME_STEP)
        # Multiples of 80 samples hold whole periods of every tone.
        middles = [min(start + FRAME_CENTRE - 80, len(audio) - 160) for start in starts]
        loud = _levels(audio, middles, 160) > _LOUD
        order = sorted(np.flatnonzero(loud.any(axis=0)), key=lambda tone: loud[:, tone].argmax())
        activity = np.zeros((len(starts), 3), dtype=np.float32)
        for local, tone in enumerate(order[:3]):
            activity[:, local] = loud[:, tone]
        return activity


class ToneEmbedder:
    """`SpeakerEmbedder` of tones."""

    def __init__(self) -> None:
        self.embedded = 0

    def features(self, audio: Audio) -> Features:
        starts = range(0, len(audio) - FEATURE_SPAN + 1, FEATURE_STEP)
        if not len(starts):
            return np.zeros((0, len(TONES_HZ)), dtype=np.float32)
        return _levels(audio, starts, FEATURE_SPAN).astype(np.float32)

    def embed(self, features: Features) -> Vector | None:
        self.embedded += 1
        return unit(features.mean(axis=0)) if len(features) >= 20 else None


def joined(pieces: Sequence[SpeakerActivity]) -> list[SpeakerActivity]:
    """Touching pieces of one speaker made one."""
    whole: list[SpeakerActivity] = []
    for piece in sorted(pieces, key=lambda piece: (piece.speaker, piece.start)):
        if whole and whole[-1].speaker == piece.speaker and whole[-1].end == piece.start:
            whole[-1] = SpeakerActivity(piece.speaker, whole[-1].start, piece.end)
        else:
            whole.append(piece)
    return sorted(whole, key=lambda piece: (piece.start, piece.speaker))


def seconds(pieces: Sequence[SpeakerActivity]) -> list[tuple[str, float, float]]:
    """(speaker, start, end) in seconds, to a tenth."""
    return [
        (p.speaker, round(p.start / SAMPLE_RATE, 1), round(p.end / SAMPLE_RATE, 1))
        for p in joined(pieces)
    ]
