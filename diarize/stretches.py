"""Cuts a window's local voices into stretches and embeds what each voice has alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diarize.embedding import FEATURE_SPAN, FEATURE_STEP, Features, SpeakerEmbedder, Vector
from diarize.segmentation import FRAME_CENTRE, FRAME_STEP, Activity
from diarize.votes import spans

_AS_LONG = 0.9
"""An earlier embedding serves only if it was made of this share of the speech there is now."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Frames of one local voice without a long pause.

    Attributes:
        local: the voice's column in the window's activity.
        start: first frame, counted from the window's start.
        end: one past the last.
        clean: which of them are speech of this voice alone, ``(end - start,)``.
    """

    local: int
    start: int
    end: int
    clean: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Cutter:
    """How voices are cut.

    Attributes:
        voice: probability from which a frame is speech of a voice.
        extent: probability from which it belongs to a stretch.
        gap: frames of pause that do not end a stretch.
        longest: frames of the longest stretch.
    """

    voice: float
    extent: float
    gap: int
    longest: int

    def cut(self, activity: Activity, start: int) -> list[Stretch]:
        """Stretches that reach past frame `start`, of activity ``(frames, voices)``, by voice.

        Each voice is cut backwards from its newest frame, so that the newest stretch is longest.
        """
        speech = activity > self.voice
        alone = speech.sum(axis=1) == 1
        found: list[Stretch] = []
        for local in range(activity.shape[1]):
            for first, last in spans(activity[:, local] > self.extent, self.gap):
                if not speech[first:last, local].any():
                    continue
                while last > max(first, start):
                    begin = max(first, last - self.longest)
                    clean = (speech[:, local] & alone)[begin:last]
                    found.append(Stretch(local, begin, last, clean))
                    last = begin
        return found


def clean_features(stretch: Stretch, features: Features) -> Features:
    """The window's filter-bank frames whose middle falls into a clean frame of the stretch."""
    middles = np.arange(len(features)) * FEATURE_STEP + FEATURE_SPAN // 2
    frames = (middles - FRAME_CENTRE + FRAME_STEP // 2) // FRAME_STEP - stretch.start
    inside = (frames >= 0) & (frames < len(stretch.clean))
    chosen = np.zeros(len(features), dtype=bool)
    chosen[inside] = stretch.clean[frames[inside]]
    return features[chosen]


class EmbeddingMemory:
    """Embeds stretches; one that hardly changed since the last window keeps its embedding.

    Args:
        embedder: embeds.
        reuse: share of common clean frames from which an earlier embedding serves.
    """

    def __init__(self, embedder: SpeakerEmbedder, reuse: float) -> None:
        self._embedder, self._reuse = embedder, reuse
        self._last: list[tuple[npt.NDArray[np.int64], Vector | None]] = []
        self._now: list[tuple[npt.NDArray[np.int64], Vector | None]] = []

    def next_window(self) -> None:
        """Forgets the window before the last."""
        self._last, self._now = self._now, []

    def embed(self, stretch: Stretch, first: int, features: Features) -> Vector | None:
        """The voice of a stretch.

        Args:
            stretch: of the window that begins at frame `first` of the stream.
            first: that frame.
            features: the window's filter-bank frames.
        """
        frames = np.flatnonzero(stretch.clean) + stretch.start + first
        for known, vector in self._last:
            common = len(np.intersect1d(frames, known, assume_unique=True))
            alike = common >= self._reuse * (len(frames) + len(known) - common)
            # While a voice's first second is coming in, each bit of it makes it clearer.
            if common and alike and len(known) >= _AS_LONG * len(frames):
                self._now.append((known, vector))
                return vector
        vector = self._embedder.embed(clean_features(stretch, features))
        self._now.append((frames, vector))
        return vector
