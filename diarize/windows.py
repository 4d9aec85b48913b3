"""Cuts a stream into overlapping windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from diarize.base import Audio
from diarize.samples import checked
from diarize.segmentation import FRAME_STEP


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of the stream.

    Attributes:
        first: frame of the stream with which it begins.
        end: position in the stream at which it ends, in samples.
        audio: its samples, ``(n,)``.
    """

    first: int
    end: int
    audio: Audio

    def same(self, other: Window) -> bool:
        """Whether both are one stretch of one stream."""
        return (self.first, self.end) == (other.first, other.end)


class Windows:
    """The windows of one stream.

    Args:
        span: samples of a window at most.
        step: samples from one window's end to the next.
    """

    def __init__(self, span: int, step: int) -> None:
        self._span, self._step = span, step
        self._audio = np.zeros(0, dtype=np.float32)
        self._origin = 0  # stream position of the first sample kept
        self._read = 0  # stream position up to which windows were cut

    @property
    def end(self) -> int:
        """Samples of the stream so far."""
        return self._origin + len(self._audio)

    def push(self, audio: Audio) -> Iterator[Window]:
        """Takes the next samples, shape ``(n,)``; gives the windows that end with them."""
        self._audio = np.concatenate([self._audio, checked(audio)])
        while self.end - self._read >= self._step:
            self._read += self._step
            yield self._window()

    def flush(self) -> Iterator[Window]:
        """The window of what remains, if anything does."""
        if self.end > self._read:
            self._read = self.end
            yield self._window()

    def _window(self) -> Window:
        first = max(0, -(-(self._read - self._span) // FRAME_STEP))
        self._audio = self._audio[first * FRAME_STEP - self._origin :]
        self._origin = first * FRAME_STEP
        return Window(first, self._read, self._audio[: self._read - self._origin])
