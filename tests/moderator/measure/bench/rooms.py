"""Small meetings for the benchmark's tests."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from moderator.events import Word
from moderator.measure.bench.meeting import AddressedAct, BenchMeeting, Seat
from moderator.mind.base import Participant
from moderator.timeline import to_samples

Spoken = tuple[str, float, float]


def said(speaker: str, start_s: float, end_s: float, words: int = 1) -> list[Word]:
    """A stretch of voice cut into words of equal length."""
    edges = np.linspace(start_s, end_s, words + 1)
    return [Word(speaker, "so", to_samples(a), to_samples(b)) for a, b in pairwise(edges)]


def meeting(
    words: Sequence[Word],
    duration_s: float = 60.0,
    *,
    name: str = "m",
    acts: Sequence[AddressedAct] = (),
    topics: Sequence[float] = (),
    people: Sequence[str] = (),
) -> BenchMeeting:
    """A meeting of those who speak, `a` leading it."""
    speakers = sorted({word.speaker for word in words} | {"a"})
    return BenchMeeting(
        name,
        to_samples(duration_s),
        tuple(sorted(words, key=lambda word: (word.start, word.end, word.speaker))),
        {one: Participant(one, one, "lead" if one == "a" else "staff") for one in speakers},
        ("a",),
        tuple(acts),
        tuple(to_samples(at) for at in topics),
        frozenset(people),
    )


def seat_of(found: BenchMeeting, speaker: str = "a") -> Seat:
    return Seat(found, speaker)


def act(speaker: str, start_s: float, end_s: float, *to: str) -> AddressedAct:
    return AddressedAct(speaker, to_samples(start_s), to_samples(end_s), to)


def chat(seed: int, minutes: float = 3.0, name: str = "m") -> BenchMeeting:
    """People who talk at random, `a` often after `b`."""
    random = np.random.default_rng(seed)
    words: list[Word] = []
    now, last = 1.0, "b"
    while now < minutes * 60 - 12:
        speaker = "a" if last == "b" and random.random() < 0.7 else str(random.choice(["b", "c"]))
        length = float(random.uniform(0.3, 6.0))
        now += 0.3 if speaker == last else 0.0  # nobody talks over themselves
        words += said(speaker, now, now + length, max(1, int(length * 3)))
        now += length + float(random.uniform(-0.2, 1.8))
        last = speaker
    return meeting(words, minutes * 60, name=name, people=[name[0]])
