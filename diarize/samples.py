"""Samples from outside, made fit for a model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from diarize.base import Audio
from diarize.errors import DiarizeError


def checked(audio: npt.ArrayLike) -> Audio:
    """Samples as float32 in [-1, 1]; undefined ones become silence.

    Raises:
        DiarizeError: the samples are not one-dimensional.
    """
    samples = np.asarray(audio, dtype=np.float32)
    if samples.ndim != 1:
        raise DiarizeError(f"audio of shape {samples.shape}", todo="give mono samples, shape (n,)")
    return np.clip(np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)
