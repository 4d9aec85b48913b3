"""Speaker embeddings: one unit vector for the voice in a stretch of clean speech."""

from __future__ import annotations

from functools import cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from diarize.base import SAMPLE_RATE, Audio

MEL_BINS = 80
"""Filter-bank energies a frame."""

Vector = npt.NDArray[np.float32]
"""A unit vector, shape ``(dimension,)``; the cosine of two says how alike two voices are."""

Features = npt.NDArray[np.float32]
"""Filter-bank energies, shape ``(frames, 80)``, a frame each `FEATURE_STEP` samples."""

FEATURE_STEP = SAMPLE_RATE // 100
"""Samples from one filter-bank frame to the next: 10 ms."""

FEATURE_SPAN = SAMPLE_RATE // 40
"""Samples one filter-bank frame looks at: 25 ms."""

_FFT = 512
_EMPHASIS, _POVEY, _LOWEST_HZ = 0.97, 0.85, 20.0
"""As Kaldi's ``compute-fbank-feats`` has them, without dither."""

MIN_FRAMES = 20
"""Fewest frames an embedding is made of; less than 0.2 s says nothing about a voice."""


class SpeakerEmbedder(Protocol):
    """Embeds voices."""

    def features(self, audio: Audio) -> Features:
        """Filter-bank frames of audio of shape ``(n,)``; none for less than `FEATURE_SPAN`."""
        ...

    def embed(self, features: Features) -> Vector | None:
        """A unit vector for frames of one voice; None if they are too few or say nothing."""
        ...


def filter_bank(audio: Audio) -> Features:
    """80 log mel energies a 10 ms frame, as Kaldi makes them, and as the network was trained on.

    Args:
        audio: ``(n,)`` in [-1, 1] at 16 kHz.

    Returns:
        ``(frames, 80)``; none for less than `FEATURE_SPAN`.
    """
    if len(audio) < FEATURE_SPAN:
        return np.zeros((0, MEL_BINS), dtype=np.float32)
    window, mel = _filters()
    frames = np.lib.stride_tricks.sliding_window_view(audio, FEATURE_SPAN)[::FEATURE_STEP]
    frames = frames - frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    spectrum = np.fft.rfft((frames - np.float32(_EMPHASIS) * before) * window, _FFT)
    energies = (spectrum.real**2 + spectrum.imag**2)[:, :-1] @ mel
    return np.log(np.maximum(energies, np.finfo(np.float32).eps)).astype(np.float32)


@cache
def _filters() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """A window ``(FEATURE_SPAN,)``, and ``(bins, MEL_BINS)`` triangles on the mel scale."""
    window = np.hanning(FEATURE_SPAN) ** _POVEY
    edges = np.linspace(_mel(_LOWEST_HZ), _mel(SAMPLE_RATE / 2), MEL_BINS + 2)
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    at = _mel(np.arange(_FFT // 2) * SAMPLE_RATE / _FFT)[:, None]
    rising, falling = (at - low) / (centre - low), (high - at) / (high - centre)
    triangles = np.maximum(np.minimum(rising, falling), 0.0)
    return window.astype(np.float32), triangles.astype(np.float32)


def _mel(hertz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return 1127.0 * np.log1p(np.asarray(hertz, dtype=np.float64) / 700.0)


def unit(vector: npt.ArrayLike) -> Vector | None:
    """The vector scaled to length one; None if it has no finite, positive length."""
    values = np.asarray(vector, dtype=np.float32)
    length = float(np.linalg.norm(values))
    if not np.isfinite(length) or length < 1e-6:
        return None
    return np.asarray(values / length, dtype=np.float32)
