"""A detector of voices that goes on by loudness alone while its model fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from diarize.base import VoiceActivityDetector
from moderator.audio import Waveform
from moderator.ears.health import Health, Pause
from moderator.ears.loudness import LoudnessDetector
from moderator.ears.vad import FRAME

DetectorMaker = Callable[[], VoiceActivityDetector]
"""Makes the detector of one track."""


class SteadyDetector:
    """Satisfies `diarize.base.VoiceActivityDetector`, whatever the detector inside does.

    After a failure, another one takes over in the middle of the stream, when some time has passed.

    Args:
        opens: makes the detector that is asked; another one when that failed.
        health: is told what fails.
    """

    def __init__(self, opens: DetectorMaker, health: Health) -> None:
        self._opens, self._health = opens, health
        self._inner: VoiceActivityDetector | None = None
        self._pause = Pause()
        self._loudness = LoudnessDetector(self._first())

    @property
    def frame(self) -> int:
        """Samples a frame."""
        return self._loudness.frame

    def push(self, audio: Waveform) -> npt.NDArray[np.float32]:
        """Takes whole frames, ``(frames * frame,)``; returns ``(frames,)`` probabilities."""
        loud = self._loudness.push(audio)
        if not self._pause.over(len(audio)):
            return loud
        try:
            inner = self._inner = self._inner or self._opens()
            found = _believed(inner.push(audio), len(loud))
        except Exception as error:
            self._failed(error)
            return loud
        self._health.worked(self)
        self._pause.worked()
        return found

    def _first(self) -> int:
        try:
            self._inner = self._opens()
        except Exception as error:
            self._failed(error)
            return FRAME
        return self._inner.frame

    def _failed(self, error: Exception) -> None:
        self._health.failed(self, type(error).__name__)
        self._inner = None
        self._pause.failed()


def _believed(found: Any, frames: int) -> npt.NDArray[np.float32]:
    """The probabilities of so many frames.

    Raises:
        ValueError: they are none.
    """
    if not isinstance(found, np.ndarray) or found.shape != (frames,) or found.dtype.kind != "f":
        raise ValueError("what it answers are no probabilities")
    if not np.all((found >= 0.0) & (found <= 1.0)):
        raise ValueError("what it answers are no probabilities")
    return found.astype(np.float32, copy=False)
