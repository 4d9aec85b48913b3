"""Who has a voice, frame by frame: what the floor encoder sees of a meeting.

A frame is one tick. All of it is causal and bounded: a participant is a handful of numbers,
however long the meeting lasts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from diarize.base import SpeakerActivity
from moderator.timeline import TICK, Samples

Frames = NDArray[np.float32]

DECAYS_S = (10.0, 60.0, 300.0)
"""Time constants over which talk is averaged, s."""

LONGEST_PAUSE_S = 300.0
"""Pauses are counted up to here."""

TRAITS = 2 + len(DECAYS_S)
"""Numbers that describe one participant in a frame: see `Voices.step`."""

_RATE = TICK / 16_000
_KEEP = np.exp(-_RATE / np.array(DECAYS_S))


def shares(pieces: Iterable[SpeakerActivity], start: Samples, frames: int) -> dict[str, Frames]:
    """Which part of each frame each participant's voice fills.

    Args:
        pieces: who spoke when; what lies outside of the frames is ignored.
        start: where the first frame begins.
        frames: how many.

    Returns:
        Per participant ``(frames,)`` in [0, 1].
    """
    filled: dict[str, Frames] = {}
    for piece in pieces:
        first = max(0, (piece.start - start) // TICK)
        last = min(frames - 1, (piece.end - 1 - start) // TICK)
        if last < first:
            continue
        edges = start + TICK * np.arange(first, last + 2)
        part = np.clip(edges[1:], None, piece.end) - np.clip(edges[:-1], piece.start, None)
        row = filled.setdefault(piece.speaker, np.zeros(frames, dtype=np.float32))
        row[first : last + 1] += np.maximum(part, 0) / TICK
    return {name: np.minimum(row, 1.0) for name, row in filled.items()}


class Voices:
    """The voices of a meeting up to now.

    Args:
        names: who is there; others join when they are first heard.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._mean: dict[str, NDArray[np.float64]] = {}
        self._pause: dict[str, float] = {}
        for name in names:
            self._join(name)

    def _join(self, name: str) -> None:
        self._mean[name] = np.zeros(len(DECAYS_S))
        self._pause[name] = LONGEST_PAUSE_S

    @property
    def names(self) -> Sequence[str]:
        """Who is known, in the order in which they came."""
        return list(self._mean)

    def step(self, filled: Mapping[str, Frames], names: Sequence[str], frames: int) -> Frames:
        """Goes on by some frames.

        Args:
            filled: as `shares` gives it.
            names: whose numbers are wanted, in this order.
            frames: how many.

        Returns:
            ``(len(names), frames, TRAITS)``: the part of the frame that the voice fills, the
            seconds since it was last heard (logarithm of one more, scaled), and its talk averaged
            over each of `DECAYS_S`.
        """
        for name in names:
            if name not in self._mean:
                self._join(name)
        silent = np.zeros(frames, dtype=np.float32)
        return np.stack([self._trace(name, filled.get(name, silent)) for name in names])

    def _trace(self, name: str, filled: Frames) -> Frames:
        count = len(filled)
        out = np.zeros((count, TRAITS), dtype=np.float32)
        mean, pause = self._mean[name], self._pause[name]
        for index, part in enumerate(filled.tolist()):
            mean = mean * _KEEP + part * (1 - _KEEP)
            pause = 0.0 if part > 0 else min(LONGEST_PAUSE_S, pause + _RATE)
            out[index, 1] = pause
            out[index, 2:] = mean
        self._mean[name], self._pause[name] = mean, pause
        out[:, 0] = filled
        out[:, 1] = np.log1p(5 * out[:, 1]) / 4
        return out
