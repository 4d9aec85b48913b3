"""Protocol `boundary`: at the end of every floor turn of another participant."""

from __future__ import annotations

import numpy as np

from moderator.measure.bench.addressed import addressees
from moderator.measure.bench.floor_turns import all_floor_turns, utterances
from moderator.measure.bench.meeting import Seat
from moderator.measure.bench.moments import Asked, Moments, Protocol, inside, starts


def boundary_moments(seat: Seat) -> Moments:
    """The end of every floor turn of another participant that is not the meeting's last.

    Ends at which the seat is speaking are left out, as in the stream: who has the floor cannot take
    it. Positive: the next floor turn to begin, at that moment or later, is the seat's. The one who
    stopped may be the one who goes on. Where two floor turns begin together, the seat's counts.

    Args:
        seat: the place taken.
    """
    turns = all_floor_turns(seat.meeting)
    begin = starts(turns)
    own = np.array([turn.speaker == seat.speaker for turn in turns], dtype=np.bool_)
    ends = sorted(turn.end for turn in turns if turn.speaker != seat.speaker)
    at = np.array([end for end in ends if len(begin) and end <= begin[-1]], dtype=np.int64)
    at = at[~inside(utterances(seat.meeting, seat.speaker), at)]
    following = np.searchsorted(begin, at, side="left")
    together = np.searchsorted(begin, begin[following], side="right")
    positive = np.array(
        [own[a:b].any() for a, b in zip(following, together, strict=True)], dtype=np.bool_
    )
    run = np.zeros(at.shape, dtype=np.int64)
    onsets = begin[own]
    asked = Asked(Protocol.BOUNDARY, at, run)
    return Moments(asked, positive, addressees(seat, at), (), onsets, run)
