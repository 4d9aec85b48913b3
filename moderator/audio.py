"""Audio inside the meeting: float32 mono at 16 kHz, stamped with meeting time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from moderator.timeline import FRAME, Samples

Waveform: TypeAlias = npt.NDArray[np.float32]
"""Mono samples, shape ``(n,)``, in [-1, 1], 16 kHz."""


@dataclass(frozen=True, slots=True, eq=False)
class AudioChunk:
    """Samples of one track.

    Attributes:
        track: the track's id; on a track of its own, the participant's id.
        start: meeting time of the first sample.
        samples: ``(n,)`` float32 in [-1, 1].
    """

    track: str
    start: Samples
    samples: Waveform

    @property
    def end(self) -> Samples:
        """Meeting time one past the last sample."""
        return self.start + len(self.samples)


def silence(samples: Samples) -> Waveform:
    """Zeros, shape ``(samples,)``."""
    return np.zeros(samples, dtype=np.float32)


def fade_out(samples: Waveform, length: Samples = FRAME) -> Waveform:
    """A copy that falls to zero over its first `length` samples (raised cosine) and ends there.

    A cut at full level is heard as a click.
    """
    kept = samples[:length].copy()
    ramp = 0.5 + 0.5 * np.cos(np.linspace(0.0, np.pi, len(kept), dtype=np.float32))
    return (kept * ramp).astype(np.float32)


def fade_in(samples: Waveform, length: Samples = FRAME) -> Waveform:
    """A copy that rises from zero over its first `length` samples (raised cosine)."""
    risen = samples.copy()
    count = min(length, len(risen))
    risen[:count] *= 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, count, dtype=np.float32))
    return risen


def to_pcm16(samples: Waveform) -> npt.NDArray[np.int16]:
    """Float samples in [-1, 1] as 16-bit PCM, clipped, shape kept."""
    return (np.clip(samples, -1.0, 1.0) * 32767.0).round().astype(np.int16)
