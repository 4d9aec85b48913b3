"""Protocol `dynamic`: ModeratorLM's own chunks, for comparison with its table only.

Chunks of random 0.5 to 3 s that also end wherever a new speaker takes the floor (arXiv
2606.13544). Such cuts give the answer away in part, so nothing is ever chosen by this protocol.
"""

from __future__ import annotations

import hashlib

import numpy as np

from moderator.floor.voices import Times, Values
from moderator.measure.bench.addressed import addressees
from moderator.measure.bench.floor_turns import all_floor_turns, floor_turns, utterances
from moderator.measure.bench.meeting import Seat
from moderator.measure.bench.moments import Asked, Moments, Protocol, starts
from moderator.measure.bench.scores import Flags
from moderator.timeline import SAMPLE_RATE, Samples, to_samples

SHORTEST_S, LONGEST_S = 0.5, 3.0
RUNS = 10

SOON_S = 0.5
"""How soon the turn begins whose probability `begins_at_end` is given, s."""


def dynamic_moments(seat: Seat, runs: int = RUNS, seed: int = 0) -> Moments:
    """The ends of chunks in which the seat does not speak, of several seeded runs.

    A new speaker takes the floor wherever a floor turn begins. Positive: a floor turn of the seat
    begins at the chunk's end.

    Args:
        seat: the place taken.
        runs: how often the meeting is cut.
        seed: together with the meeting's name and the run it gives the random lengths.
    """
    takes = [turn.start for turn in all_floor_turns(seat.meeting)]
    parts = [_cut(seat, takes, run, seed) for run in range(runs)]
    at = np.concatenate(parts)
    chunk = np.concatenate([np.diff(part, prepend=0) for part in parts])
    run = np.concatenate([np.full(len(part), i, dtype=np.int64) for i, part in enumerate(parts)])
    onsets = starts(floor_turns(seat.meeting, seat.speaker))
    idle = _idle(seat, at - chunk, at)
    at, run = at[idle], run[idle]
    asked = Asked(Protocol.DYNAMIC, at, chunk[idle])
    positive = np.isin(at, onsets)
    return Moments(asked, positive, addressees(seat, at), (), onsets, run)


def begins_at_end(chunk: Times, soon: Values, upcoming: Values) -> Values:
    """That a chunk ended because the seat takes the floor there: what its length gives away.

    Three things may have ended it: the seat takes the floor, another does, or it is as long as was
    drawn. Each comes at a rate, and that of the seat is its share of the three.

    Args:
        chunk: ``(n,)`` how long the chunks are, samples.
        soon: ``(n,)`` probabilities that a floor turn of the seat begins within `SOON_S`.
        upcoming: ``(n,)`` probabilities that the next floor turn to begin is the seat's.

    Returns:
        ``(n,)`` probabilities.
    """
    # A probability of exactly 0 or 1 has no rate.
    soon, upcoming = np.clip(soon, 1e-9, 1 - 1e-9), np.clip(upcoming, 1e-9, 1)
    seat = -np.log1p(-soon) / SOON_S
    length = chunk / SAMPLE_RATE
    left = np.maximum(LONGEST_S - length, 1e-9)
    drawn = np.where(length < SHORTEST_S, 0.0, 1 / left)
    return np.asarray(seat / (seat / upcoming + drawn))


def _idle(seat: Seat, begin: Times, end: Times) -> Flags:
    """``(n,)`` whether the seat has no voice from `begin` to `end`."""
    own = utterances(seat.meeting, seat.speaker)
    ends = np.array([span.end for span in own], dtype=np.int64)
    begun = np.searchsorted(starts(own), end, side="left")
    return np.asarray(begun == np.searchsorted(ends, begin, side="right"))


def _cut(seat: Seat, takes: list[Samples], run: int, seed: int) -> Times:
    """``(n,)`` where the chunks of one run end."""
    digest = hashlib.sha256(f"{seat.meeting.meeting_id}\0{run}\0{seed}".encode()).digest()
    random = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    ends: list[Samples] = []
    now, upcoming = 0, iter(takes)
    take = next(upcoming, None)
    while True:
        end = now + to_samples(float(random.uniform(SHORTEST_S, LONGEST_S)))
        while take is not None and take <= now:
            take = next(upcoming, None)
        now = end if take is None else min(end, take)
        if now >= seat.meeting.duration:
            return np.array(ends, dtype=np.int64)
        ends.append(now)
