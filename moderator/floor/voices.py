"""One participant's voice as arrays that answer "what was known at t", never looking beyond it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from moderator.events import SpeakerActivity, Word
from moderator.timeline import SAMPLE_RATE, Samples

Times: TypeAlias = NDArray[np.int64]
"""``(n,)`` meeting times in samples."""

Values: TypeAlias = NDArray[np.float64]
"""``(n,)`` numbers."""

NEVER_S = 1e4
"""Seconds since something that has not happened yet."""


class Voice:
    """The voice of some participants together, from their words.

    All methods take times ``(n,)`` in samples and look only at words that began before them; a
    word that goes on at a time is known up to that time. Results are seconds or counts ``(n,)``.

    Args:
        words: in any order; they may overlap.
    """

    def __init__(self, words: Sequence[Word | SpeakerActivity]) -> None:
        ordered = sorted((word.start, word.end) for word in words)
        self._starts: Times = np.array([start for start, _ in ordered], dtype=np.int64)
        self._ends: Times = np.array([end for _, end in ordered], dtype=np.int64)
        self._reach: Times = np.maximum.accumulate(self._ends)
        self._sorted_ends: Times = np.sort(self._ends)

    @cached_property
    def _before(self) -> Times:
        """``(n,)`` where the voice had been heard last before each word."""
        return np.concatenate([np.array([-(10**12)], dtype=np.int64), self._reach[:-1]])

    @cached_property
    def _talk(self) -> Times:
        """``(n + 1,)`` samples with a voice before each word's start, overlaps counted once."""
        new = np.maximum(0, self._ends - np.maximum(self._starts, self._before))
        return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(new)])

    def begun(self, at: Times) -> Times:
        """How many words had begun before each time."""
        return np.searchsorted(self._starts, at, side="left").astype(np.int64)

    def ended(self, at: Times) -> Times:
        """How many words had ended by each time."""
        return np.searchsorted(self._sorted_ends, at, side="right").astype(np.int64)

    def heard_until(self, at: Times) -> Times:
        """The latest time at which the voice was heard, at most `at`; far back if never."""
        count = self.begun(at)
        if not len(self._starts):
            return np.full(at.shape, -(10**12), dtype=np.int64)
        reach = self._reach[np.maximum(count - 1, 0)]
        return np.where(count > 0, np.minimum(reach, at), -(10**12))

    def since(self, at: Times) -> Values:
        """Seconds since the voice was last heard; 0 while it is; `NEVER_S` before the first."""
        return np.minimum((at - self.heard_until(at)) / SAMPLE_RATE, NEVER_S)

    def talk_until(self, at: Times) -> Times:
        """Samples with a voice up to each time."""
        count = self.begun(at)
        if not len(self._starts):
            return np.zeros(at.shape, dtype=np.int64)
        reach = self._reach[np.maximum(count - 1, 0)]
        beyond = np.where(count > 0, np.maximum(0, reach - at), 0)
        # What is cut off lies beyond `at` in one piece: later words have not begun.
        return self._talk[count] - beyond

    def talk_within(self, at: Times, window_s: float) -> Values:
        """Seconds with a voice in the last `window_s` seconds."""
        window = round(window_s * SAMPLE_RATE)
        return (self.talk_until(at) - self.talk_until(at - window)) / SAMPLE_RATE

    def run(self, at: Times, pause_s: float) -> tuple[Values, Values, Values]:
        """The last stretch of voice over pauses shorter than `pause_s`, up to each time.

        Returns:
            Seconds since it began, seconds it lasted so far, and its words that had begun;
            `NEVER_S`, 0 and 0 before the first.
        """
        count = self.begun(at)
        if not len(self._starts):
            return np.full(at.shape, NEVER_S), np.zeros(at.shape), np.zeros(at.shape)
        fresh = self._starts - self._before >= round(pause_s * SAMPLE_RATE)
        index = np.arange(len(self._starts))
        first = np.maximum.accumulate(np.where(fresh, index, 0))[np.maximum(count - 1, 0)]
        begun = np.minimum((at - self._starts[first]) / SAMPLE_RATE, NEVER_S)
        lasted = (self.heard_until(at) - self._starts[first]) / SAMPLE_RATE
        known = count > 0
        return (
            np.where(known, begun, NEVER_S),
            np.where(known, lasted, 0.0),
            np.where(known, count - first, 0).astype(np.float64),
        )

    def onsets(self, pause_s: float) -> Times:
        """``(m,)`` where stretches of voice over pauses shorter than `pause_s` begin."""
        if not len(self._starts):
            return np.zeros(0, dtype=np.int64)
        return self._starts[self._starts - self._before >= round(pause_s * SAMPLE_RATE)]

    def last_word(self, at: Times) -> tuple[Values, Values]:
        """The last word that had begun: seconds since it began, and that it lasted so far."""
        count = self.begun(at)
        if not len(self._starts):
            return np.full(at.shape, NEVER_S), np.zeros(at.shape)
        last = np.maximum(count - 1, 0)
        known = count > 0
        since = np.minimum((at - self._starts[last]) / SAMPLE_RATE, NEVER_S)
        lasted = (np.minimum(self._ends[last], at) - self._starts[last]) / SAMPLE_RATE
        return np.where(known, since, NEVER_S), np.where(known, lasted, 0.0)


def silence(voice: Voice, at: Times) -> Values:
    """Seconds since anybody in `voice`, or the beginning, was last heard."""
    return np.minimum(voice.since(at), at / SAMPLE_RATE)


def seconds(times: Times | Samples) -> Values:
    """Samples as seconds."""
    return np.asarray(times, dtype=np.float64) / SAMPLE_RATE
