"""Baselines that need no training: always silent, always speaking, speaking into silence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from moderator.floor.voices import Values, Voice, silence
from moderator.measure.bench.meeting import Seat
from moderator.measure.bench.moments import Asked
from moderator.measure.bench.scorer import Traits

SILENCE_S = 0.7
"""Silence after which voice agents commonly take the turn, s."""


@dataclass(frozen=True, slots=True)
class Always:
    """The same probability at every moment.

    Attributes:
        name: as in the tables.
        probability: 0 or 1.
    """

    name: str
    probability: float

    @property
    def traits(self) -> Traits:
        """A fixed rule."""
        return Traits(self.name, threshold=0.5)

    def score(self, seat: Seat, asked: Asked) -> Values:
        """``(n,)`` times the same."""
        return np.full(asked.at.shape, self.probability)


@dataclass(frozen=True, slots=True)
class AfterSilence:
    """Takes the turn when nobody, the seat included, was heard for a while.

    Attributes:
        after_s: how long that is, s.
    """

    after_s: float = SILENCE_S

    @property
    def traits(self) -> Traits:
        """A fixed rule."""
        return Traits(f"silence >= {self.after_s:g} s", threshold=0.5)

    def score(self, seat: Seat, asked: Asked) -> Values:
        """Grows with the silence; 0.5 where the rule begins to apply."""
        quiet = silence(Voice(seat.meeting.words), asked.at)
        return quiet / (quiet + self.after_s)


SILENT = Always("always silent", 0.0)
SPEAKING = Always("always speak", 1.0)
