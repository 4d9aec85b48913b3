"""The port of the benchmark: what gives a probability of taking the turn at each moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol as Port
from typing import runtime_checkable

from moderator.floor.voices import Values
from moderator.measure.bench.meeting import Seat
from moderator.measure.bench.moments import Asked, Protocol


@dataclass(frozen=True, slots=True)
class Traits:
    """What the benchmark needs to know of a scorer.

    Attributes:
        name: stands in the tables; unique.
        threshold: probability from which on it takes the turn; None: chosen by the benchmark.
        protocols: those it can be scored by.
        without_role_of: name of the scorer that this one is but for the role, if one.
        mind: it is a mind or stands for one, so that its cost is of interest.
    """

    name: str
    threshold: float | None = None
    protocols: frozenset[Protocol] = frozenset(Protocol)
    without_role_of: str | None = None
    mind: bool = False


class Scorer(Port):
    """Gives probabilities, causally: what is said after a moment never changes them.

    Scorers are sent to worker processes and must be picklable.
    """

    @property
    def traits(self) -> Traits:
        """Its name and how it is to be scored."""
        ...

    def score(self, seat: Seat, asked: Asked) -> Values:
        """The probability, at each moment, that the seat should take the turn now.

        Args:
            seat: the place taken; its own past turns may be used.
            asked: the ``n`` moments, in any order.

        Returns:
            ``(n,)`` in [0, 1].

        Raises:
            MindError: the mind failed.
        """
        ...


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass through a meeting gave.

    Attributes:
        values: for each of what was asked, ``(n,)`` probabilities.
        failures: decisions that failed; they count as no wish.
        reason: of the first failure; empty without.
    """

    values: Sequence[Values]
    failures: int = 0
    reason: str = ""


@runtime_checkable
class OnePassScorer(Scorer, Port):
    """A scorer that goes through a meeting once, whatever is asked: it is slow, or may fail."""

    def score_all(self, seat: Seat, asked: Sequence[Asked]) -> Pass:
        """As `score`, for the moments of several protocols.

        Raises:
            MindError: the mind failed again and again.
        """
        ...
