"""One track's chunks as one gapless stream on the meeting's clock."""

from __future__ import annotations

import numpy as np

from moderator.audio import AudioChunk, Waveform, silence
from moderator.errors import InputError
from moderator.timeline import SAMPLE_RATE, Samples, to_samples, to_seconds

_AHEAD = to_samples(1.0)  # a chunk may end this long after the tick that brings it
_LATE = to_samples(0.3)  # audio later than this is taken for silence


class Intake:
    """Puts chunks end to end: gaps become silence, what was there already is dropped.

    Args:
        start: meeting time at which the stream begins.
    """

    def __init__(self, start: Samples) -> None:
        self.now: Samples = start
        """Meeting time one past the last sample taken."""
        self._parts: list[Waveform] = []

    def take(self, chunk: AudioChunk, now: Samples) -> None:
        """Takes the track's next chunk at tick `now`.

        Raises:
            InputError: the chunk is not mono, or lies in the future.
        """
        if chunk.samples.ndim != 1:
            raise InputError("audio is not mono", where=f"track {chunk.track}", todo="mix it down")
        if chunk.start < 0 or chunk.end > now + _AHEAD:
            raise InputError(
                f"audio stamped {to_seconds(chunk.start)} s at {to_seconds(now)} s",
                where=f"track {chunk.track}",
                todo="stamp chunks with meeting time",
            )
        self._fill(chunk.start)
        fresh = chunk.samples[max(0, self.now - chunk.start) :]
        if len(fresh):
            clean = np.nan_to_num(fresh.astype(np.float32), nan=0.0, posinf=1.0, neginf=-1.0)
            self._append(np.clip(clean, -1.0, 1.0))

    def wait_no_longer(self, now: Samples) -> None:
        """Takes what is overdue at tick `now` for silence, as on a muted track."""
        self._fill(now - _LATE)

    def close(self, now: Samples) -> None:
        """Fills up to `now`, where the stream ends."""
        self._fill(now)

    def frames(self, size: Samples) -> Waveform:
        """Takes out all whole frames of `size` samples, shape ``(frames * size,)``."""
        waiting = np.concatenate(self._parts) if self._parts else silence(0)
        whole = len(waiting) // size * size
        self._parts = [waiting[whole:].copy()] if whole < len(waiting) else []
        return waiting[:whole]

    def _fill(self, upto: Samples) -> None:
        while self.now < upto:
            self._append(silence(min(SAMPLE_RATE, upto - self.now)))

    def _append(self, audio: Waveform) -> None:
        self._parts.append(audio)
        self.now += len(audio)
