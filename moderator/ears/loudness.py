"""Voice activity without a model: whatever stands out of a track's background is a voice."""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from moderator.audio import Waveform, silence
from moderator.timeline import SAMPLE_RATE, Samples

ABOVE_DB = 6.0
"""A voice is so much louder than the background."""

QUIETEST_DB = -60.0
"""Below this level, of full scale, there is no voice."""

BACKGROUND_S = 5.0
"""The background is the quietest moment of so many seconds: nobody speaks longer without one."""

_SMOOTH = 4  # frames of a moment


class LoudnessDetector:
    """Satisfies `diarize.base.VoiceActivityDetector`; takes noise that comes and goes for a voice.

    Args:
        frame: samples a frame.
    """

    def __init__(self, frame: Samples) -> None:
        self._frame = frame
        self._rest = silence(0)
        self._moment: deque[float] = deque(maxlen=_SMOOTH)
        self._moments: deque[float] = deque(maxlen=round(BACKGROUND_S * SAMPLE_RATE / frame))

    @property
    def frame(self) -> int:
        """Samples a frame."""
        return self._frame

    def push(self, audio: Waveform) -> npt.NDArray[np.float32]:
        """Takes samples ``(n,)``; 1 for each whole frame with a voice, 0 for the others."""
        waiting = np.concatenate([self._rest, audio])
        count = len(waiting) // self._frame
        self._rest = waiting[count * self._frame :].copy()
        frames = waiting[: count * self._frame].reshape(count, self._frame)
        power = np.mean(np.square(frames, dtype=np.float64), axis=1)
        levels = 10.0 * np.log10(power + 1e-12)
        return np.array([self._voiced(level) for level in levels.tolist()], np.float32)

    def _voiced(self, level: float) -> bool:
        self._moment.append(level)
        if len(self._moment) == _SMOOTH:
            self._moments.append(sum(self._moment) / _SMOOTH)
        known = len(self._moments) == self._moments.maxlen  # who speaks at once is no background
        background = min(self._moments) if known else QUIETEST_DB
        return level >= max(QUIETEST_DB, background + ABOVE_DB)
