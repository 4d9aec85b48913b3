"""Takes a neighbour's voice off a headset's track.

People in one room with a microphone each are heard on each other's tracks, lower and a little
later. A frame of a track is taken for leakage when another own track is much louder at that moment
and the two carry the same waveform, as far as a delay can explain it. The level alone would not do:
a quiet "mm-hmm" under somebody's loud talk is far lower too, but it is another waveform.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from moderator.audio import Waveform, silence
from moderator.ears.sources import Source
from moderator.timeline import Samples

_WINDOW: Samples = 2_048  # compared at a time, 128 ms
_DELAY: Samples = 160  # 10 ms: 3.4 m of air
_TRANSFORM = 4_096  # holds a window and its delays without wrapping


class _Recent:
    """A track's latest audio: what the window of the tick's first frame reaches back to."""

    def __init__(self) -> None:
        self.audio: Waveform = silence(0)
        self.end: Samples = 0

    def add(self, track: Source) -> None:
        kept = self.audio[-_WINDOW:] if self.end + len(track.audio) == track.heard else silence(0)
        self.audio, self.end = np.concatenate([kept, track.audio]), track.heard

    def window(self, end: Samples) -> Waveform | None:
        """The samples before meeting time `end`; None where they are not there."""
        last = len(self.audio) - (self.end - end)
        return self.audio[last - _WINDOW : last] if _WINDOW <= last <= len(self.audio) else None


class LeakageGuard:
    """Lowers to zero the probabilities of frames that are another own track's voice.

    Args:
        level_db: leakage is at least this much below the other track.
        likeness: peak of the normalised cross-correlation from which two tracks carry one voice.
        voice: frames less probable than this are left alone.
    """

    def __init__(self, *, level_db: float = 8.0, likeness: float = 0.4, voice: float = 0.2) -> None:
        self._ratio = 10.0 ** (level_db / 10.0)
        self._likeness, self._voice = likeness, voice
        self._recent: dict[str, _Recent] = {}

    def apply(self, tracks: Sequence[Source]) -> None:
        """Judges the tick's frames of all own tracks; each has listened up to now."""
        present = {track.id: self._recent.get(track.id, _Recent()) for track in tracks}
        self._recent = present
        for track in tracks:
            present[track.id].add(track)
        for track in tracks:
            size = len(track.audio) // max(1, len(track.probabilities))
            before = track.heard - len(track.audio)
            for index in np.flatnonzero(track.probabilities >= self._voice).tolist():
                if self._leaked(track.id, before + (index + 1) * size):
                    track.probabilities[index] = 0.0

    def _leaked(self, track: str, end: Samples) -> bool:
        own = self._recent[track].window(end)
        if own is None:
            return False
        others = (seen.window(end) for name, seen in self._recent.items() if name != track)
        return any(
            float(other @ other) > self._ratio * float(own @ own)
            and likeness(own, other) >= self._likeness
            for other in others
            if other is not None
        )


def likeness(left: Waveform, right: Waveform) -> float:
    """Largest normalised cross-correlation of two windows, ``(2048,)``, over ± 10 ms; in [0, 1]."""
    product = np.fft.rfft(left, _TRANSFORM) * np.conj(np.fft.rfft(right, _TRANSFORM))
    found = np.fft.irfft(product, _TRANSFORM)
    peak = max(np.abs(found[: _DELAY + 1]).max(), np.abs(found[-_DELAY:]).max())
    scale = float(left @ left) * float(right @ right)
    return float(peak / np.sqrt(scale)) if scale > 0.0 else 0.0
