"""Scores of decisions and of probabilities, weighted, so that a bootstrap is a change of weights.

Cross-checked against scikit-learn in the tests.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moderator.floor.voices import Values

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Counts:
    """How often a turn was taken (hit, false alarm) or not (miss, rejection); may be weighted."""

    hits: float
    false_alarms: float
    misses: float
    rejections: float

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.hits + other.hits,
            self.false_alarms + other.false_alarms,
            self.misses + other.misses,
            self.rejections + other.rejections,
        )

    @property
    def precision(self) -> float:
        """Share of turns taken that were right; NaN where none was taken."""
        return _ratio(self.hits, self.hits + self.false_alarms)

    @property
    def recall(self) -> float:
        """Share of the right moments that were taken."""
        return _ratio(self.hits, self.hits + self.misses)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 where no turn was taken."""
        return _ratio(2 * self.hits, 2 * self.hits + self.false_alarms + self.misses)

    @property
    def false_rate(self) -> float:
        """Share of the wrong moments that were taken."""
        return _ratio(self.false_alarms, self.false_alarms + self.rejections)

    @property
    def macro_accuracy(self) -> float:
        """Mean of recall and of the share of wrong moments left alone: (R + 1 - FP) / 2."""
        return (self.recall + 1 - self.false_rate) / 2

    @property
    def accuracy(self) -> float:
        """Share of right decisions."""
        right = self.hits + self.rejections
        return _ratio(right, right + self.false_alarms + self.misses)

    @property
    def macro_f1(self) -> float:
        """Mean of the F1 of taking the turn and of leaving it."""
        silent = 2 * self.rejections
        return (self.f1 + _ratio(silent, silent + self.false_alarms + self.misses)) / 2


def count(positive: Flags, taken: Flags) -> Counts:
    """Counts decisions.

    Args:
        positive: ``(n,)`` taking the turn would have been right.
        taken: ``(n,)`` it was taken.
    """
    return Counts(
        hits=float((positive & taken).sum()),
        false_alarms=float((~positive & taken).sum()),
        misses=float((positive & ~taken).sum()),
        rejections=float((~positive & ~taken).sum()),
    )


class Ranking:
    """Probabilities sorted once, to be scored under many weightings.

    Args:
        positive: ``(n,)`` taking the turn would have been right.
        score: ``(n,)`` the higher, the more it was wished.
    """

    def __init__(self, positive: Flags, score: Values) -> None:
        self._order = np.argsort(-score, kind="stable")
        self._positive = positive[self._order].astype(np.float64)
        ranked = score[self._order]
        # Equal scores cannot be told apart by any threshold: they count as one step.
        self._last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)[: len(ranked)])
        self._thresholds = ranked[self._last]

    def _steps(self, weights: Values | None) -> tuple[Values, Values]:
        """Weight of positives and of negatives at or above each distinct score."""
        ordered = np.ones(len(self._order)) if weights is None else weights[self._order]
        hits = np.cumsum(ordered * self._positive)[self._last]
        alarms = np.cumsum(ordered * (1 - self._positive))[self._last]
        return hits, alarms

    def average_precision(self, weights: Values | None = None) -> float:
        """Precision averaged over the steps of recall; NaN without positives."""
        hits, alarms = self._steps(weights)
        if not len(hits) or hits[-1] == 0:
            return math.nan
        taken = np.maximum(hits + alarms, 1e-300)
        return float(np.sum(np.diff(hits, prepend=0.0) * hits / taken) / hits[-1])

    def roc_auc(self, weights: Values | None = None) -> float:
        """Probability that a positive outranks a negative; NaN where one of them is missing."""
        hits, alarms = self._steps(weights)
        if not len(hits) or hits[-1] == 0 or alarms[-1] == 0:
            return math.nan
        before = np.concatenate([np.zeros(1), hits[:-1]])
        area = np.sum(np.diff(alarms, prepend=0.0) * (hits + before) / 2)
        return float(area / (hits[-1] * alarms[-1]))

    def precision_at(self, recall: float, weights: Values | None = None) -> float:
        """The best precision of any threshold that reaches a recall; NaN without positives."""
        hits, alarms = self._steps(weights)
        if not len(hits) or hits[-1] == 0:
            return math.nan
        reached = hits >= recall * hits[-1] - 1e-9
        return float(np.max(hits[reached] / (hits[reached] + alarms[reached])))

    def best_threshold(self, goal: str = "f1") -> float:
        """The threshold with the best `goal`, a figure of `Counts`; the highest of several.

        It is above 0, which means no wish; 0.5 where no score is.
        """
        hits, alarms = self._steps(None)
        wished = self._thresholds > 0
        if not wished.any():
            return 0.5
        best = Counts(hits, alarms, hits[-1] - hits, alarms[-1] - alarms)  # type: ignore[arg-type]
        with np.errstate(invalid="ignore", divide="ignore"):
            reached = np.where(wished, _GOALS[goal](best), -1.0)
        return float(self._thresholds[int(np.nanargmax(reached))])

    def curve(self, points: int = 101) -> list[tuple[float, float, float]]:
        """(recall, precision, threshold) at evenly spaced recalls that can be reached."""
        hits, alarms = self._steps(None)
        if not len(hits) or hits[-1] == 0:
            return []
        recall = hits / hits[-1]
        precision = hits / (hits + alarms)
        wanted = np.linspace(0, 1, points)
        picked = np.unique(np.minimum(np.searchsorted(recall, wanted), len(recall) - 1))
        return [(float(recall[i]), float(precision[i]), float(self._thresholds[i])) for i in picked]


def _f1(counts: Counts) -> Values:
    wrong = np.asarray(counts.false_alarms) + np.asarray(counts.misses)
    return np.asarray(2 * np.asarray(counts.hits) / (2 * np.asarray(counts.hits) + wrong))


def _macro_f1(counts: Counts) -> Values:
    wrong = np.asarray(counts.false_alarms) + np.asarray(counts.misses)
    silent = 2 * np.asarray(counts.rejections)
    return np.asarray((_f1(counts) + silent / np.maximum(silent + wrong, 1e-300)) / 2)


_GOALS = {"f1": _f1, "macro_f1": _macro_f1}


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
