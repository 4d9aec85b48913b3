"""What a recorded meeting teaches: moments of every seat, and what really happened after them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moderator.floor.voices import Times
from moderator.measure.bench.boundary import boundary_moments
from moderator.measure.bench.floor_turns import all_floor_turns, floor_turns, speakers
from moderator.measure.bench.meeting import BenchMeeting, Seat, seat_voices
from moderator.measure.bench.moments import starts
from moderator.measure.bench.seat_text import prompt_ids
from moderator.measure.bench.stream import stream_moments
from moderator.mind.moderator_lm.floor_features import measure
from moderator.mind.moderator_lm.script import Encode
from moderator.timeline import SAMPLE_RATE

HORIZONS_S = (0.5, 1.0, 2.0)
"""How soon a floor turn of the seat begins: the first three of `HEADS`."""

SHIFTS = 4
"""Moments a second that may be learned from; every second's first is what the benchmark asks."""

_NEVER = 10**12
"""When a turn begins that does not come."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Moments of one seat.

    Attributes:
        at: ``(n,)`` meeting times.
        features: ``(n, k)`` of the floor.
        labels: ``(n, 4)`` what happened, as `HEADS` names it.
    """

    at: Times
    features: NDArray[np.float32]
    labels: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SeatExample:
    """One seat of a meeting.

    Attributes:
        speaker: who sat there.
        leads: they led the meeting.
        prompt: token ids of the role prompt.
        bare: of the one without any role.
        stream: every full second at which the seat is silent.
        between: moments between full seconds at which it is, on a grid of `SHIFTS` a second.
        boundary: ends of others' floor turns at which it is.
    """

    speaker: str
    leads: bool
    prompt: NDArray[np.int64]
    bare: NDArray[np.int64]
    stream: Asked
    between: Asked
    boundary: Asked


def seat_example(seat: Seat, encode: Encode, room: int) -> SeatExample:
    """All moments of a seat with what happened after them."""
    return SeatExample(
        seat.speaker,
        seat.leads,
        prompt_ids(seat, encode, room, role=True),
        prompt_ids(seat, encode, room, role=False),
        _asked(seat, stream_moments(seat).at, soon=True),
        _asked(seat, between(seat), soon=True),
        _asked(seat, boundary_moments(seat).at, soon=False),
    )


def between(seat: Seat) -> Times:
    """``(n,)`` moments between full seconds at which the seat is silent."""
    at = stream_moments(seat, 1 / SHIFTS).at
    return at[at % SAMPLE_RATE > 0]


def shifted_stream(example: SeatExample, shift: int) -> Asked:
    """A seat's moments, one a second.

    Args:
        example: the seat.
        shift: after every full second, in parts of `SHIFTS` a second; 0: `example.stream` itself.
    """
    if not shift:
        return example.stream
    every = example.between
    kept = every.at % SAMPLE_RATE == shift * SAMPLE_RATE // SHIFTS
    return Asked(every.at[kept], every.features[kept], every.labels[kept])


def seats(meeting: BenchMeeting) -> list[Seat]:
    """Everybody who says something takes the seat in turn; if somebody plays a role, they alone."""
    if meeting.played is not None:
        return [Seat(meeting, meeting.played)]
    return [Seat(meeting, name) for name in speakers(meeting)]


def _asked(seat: Seat, at: Times, *, soon: bool) -> Asked:
    own = starts(floor_turns(seat.meeting, seat.speaker))
    every = starts(all_floor_turns(seat.meeting))
    # A turn that begins at the very moment is over in the stream, and to come at a boundary.
    side = "right" if soon else "left"
    mine = _following(own, at, side)
    wait = (mine - at) / SAMPLE_RATE
    labels = [*(wait <= horizon for horizon in HORIZONS_S), mine <= _following(every, at, side)]
    return Asked(at, measure(seat_voices(seat), at), np.stack(labels, axis=1))


def _following(onsets: Times, at: Times, side: str) -> Times:
    index = np.searchsorted(onsets, at, side=side)  # type: ignore[call-overload]  # left or right
    return np.asarray(np.append(onsets, _NEVER)[index], dtype=np.int64)
