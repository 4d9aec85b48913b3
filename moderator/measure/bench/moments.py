"""The moments at which a mind is asked, and what would have been right."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from moderator.floor.voices import Times
from moderator.measure.bench.addressed import Kind
from moderator.measure.bench.floor_turns import Span


class Protocol(StrEnum):
    """How moments are chosen."""

    STREAM = "stream"
    BOUNDARY = "boundary"
    DYNAMIC = "dynamic"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a scorer is told of the moments: when, but not what would have been right.

    Attributes:
        protocol: how they were chosen.
        at: ``(n,)`` meeting times.
        chunk: ``(n,)`` length of the chunk that ends there, samples.
    """

    protocol: Protocol
    at: Times
    chunk: Times


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments of one seat in one meeting; at none of them is the seat speaking.

    Attributes:
        asked: when the mind is asked.
        positive: ``(n,)`` taking the turn would have been right.
        addressees: ``(n,)`` to how many the last dialogue act before was addressed, where the seat
            is among them; else 0. In the stream only positives are looked at: before the turn's
            beginning.
        kinds: per positive, in order, what kind of moment it is; empty but in the stream.
        onsets: ``(m,)`` where the seat's floor turns begin.
        run: ``(n,)`` which seeded run a moment belongs to; 0 where there is one.
    """

    asked: Asked
    positive: NDArray[np.bool_]
    addressees: NDArray[np.int64]
    kinds: tuple[Kind, ...]
    onsets: Times
    run: NDArray[np.int64]

    @property
    def at(self) -> Times:
        """``(n,)`` when the mind is asked."""
        return self.asked.at

    @property
    def addressed(self) -> NDArray[np.bool_]:
        """``(n,)`` the last dialogue act before was addressed to the seat, if to others too."""
        return np.asarray(self.addressees > 0)

    @property
    def addressed_alone(self) -> NDArray[np.bool_]:
        """``(n,)`` the last dialogue act before was addressed to the seat and to nobody else."""
        return np.asarray(self.addressees == 1)


def starts(spans: list[Span]) -> Times:
    """``(n,)`` where spans begin."""
    return np.array([span.start for span in spans], dtype=np.int64)


def inside(spans: list[Span], at: Times) -> NDArray[np.bool_]:
    """``(n,)`` whether each time lies in one of the spans, which are by start and disjoint."""
    if not spans:
        return np.zeros(at.shape, dtype=np.bool_)
    ends = np.array([span.end for span in spans], dtype=np.int64)
    last = np.searchsorted(starts(spans), at, side="right") - 1
    return np.asarray((last >= 0) & (at < ends[np.maximum(last, 0)]))
