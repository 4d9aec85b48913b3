"""Overlapping windows vote, frame by frame, on who speaks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from diarize.segmentation import Activity

Share = npt.NDArray[np.float32]


class Votes:
    """Weighted sums of the speakers' activity over the frames that are not forgotten yet.

    Args:
        speakers: columns.
        onset: a speaker begins where the mean rises over this …
        offset: … and ends where it falls under this.
    """

    def __init__(self, speakers: int, onset: float, offset: float) -> None:
        self._onset, self._offset = onset, offset
        self._first = 0
        self._sums = np.zeros((0, speakers))
        self._weights = np.zeros(0)
        self._on = np.zeros(speakers, dtype=bool)

    @property
    def end(self) -> int:
        """One past the last frame voted on."""
        return self._first + len(self._weights)

    def add(self, first: int, weights: npt.NDArray[np.float64]) -> None:
        """Announces a window: `weights`, shape ``(frames,)``, of its vote from frame `first` on."""
        missing = first + len(weights) - self._first - len(self._weights)
        if missing > 0:
            self._sums = np.pad(self._sums, ((0, missing), (0, 0)))
            self._weights = np.pad(self._weights, (0, missing))
        self._weights[self._rows(first, first + len(weights))] += weights

    def cast(self, speaker: int, first: int, weighted: npt.NDArray[np.float64]) -> None:
        """Adds weighted activity, shape ``(frames,)``, of a speaker from frame `first` on."""
        self._sums[self._rows(first, first + len(weighted)), speaker] += weighted

    def share(self, first: int, activity: Activity) -> Share:
        """Which part of some activity, shape ``(frames,)``, each speaker was given so far."""
        rows = self._rows(first, min(first + len(activity), self._first + len(self._weights)))
        mean = self._sums[rows] / np.maximum(self._weights[rows], 1e-9)[:, None]
        total = max(float(activity.sum()), 1e-9)
        return np.asarray(activity[: len(mean)] @ mean / total, dtype=np.float32)

    def merge(self, kept: int, emptied: int) -> None:
        """Gives the votes for one speaker to another."""
        self._sums[:, kept] += self._sums[:, emptied]
        self._sums[:, emptied] = 0.0
        self._on[emptied] = False

    def settle(self, start: int, end: int) -> list[tuple[int, int, int]]:
        """Decides frames ``[start, end)``: (speaker, first frame, one past the last).

        Calls must follow one another: a speaker who was on at `start` needs less to stay so.
        """
        rows = self._rows(start, end)
        mean = self._sums[rows] / np.maximum(self._weights[rows], 1e-9)[:, None]
        # With an offset of one half, a frame exactly on the line is off.
        active = np.zeros(mean.shape, dtype=bool)
        for row, values in enumerate(mean):
            self._on = np.where(self._on, values > self._offset, values > self._onset)
            active[row] = self._on
        pieces: list[tuple[int, int, int]] = []
        for speaker in np.flatnonzero(active.any(axis=0)):
            pieces.extend(
                (int(speaker), start + first, start + last)
                for first, last in spans(active[:, speaker])
            )
        return pieces

    def forget(self, before: int) -> None:
        """Drops the frames before `before`."""
        rows = min(max(0, before - self._first), len(self._weights))
        self._sums, self._weights = self._sums[rows:].copy(), self._weights[rows:].copy()
        self._first += rows

    def _rows(self, start: int, end: int) -> slice:
        assert start >= self._first, f"frame {start} was forgotten"
        return slice(start - self._first, end - self._first)


def spans(mask: npt.NDArray[np.bool_], gap: int = 0) -> list[tuple[int, int]]:
    """Stretches ``[start, end)`` of true values; those at most `gap` apart are one."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    joined: list[tuple[int, int]] = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if joined and start - joined[-1][1] <= gap:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined
