"""Local segmentation: who of up to three nameless voices speaks when, in one short window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from diarize.base import SAMPLE_RATE, Audio

if TYPE_CHECKING:
    from diarize.pyannet import PyanNet

FRAME_STEP = 270
"""Samples from one segmentation frame to the next: 16.875 ms at 16 kHz."""

FRAME_CENTRE = 495
"""Samples from a window's start to the middle of its first frame (receptive field of 991)."""

Activity = npt.NDArray[np.float32]
"""Probability that a local speaker is active, shape ``(frames, speakers)``."""


class LocalSegmentation(Protocol):
    """Segments a window; local speakers of different windows have nothing to do with each other."""

    @property
    def window(self) -> int:
        """Samples of the longest window it takes."""
        ...

    def __call__(self, audio: Audio) -> Activity:
        """Probabilities for a window of shape ``(n,)``, a frame each `FRAME_STEP` samples."""
        ...


class PyannoteSegmentation:
    """PyanNet as `LocalSegmentation`.

    The network gives one distribution a frame over sets of speakers; a speaker's probability is the
    sum over the sets that hold them (Plaquet & Bredin, Interspeech 2023,
    https://arxiv.org/abs/2310.13025).

    Args:
        network: loaded by `diarize.loading.load_segmentation`.
        window: samples of the longest window; the network's own training window by default.
    """

    def __init__(self, network: PyanNet, window: int | None = None) -> None:
        self._network = network
        self._window = window or round(network.duration_s * SAMPLE_RATE)
        speakers = 1 + max(max(some, default=0) for some in network.sets)
        self._members = np.array(
            [[one in some for one in range(speakers)] for some in network.sets], dtype=np.float32
        )

    @property
    def window(self) -> int:
        """Samples of the longest window it takes."""
        return self._window

    def __call__(self, audio: Audio) -> Activity:
        """Probabilities for a window of shape ``(n,)``, a frame each `FRAME_STEP` samples."""
        import torch

        with torch.inference_mode():
            scores = self._network(torch.from_numpy(audio)[None, None])[0].numpy()
        return np.asarray(np.exp(scores) @ self._members, dtype=np.float32)
