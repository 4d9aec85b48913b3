"""Do wished turns and real turns begin at the same time, one to one?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from moderator.floor.voices import Times
from moderator.measure.bench.moments import Moments
from moderator.measure.bench.scores import Flags
from moderator.timeline import Samples, to_samples

EARLIEST: Final = to_samples(-1.0)
LATEST: Final = to_samples(1.5)
"""A wish matches a floor turn if it begins this much before or after it."""


@dataclass(frozen=True, slots=True)
class Events:
    """Wished turns against real ones.

    Attributes:
        matched: pairs, each turn in at most one.
        wished: how many turns were wished.
        real: how many floor turns there were.
    """

    matched: int
    wished: int
    real: int


def wishes(moments: Moments, taken: Flags, step: Samples) -> Times:
    """Where wished turns begin: an unbroken run of moments at which the turn was taken is one.

    Args:
        moments: of the stream.
        taken: ``(n,)`` the turn was taken.
        step: samples between two moments; a larger distance ends a run.
    """
    at = moments.at
    follows = np.zeros(len(at), dtype=np.bool_)
    follows[1:] = taken[:-1] & (np.diff(at) <= step)
    return at[taken & ~follows]


def match(wished: Times, real: Times) -> Events:
    """Pairs wishes with floor turns, as many as possible.

    Both have windows of one length, so that taking the earliest that fits is best.

    Args:
        wished: ``(n,)`` where wished turns begin, ascending.
        real: ``(m,)`` where floor turns begin, ascending.
    """
    matched = i = j = 0
    while i < len(wished) and j < len(real):
        late = int(wished[i]) - int(real[j])
        if late < EARLIEST:
            i += 1
        elif late > LATEST:
            j += 1
        else:
            matched, i, j = matched + 1, i + 1, j + 1
    return Events(matched, len(wished), len(real))
