"""What a mind costs: computing time of a decision and memory, at the beginning and hours later."""

from __future__ import annotations

import asyncio
import resource
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from moderator.events import Word
from moderator.measure.bench.meeting import BenchMeeting, Seat
from moderator.measure.bench.minds import MindScorer
from moderator.mind.base import Participant
from moderator.timeline import Samples, to_samples, to_seconds
from moderator.workers import Advance

MINUTE: Final = to_samples(60.0)
STRETCH_S: Final = 600.0
"""Decisions of so many seconds are compared: the first and the last, s."""


def measure_cost(
    mind: MindScorer, seats: Sequence[Seat], hours: float, advance: Advance
) -> dict[str, Any]:
    """Plays recorded meetings to a mind, one after the other, as one long meeting.

    Times and memory depend on the machine and differ from run to run. Memory is the highest that
    this process ever held, so that minds measured later in one process start from it.

    Args:
        mind: what is measured.
        seats: meetings, repeated until the length is reached.
        hours: length of the long meeting.
        advance: told of every piece of it that was played, s.

    Raises:
        MindError: the mind fails again and again.
    """
    length = to_samples(hours * 3600)
    # What is said decides what it costs, so that the end has to be the beginning once more.
    seat = chained(seats, length, min(to_samples(STRETCH_S), length // 2))
    memory: list[float] = []
    reached: Samples = 0

    def notice(now: Samples) -> None:
        nonlocal reached
        advance(to_seconds(now - reached))
        reached = now
        if not memory and now >= MINUTE:
            memory.append(_peak_mb())

    track = asyncio.run(mind.play(seat, notice))
    memory.append(_peak_mb())
    costs = np.array(track.costs) * 1000
    stretch = max(1, round(STRETCH_S / mind.percept_s))
    p50, p95 = np.quantile(costs, [0.5, 0.95]).tolist() if len(costs) else (0.0, 0.0)
    return {
        "name": mind.name,
        "hours": hours,
        "real_time_factor": float(costs.sum()) / 1000 / to_seconds(seat.meeting.duration),
        "decision_ms_p50": p50,
        "decision_ms_p95": p95,
        "decision_ms_p50_first_minutes": float(np.median(costs[:stretch])) if len(costs) else 0.0,
        "decision_ms_p50_last_minutes": float(np.median(costs[-stretch:])) if len(costs) else 0.0,
        "memory_mb_minute_1": memory[0],
        "memory_mb_end": memory[-1],
        "failures": track.failures,
    }


def chained(seats: Sequence[Seat], length: Samples, again: Samples = 0) -> Seat:
    """Meetings one after the other as one, the people of each taking the places of the first's.

    Args:
        seats: at least one.
        length: of the whole.
        again: so much of the beginning is repeated at the end.
    """
    cut = length - again
    words: list[Word] = []
    begin, index, people = 0, 0, {"seat"}
    while begin < cut:
        seat = seats[index % len(seats)]
        others = sorted(id_ for id_ in seat.meeting.participants if id_ != seat.speaker)
        place = {id_: f"person {i + 1}" for i, id_ in enumerate(others)}
        place[seat.speaker] = "seat"
        people.update(place.values())
        words += [
            replace(
                word, speaker=place[word.speaker], start=word.start + begin, end=word.end + begin
            )
            for word in seat.meeting.words
            if word.end + begin <= cut
        ]
        begin += max(seat.meeting.duration, MINUTE)
        index += 1
    words += [
        replace(word, start=word.start + cut, end=word.end + cut)
        for word in words
        if word.end <= again
    ]
    participants = {name: Participant(name, name) for name in sorted(people)}
    return Seat(BenchMeeting("chained", length, tuple(words), participants), "seat")


def _peak_mb() -> float:
    """The most memory this process held so far, MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024
