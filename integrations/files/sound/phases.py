"""Keeps a voice that stands in two channels with opposite signs from cancelling in their mix.

Once a mix has cancelled, the channels' phases are spread over half a turn: whatever their signs
are, no two of them cancel any more, and whoever did not cancel is heard as before.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from moderator.audio import Waveform

Channels: TypeAlias = npt.NDArray[np.float32]
"""``(channels, samples)`` in [-1, 1]."""

_WINDOW_S: Final = 0.05
_LOUD: Final = 1e-5
"""Mean square from which a window counts: -50 dBFS."""

_CANCELLED: Final = 0.1
"""A window cancels when its mix has less than this share of what unrelated channels would leave."""

_IN_A_ROW: Final = 4
"""Loud windows that cancel one after the other before it is believed: 0.2 s."""

_HALF_S: Final = 0.008
"""Half the length of the filter that shifts phases; it does so from about 150 Hz upwards."""

_FADE_S: Final = 0.02
"""How long it takes from one way of mixing to the other."""


class Phases:
    """Watches the mix of one stream's channels, batch by batch, and mends it once it cancels."""

    def __init__(self) -> None:
        self.cancelling = False
        """Channels have cancelled."""
        self._row = 0
        self._fading = True
        self._before: Channels | None = None

    def look(self, rate: int, channels: Channels, mono: Waveform) -> None:
        """Sees a batch before it is mixed: ``(channels, n)``, and the mean of its channels."""
        size = round(rate * _WINDOW_S)
        count = len(mono) // size
        if self.cancelling or not count:
            return
        each = sum(_power(row, count, size) for row in channels) / len(channels)
        loud = each > _LOUD
        cancelled = _power(mono, count, size) < each * (_CANCELLED / len(channels))
        for gone in cancelled[loud].tolist():
            self._row = self._row + 1 if gone else 0
            self.cancelling |= self._row >= _IN_A_ROW

    def mixed(
        self, rate: int, channels: Channels, mono: Waveform, following: Channels | None
    ) -> Waveform:
        """A batch as one channel, ``(n,)``.

        Args:
            rate: Hz.
            channels: the batch.
            mono: the mean of its channels, which is returned while nothing cancels.
            following: the next batch of the same stream; None: silence.
        """
        half = round(rate * _HALF_S)
        before, self._before = self._before, channels[:, -half:].copy()
        if not self.cancelling:
            return mono
        angles = np.pi * np.arange(len(channels)) / len(channels)
        straight = (np.cos(angles) / len(channels)).astype(np.float32)
        turned = (np.sin(angles) / len(channels)).astype(np.float32)
        lead, rest = np.zeros(half, np.float32), np.zeros(half, np.float32)
        if before is not None and len(before) == len(channels) and before.shape[1] <= half:
            lead[half - before.shape[1] :] = turned @ before
        if following is not None:
            coming = turned @ following[:, :half]
            rest[: len(coming)] = coming
        spread = straight @ channels
        spread += _turned(np.concatenate([lead, turned @ channels, rest]), half)
        if self._fading:
            self._fading = False
            fade = min(len(mono), round(rate * _FADE_S))
            share = np.linspace(0.0, 1.0, fade, dtype=np.float32)
            spread[:fade] = mono[:fade] * (1 - share) + spread[:fade] * share
        return spread


def _power(samples: Waveform, count: int, size: int) -> npt.NDArray[np.float32]:
    windows = samples[: count * size].reshape(count, size)
    power: npt.NDArray[np.float32] = np.vecdot(windows, windows) / np.float32(size)
    return power


def _turned(samples: Waveform, half: int) -> Waveform:
    """Samples a quarter of a turn later in phase, without `half` of them at each end."""
    at = np.arange(-half, half + 1)
    odd = np.where(at % 2, at, 1)
    response = np.where(at % 2, 2 / (np.pi * odd), 0.0) * np.hamming(2 * half + 1)
    size = 1 << (len(samples) + 2 * half).bit_length()
    spectrum = np.fft.rfft(samples, size) * np.fft.rfft(response, size)
    return np.fft.irfft(spectrum, size)[2 * half : len(samples)].astype(np.float32)
