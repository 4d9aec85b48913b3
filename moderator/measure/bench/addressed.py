"""What came before a moment: was the seat addressed, did a topic open, was it silent?"""

from __future__ import annotations

from bisect import bisect_left
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from moderator.floor.voices import Times, Voice, silence
from moderator.measure.bench.meeting import Seat
from moderator.timeline import to_samples

TOPIC_WITHIN = to_samples(1.0)
"""A floor turn that begins within this of a topic's beginning opens the topic."""

SILENCE_S = 1.0
"""A floor turn after this much silence breaks it."""


class Kind(StrEnum):
    """What kind of moment a floor turn of the seat begins at; the first that fits."""

    ADDRESSED = "addressed"
    TOPIC = "topic opening"
    SILENCE = "silence broken"
    OTHER = "other"


def addressees(seat: Seat, at: Times) -> NDArray[np.int64]:
    """To how many the last dialogue act was addressed that another began before each time.

    Acts that began later are not looked at.

    Args:
        seat: whom it was to be addressed to.
        at: ``(n,)`` meeting times.

    Returns:
        ``(n,)``; 1 where it was to the seat alone, 0 where the seat was not among them, and
        everywhere where acts or addressees are not annotated.
    """
    acts = [act for act in seat.meeting.acts if act.speaker != seat.speaker]
    acts.sort(key=lambda act: (act.start, act.end, act.speaker))
    counts = [len(act.to) if seat.speaker in act.to else 0 for act in acts]
    starts = [act.start for act in acts]
    last = [bisect_left(starts, int(time)) - 1 for time in at]
    return np.array([counts[i] if i >= 0 else 0 for i in last], dtype=np.int64)


def kinds(seat: Seat, onsets: Times) -> list[Kind]:
    """The kind of each moment at which a floor turn of the seat begins.

    Args:
        seat: whose turns they are.
        onsets: ``(n,)`` where they begin.
    """
    to_seat = addressees(seat, onsets) > 0
    quiet = silence(Voice(seat.meeting.words), onsets)
    topics = np.array(seat.meeting.topics, dtype=np.int64)
    return [
        _kind(bool(to_seat[i]), int(onset), topics, float(quiet[i]))
        for i, onset in enumerate(onsets)
    ]


def _kind(to_seat: bool, onset: int, topics: Times, quiet_s: float) -> Kind:
    if to_seat:
        return Kind.ADDRESSED
    if len(topics) and np.abs(topics - onset).min() <= TOPIC_WITHIN:
        return Kind.TOPIC
    return Kind.SILENCE if quiet_s >= SILENCE_S else Kind.OTHER
