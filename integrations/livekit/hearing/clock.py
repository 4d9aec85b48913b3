"""Meeting time for tracks whose frames carry no timestamps.

Frames of a track come at the pace at which they were spoken, a little late by what network and
jitter buffer take, and now and then in bursts. Counting samples from the first frame keeps their
order within the track; comparing the count with the time of arrival keeps it true between tracks.
"""

from __future__ import annotations

from collections import deque

from moderator.timeline import Samples, to_samples

LOST = to_samples(0.3)
"""A stream that lags by more than this has lost frames: what comes next is stamped as new."""

DRIFT = to_samples(0.04)
"""A stream that lagged by more than this all the time is moved on."""

AHEAD = to_samples(0.02)
"""A stream may count this much more than the time that has passed."""

WATCHED = 20
"""Batches over which the least lag is looked for: 2 s of ticks."""


class TrackClock:
    """Says where in the meeting a track's next samples belong."""

    def __init__(self) -> None:
        self._next: Samples | None = None
        self._lags: deque[Samples] = deque(maxlen=WATCHED)

    def place(self, arrived: Samples, count: Samples) -> Samples:
        """Meeting time of the first of `count` samples, the last of which came at `arrived`.

        Samples that come in order are stamped without gaps. A pause of the stream longer than
        `LOST` is a gap; a drift is corrected in small steps.
        """
        begun = max(0, arrived - count)
        if self._next is None:
            return self._go_on(begun, count)
        lag = begun - self._next
        if lag > LOST:
            self._lags.clear()
            return self._go_on(begun, count)
        if lag < -AHEAD:
            # Nothing arrives before it was spoken: the first frames had come late.
            self._lags.clear()
            return self._go_on(begun, count)
        self._lags.append(lag)
        least = min(self._lags)
        if len(self._lags) == WATCHED and least > DRIFT:
            self._lags.clear()
            return self._go_on(self._next + least, count)
        return self._go_on(self._next, count)

    def _go_on(self, start: Samples, count: Samples) -> Samples:
        self._next = start + count
        return start
