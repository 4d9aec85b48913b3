"""What the embedded mind reads of a recorded meeting from one seat: role prompt and words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from moderator.measure.bench.meeting import BenchMeeting, Seat
from moderator.mind.moderator_lm.parts import SYSTEM, Cast, Part, letters, prompt
from moderator.mind.moderator_lm.script import (
    CONTEXT,
    LONG_AGO,
    OPENING,
    SPAN,
    Encode,
    Script,
    Segment,
    Tokens,
)


def cast_of(seat: Seat, *, described: bool = True) -> Cast:
    """Everybody's part in a recorded meeting, from one seat.

    Args:
        seat: whose it is.
        described: with the description of who sits there, if there is one, beside the title.
    """
    meeting = seat.meeting
    parts = {
        name: Part(one.position, leads=name in meeting.moderator)
        for name, one in sorted(meeting.participants.items())
    }
    me = parts.pop(seat.speaker)
    if described:
        me = replace(me, description=meeting.participants[seat.speaker].description)
    return Cast(me, parts)


def prompt_ids(
    seat: Seat, encode: Encode, room: int, *, role: bool, described: bool = True
) -> NDArray[np.int64]:
    """Token ids of a seat's role prompt, cut to `room`; see `cast_of`."""
    labels = letters(sorted(seat.meeting.participants))
    cast = cast_of(seat, described=described)
    cast = cast if role else cast.withheld()
    ids = encode(SYSTEM.format(prompt(cast, seat.speaker, labels)))[:room]
    return np.array(ids, dtype=np.int64)


def segments(meeting: BenchMeeting, encode: Encode) -> list[Segment]:
    """A meeting's transcript, cut into overlapping segments."""
    labels = letters(sorted(meeting.participants))
    tokens = Script(encode, labels).add(meeting.words)
    opening = np.array(encode(OPENING), dtype=np.int64)
    found = []
    for begin in range(0, meeting.duration, SPAN):
        here = tokens.between(begin - CONTEXT, begin + SPAN)
        known = np.concatenate([np.full(len(opening), LONG_AGO, dtype=np.int64), here.known])
        found.append(Segment(begin, Tokens(np.concatenate([opening, here.ids]), known)))
    return found
