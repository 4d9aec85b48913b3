"""Local segmentation: who of up to three nameless voices speaks when, in one short window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from diarize.base import SAMPLE_RATE, Audio
from diarize.errors import DiarizeError

if TYPE_CHECKING:
    import torch
    from pyannote.audio import Model

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
    """A pyannote.audio segmentation model as `LocalSegmentation`.

    The powerset model gives one distribution a frame over sets of speakers; a speaker's probability
    is the sum over the sets that hold them (Plaquet & Bredin, Interspeech 2023,
    https://arxiv.org/abs/2310.13025).

    Args:
        model: loaded by `diarize.loading.load_segmentation`.
        window: samples of the longest window; the model's own training window by default.

    Raises:
        DiarizeError: the model does not segment speakers.
    """

    def __init__(self, model: Model, window: int | None = None) -> None:
        specifications = model.specifications
        if isinstance(specifications, tuple) or specifications.classes is None:
            raise DiarizeError("a model of several tasks", todo="give a segmentation model")
        self._model = model
        self._window = window or round(specifications.duration * SAMPLE_RATE)
        self._mapping: npt.NDArray[np.float32] | None = None
        if specifications.powerset:
            from pyannote.audio.utils.powerset import Powerset

            at_once = specifications.powerset_max_classes or 1
            powerset = Powerset(len(specifications.classes), at_once)
            mapping: torch.Tensor = powerset.get_buffer("mapping")
            self._mapping = mapping.numpy().astype(np.float32)

    @property
    def window(self) -> int:
        """Samples of the longest window it takes."""
        return self._window

    def __call__(self, audio: Audio) -> Activity:
        """Probabilities for a window of shape ``(n,)``, a frame each `FRAME_STEP` samples."""
        import torch

        with torch.inference_mode():
            scores = self._model(torch.from_numpy(audio)[None, None])[0].numpy()
        if self._mapping is None:
            return np.asarray(scores, dtype=np.float32)
        # The model ends in a log softmax.
        return np.asarray(np.exp(scores) @ self._mapping, dtype=np.float32)
