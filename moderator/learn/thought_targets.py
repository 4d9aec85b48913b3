"""What was really so at a moment of a recorded meeting: the answers that thoughts are to find."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

from moderator.floor.features import SeatVoices
from moderator.floor.voices import Times
from moderator.measure.bench.meeting import AddressedAct, Seat, seat_voices
from moderator.mind.moderator_lm.thought import FIELDS
from moderator.timeline import to_samples

Targets = NDArray[np.int8]
"""``(n, len(FIELDS))`` which answer is right; `UNKNOWN` where nobody annotated it."""

UNKNOWN = -1

GOES_ON_WITHIN = to_samples(1.0)
"""Who does not go on within this has completed the turn."""

TOPIC_WITHIN = to_samples(10.0)
"""A topic closes when the next begins within this."""

ACTS = {
    "inf": "inform",
    "el.inf": "question",
    "el.sug": "question",
    "el.ass": "question",
    "el.und": "question",
    "sug": "suggest",
    "off": "suggest",
    "ass": "assess",
    "und": "assess",
    "bck": "backchannel",
    "stl": "fragment",
    "fra": "fragment",
    "be.pos": "social",
    "be.neg": "social",
    "oth": "social",
}
"""AMI's tags of dialogue acts, grouped; others count as not annotated."""


def targets(seat: Seat, at: Times) -> Targets:
    """What was so at some moments, as the seat could have said it.

    Args:
        seat: where the agent sits.
        at: ``(n,)`` meeting times.
    """
    acts = [act for act in seat.meeting.acts if act.speaker != seat.speaker]
    acts.sort(key=lambda act: (act.start, act.end, act.speaker))
    starts = [act.start for act in acts]
    last = [bisect_left(starts, int(time)) - 1 for time in at]
    found = {
        "act": [_act(acts[i]) if i >= 0 else UNKNOWN for i in last],
        "to": [_addressee(seat.speaker, acts[i]) if i >= 0 else UNKNOWN for i in last],
        "complete": _complete(seat_voices(seat), at),
        "topic": _closing(np.array(seat.meeting.topics, dtype=np.int64), at),
    }
    return np.array([found[field] for field in FIELDS], dtype=np.int8).T


def _act(act: AddressedAct) -> int:
    group = ACTS.get(act.type or "")
    return FIELDS["act"].index(group) if group else UNKNOWN


def _addressee(me: str, act: AddressedAct) -> int:
    if not act.to:
        return UNKNOWN
    answer = "another" if me not in act.to else "me" if len(act.to) == 1 else "all"
    return FIELDS["to"].index(answer)


def _complete(voices: SeatVoices, at: Times) -> NDArray[np.int64]:
    """Whether the other who was heard last says nothing for a while."""
    until = np.stack([voice.heard_until(at) for voice in voices.each])
    more = np.stack(
        [voice.talk_until(at + GOES_ON_WITHIN) - voice.talk_until(at) for voice in voices.each]
    )
    columns = np.arange(len(at))
    last = until.argmax(0)
    goes_on = more[last, columns] > 0
    yes, no = (FIELDS["complete"].index(answer) for answer in ("yes", "no"))
    return np.where(until[last, columns] < 0, UNKNOWN, np.where(goes_on, no, yes))


def _closing(topics: Times, at: Times) -> NDArray[np.int64]:
    """Whether the next topic begins soon."""
    if not len(topics):
        return np.full(at.shape, UNKNOWN)
    following = np.append(topics, np.iinfo(np.int64).max)[np.searchsorted(topics, at, side="right")]
    closing, open_ = (FIELDS["topic"].index(answer) for answer in ("closing", "open"))
    return np.where(following - at <= TOPIC_WITHIN, closing, open_)
