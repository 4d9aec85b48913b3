"""Speaker embeddings: one unit vector for the voice in a stretch of clean speech."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from diarize.base import SAMPLE_RATE, Audio

if TYPE_CHECKING:
    import torch

    from diarize.campplus import CamPlusPlus

Vector = npt.NDArray[np.float32]
"""A unit vector, shape ``(dimension,)``; the cosine of two says how alike two voices are."""

Features = npt.NDArray[np.float32]
"""Filter-bank energies, shape ``(frames, 80)``, a frame each `FEATURE_STEP` samples."""

FEATURE_STEP = SAMPLE_RATE // 100
"""Samples from one filter-bank frame to the next: 10 ms."""

FEATURE_SPAN = SAMPLE_RATE // 40
"""Samples one filter-bank frame looks at: 25 ms."""

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


def filter_bank(waveforms: torch.Tensor) -> torch.Tensor:
    """80 log mel energies a 10 ms frame, as the network was trained on.

    Args:
        waveforms: ``(n,)`` in [-1, 1] at 16 kHz.

    Returns:
        ``(frames, 80)``.
    """
    from torchaudio.compliance import kaldi

    from diarize.campplus import MEL_BINS

    frames: torch.Tensor = kaldi.fbank(
        waveforms[None], num_mel_bins=MEL_BINS, sample_frequency=SAMPLE_RATE, dither=0.0
    )
    return frames


class CamPlusPlusEmbedder:
    """CAM++ as `SpeakerEmbedder`.

    Args:
        network: loaded by `diarize.loading.load_campplus`.
    """

    def __init__(self, network: CamPlusPlus) -> None:
        self._network = network

    def features(self, audio: Audio) -> Features:
        """Filter-bank frames of audio of shape ``(n,)``; none for less than `FEATURE_SPAN`."""
        import torch

        from diarize.campplus import MEL_BINS

        if len(audio) < FEATURE_SPAN:
            return np.zeros((0, MEL_BINS), dtype=np.float32)
        with torch.inference_mode():
            return np.asarray(filter_bank(torch.from_numpy(audio)).numpy(), dtype=np.float32)

    def embed(self, features: Features) -> Vector | None:
        """A unit vector for frames of one voice; None if they are too few or say nothing."""
        import torch

        if len(features) < MIN_FRAMES:
            return None
        centred = features - features.mean(axis=0, keepdims=True)
        with torch.inference_mode():
            vector = self._network(torch.from_numpy(centred)[None])[0].numpy()
        return unit(vector)


def unit(vector: npt.ArrayLike) -> Vector | None:
    """The vector scaled to length one; None if it has no finite, positive length."""
    values = np.asarray(vector, dtype=np.float32)
    length = float(np.linalg.norm(values))
    if not np.isfinite(length) or length < 1e-6:
        return None
    return np.asarray(values / length, dtype=np.float32)
