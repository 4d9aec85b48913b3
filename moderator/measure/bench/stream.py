"""Protocol `stream`: a decision at every full step of a fixed grid.

Cutting chunks at speaker boundaries would give away the answer; a fixed grid does not.
"""

from __future__ import annotations

import numpy as np

from moderator.measure.bench.addressed import addressees, kinds
from moderator.measure.bench.floor_turns import floor_turns, utterances
from moderator.measure.bench.meeting import Seat
from moderator.measure.bench.moments import Asked, Moments, Protocol, inside, starts
from moderator.timeline import to_samples


def stream_moments(seat: Seat, step_s: float = 1.0) -> Moments:
    """Every full step at which the seat is not speaking.

    Positive: a floor turn of the seat begins in (t, t + step].

    Args:
        seat: the place taken.
        step_s: length of a step, s.
    """
    step = to_samples(step_s)
    at = np.arange(step, seat.meeting.duration, step, dtype=np.int64)
    at = at[~inside(utterances(seat.meeting, seat.speaker), at)]
    onsets = starts(floor_turns(seat.meeting, seat.speaker))
    begun = np.searchsorted(onsets, at, side="right")
    positive = np.searchsorted(onsets, at + step, side="right") > begun
    first = onsets[begun[positive]]
    to_seat = np.zeros(at.shape, dtype=np.int64)
    to_seat[positive] = addressees(seat, first)
    run = np.zeros(at.shape, dtype=np.int64)
    kind = tuple(kinds(seat, first))
    asked = Asked(Protocol.STREAM, at, np.full(at.shape, step, dtype=np.int64))
    return Moments(asked, positive, to_seat, kind, onsets, run)
