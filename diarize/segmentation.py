"""Local segmentation: who of up to three nameless voices speaks when, in one short window."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from diarize.base import Audio

FRAME_STEP = 270
"""Samples from one segmentation frame to the next: 16.875 ms at 16 kHz."""

FRAME_CENTRE = 495
"""Samples from a window's start to the middle of its first frame (receptive field of 991)."""

Activity = npt.NDArray[np.float32]
"""Probability that a local speaker is active, shape ``(frames, speakers)``."""


Submit: TypeAlias = Callable[[Callable[[], Activity]], Future[Activity]]
"""Has a window segmented in another thread."""


class LocalSegmentation(Protocol):
    """Segments a window; local speakers of different windows have nothing to do with each other."""

    @property
    def window(self) -> int:
        """Samples of the longest window it takes."""
        ...

    def __call__(self, audio: Audio) -> Activity:
        """Probabilities for a window of shape ``(n,)``, a frame each `FRAME_STEP` samples."""
        ...


@runtime_checkable
class SegmentsAhead(Protocol):
    """A diarizer that can be told what will be pushed, to segment that in other threads."""

    def segment_ahead(self, audio: Audio, submit: Submit, *, last: bool = False) -> None:
        """Has windows segmented whose samples will be pushed.

        Args:
            audio: the next samples, shape ``(n,)``; each is told once, in order.
            submit: has a window segmented in another thread.
            last: the stream ends there.
        """
        ...
