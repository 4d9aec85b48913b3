"""Makes a voice's raw samples fit for the meeting: rate, silence, level, word times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from moderator.audio import Waveform
from moderator.mouth.base import Sentence, SpokenWord
from moderator.timeline import SAMPLE_RATE, Samples, to_samples

TARGET_RMS = 0.071
"""Level of the loud half of a sentence's 20 ms windows: -23 dBFS, about that of the speech people
send into a conference."""

CEILING = 0.89
"""Largest absolute sample, -1 dBFS: room for the codec and for the mix."""

_SILENCE = 0.01
"""Below this share of the peak (-40 dB) a sample counts as silence at the ends."""

_ONSET_S = 0.01
_RELEASE_S = 0.05
"""What stays before the first and after the last audible sample: soft consonants live there."""

_WINDOW = to_samples(0.02)


def shape(
    text: str,
    samples: Waveform,
    rate: float,
    words: Sequence[tuple[str, float, float]],
) -> Sentence:
    """A sentence for the meeting, from what a model made.

    Args:
        text: what is said.
        samples: ``(n,)`` float32, mono.
        rate: samples a second of `samples`; need not be whole.
        words: text, start and end in seconds from the first of `samples`, by start.

    Returns:
        16 kHz samples at the meeting's level, silence at the ends trimmed, word times moved along.
    """
    import soxr

    resampled: Waveform = soxr.resample(samples, rate, SAMPLE_RATE).astype(np.float32)
    first, last = audible(resampled)
    kept = level(resampled[first:last])
    return Sentence(text, kept, _moved(words, first, len(kept)))


def level(samples: Waveform) -> Waveform:
    """A copy of ``(n,)`` samples brought to `TARGET_RMS`, never above `CEILING`."""
    if not len(samples):
        return samples.copy()
    levelled: Waveform = np.clip(samples * np.float32(gain_of(samples)), -CEILING, CEILING)
    return levelled.astype(np.float32)


def gain_of(samples: Waveform) -> float:
    """What brings ``(n,)`` samples to `TARGET_RMS`; 0 for silence."""
    if not len(samples):
        return 0.0
    windows = np.array_split(samples.astype(np.float64), max(1, len(samples) // _WINDOW))
    energies = np.sort([float(np.mean(window**2)) for window in windows])
    loud = float(np.sqrt(np.mean(energies[len(energies) // 2 :])))
    peak = float(np.max(np.abs(samples)))
    if loud <= 0.0 or not np.isfinite(peak):
        return 0.0
    return min(TARGET_RMS / loud, CEILING / peak)


def audible(samples: Waveform) -> tuple[Samples, Samples]:
    """Where sound begins and ends, with a margin."""
    loudness = np.abs(samples)
    peak = float(loudness.max(initial=0.0))
    sounding = np.flatnonzero(loudness > _SILENCE * peak)
    if not len(sounding):
        return 0, 0
    first = max(0, int(sounding[0]) - to_samples(_ONSET_S))
    last = min(len(samples), int(sounding[-1]) + 1 + to_samples(_RELEASE_S))
    return first, last


def _moved(
    words: Sequence[tuple[str, float, float]], first: Samples, length: Samples
) -> tuple[SpokenWord, ...]:
    moved = []
    reached = 0
    for text, start_s, end_s in words:
        start = min(max(to_samples(start_s) - first, reached), length)
        end = min(max(to_samples(end_s) - first, start), length)
        moved.append(SpokenWord(text, start, end))
        reached = end
    return tuple(moved)
