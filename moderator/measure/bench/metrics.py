"""The metrics of each protocol, from how often each meeting counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from moderator.floor.voices import Values
from moderator.measure.bench.addressed import Kind
from moderator.measure.bench.event_match import match, wishes
from moderator.measure.bench.moments import Moments, Protocol
from moderator.measure.bench.scores import Counts, Flags, Ranking, count

Weights = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class MeetingScores:
    """One meeting's moments with probabilities and the decisions they make.

    Attributes:
        moments: what would have been right.
        values: ``(n,)`` probabilities.
        taken: ``(n,)`` the turn was taken.
    """

    moments: Moments
    values: Values
    taken: Flags

    @classmethod
    def of(cls, moments: Moments, values: Values, threshold: float) -> Self:
        """Decides by a threshold."""
        return cls(moments, values, np.asarray(values >= threshold))

    def counts(self, where: Flags | None = None) -> Counts:
        """Decisions at all moments, or some."""
        if where is None:
            return count(self.moments.positive, self.taken)
        return count(self.moments.positive[where], self.taken[where])


def metrics_of(
    protocol: Protocol, parts: Sequence[MeetingScores]
) -> Callable[[Weights], dict[str, float]]:
    """The metrics of a protocol.

    Args:
        protocol: which.
        parts: the ``m`` meetings.

    Returns:
        A function from ``(m,)``, how often each meeting counts, to metrics by name.
    """
    if protocol is Protocol.STREAM:
        return StreamMetrics(parts)
    return BoundaryMetrics(parts) if protocol is Protocol.BOUNDARY else DynamicMetrics(parts)


class Tally:
    """Counts of each meeting, added up by weight."""

    def __init__(self, counts: Sequence[Counts]) -> None:
        self._rows = np.array(
            [[c.hits, c.false_alarms, c.misses, c.rejections] for c in counts]
        ).reshape(len(counts), 4)

    def __call__(self, weights: Weights) -> Counts:
        """All counts, each meeting as often as it counts."""
        hits, alarms, misses, rejections = (weights @ self._rows).tolist()
        return Counts(hits, alarms, misses, rejections)


class Ranked:
    """A ranking of all meetings' moments, weighted by meeting."""

    def __init__(
        self, parts: Sequence[MeetingScores], where: Sequence[Flags] | None = None
    ) -> None:
        chosen = where or [np.ones(len(part.values), dtype=np.bool_) for part in parts]
        pairs = list(zip(parts, chosen, strict=True))
        self._meeting = np.concatenate(
            [np.full(int(flags.sum()), i) for i, (_, flags) in enumerate(pairs)]
        )
        self._ranking = Ranking(
            np.concatenate([part.moments.positive[flags] for part, flags in pairs]),
            np.concatenate([part.values[flags] for part, flags in pairs]),
        )

    def scores(self, weights: Weights) -> tuple[float, float]:
        """Average precision and ROC AUC."""
        each = weights[self._meeting].astype(np.float64)
        return self._ranking.average_precision(each), self._ranking.roc_auc(each)

    def precision_at(self, recall: float, weights: Weights) -> float:
        """The best precision at a recall or above."""
        each = weights[self._meeting].astype(np.float64)
        return self._ranking.precision_at(recall, each)


class StreamMetrics:
    """P, R, F1, A, FP, AP, AUC, P at R >= .40, RM and RM alone, event match, recall by kind."""

    def __init__(self, parts: Sequence[MeetingScores]) -> None:
        self._all = Tally([part.counts() for part in parts])
        self._addressed = Tally([part.counts(part.moments.addressed) for part in parts])
        self._alone = Tally([part.counts(part.moments.addressed_alone) for part in parts])
        self._kinds = {kind: Tally([_of_kind(part, kind) for part in parts]) for kind in Kind}
        self._events = Tally([_events(part) for part in parts])
        self._ranked = Ranked(parts)

    def __call__(self, weights: Weights) -> dict[str, float]:
        """The metrics, each meeting counting as often as it is said."""
        counts, events = self._all(weights), self._events(weights)
        ap, auc = self._ranked.scores(weights)
        result = {**_basic(counts), "ap": ap, "auc": auc}
        result["precision_at_recall_40"] = self._ranked.precision_at(0.4, weights)
        result["rm"] = 1 - self._addressed(weights).recall
        result["rm_alone"] = 1 - self._alone(weights).recall
        result["event_precision"] = events.precision
        result["event_recall"] = events.recall
        result["event_f1"] = events.f1
        for kind, tally in self._kinds.items():
            result[f"recall: {kind}"] = tally(weights).recall
        result["taken"] = _share(counts.hits + counts.false_alarms, counts)
        result["base_rate"] = _share(counts.hits + counts.misses, counts)
        return result


class BoundaryMetrics:
    """Accuracy, macro-F1, balanced accuracy, AUC; all, addressed or not."""

    def __init__(self, parts: Sequence[MeetingScores]) -> None:
        to_seat = [part.moments.addressed for part in parts]
        split = {
            "": [np.ones(len(part.values), dtype=np.bool_) for part in parts],
            "addressed: ": to_seat,
            "not addressed: ": [~flags for flags in to_seat],
        }
        self._split = {
            name: (
                Tally([part.counts(f) for part, f in zip(parts, flags, strict=True)]),
                Ranked(parts, flags),
            )
            for name, flags in split.items()
        }

    def __call__(self, weights: Weights) -> dict[str, float]:
        """The metrics, each meeting counting as often as it is said."""
        result = {}
        for name, (tally, ranked) in self._split.items():
            counts = tally(weights)
            result[f"{name}accuracy"] = counts.accuracy
            result[f"{name}macro_f1"] = counts.macro_f1
            result[f"{name}balanced_accuracy"] = counts.macro_accuracy
            result[f"{name}auc"] = ranked.scores(weights)[1]
            result[f"{name}base_rate"] = _share(counts.hits + counts.misses, counts)
        return result


class DynamicMetrics:
    """P, R, F1, A, FP, RM; each the mean of the runs."""

    def __init__(self, parts: Sequence[MeetingScores]) -> None:
        runs = sorted({int(run) for part in parts for run in np.unique(part.moments.run)})
        self._runs = [
            (
                Tally([part.counts(part.moments.run == run) for part in parts]),
                Tally([part.counts(_addressed_in(part, run)) for part in parts]),
            )
            for run in runs
        ]

    def __call__(self, weights: Weights) -> dict[str, float]:
        """The metrics, each meeting counting as often as it is said."""
        rows = []
        for tally, to_seat in self._runs:
            counts = tally(weights)
            row = {**_basic(counts), "rm": 1 - to_seat(weights).recall}
            rows.append({**row, "base_rate": _share(counts.hits + counts.misses, counts)})
        return {name: _mean([row[name] for row in rows]) for name in rows[0]} if rows else {}


def _basic(counts: Counts) -> dict[str, float]:
    return {
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
        "a": counts.macro_accuracy,
        "fp": counts.false_rate,
    }


def _of_kind(part: MeetingScores, kind: Kind) -> Counts:
    taken = part.taken[part.moments.positive]
    of_kind = np.array([one is kind for one in part.moments.kinds], dtype=np.bool_)
    return Counts(float((taken & of_kind).sum()), 0, float((~taken & of_kind).sum()), 0)


def _events(part: MeetingScores) -> Counts:
    moments = part.moments
    step = int(moments.asked.chunk[0]) if len(moments.at) else 0
    events = match(wishes(moments, part.taken, step), moments.onsets)
    return Counts(events.matched, events.wished - events.matched, events.real - events.matched, 0)


def _addressed_in(part: MeetingScores, run: int) -> Flags:
    asked = part.moments.positive & part.moments.addressed
    return np.asarray(asked & (part.moments.run == run))


def _share(some: float, counts: Counts) -> float:
    total = counts.hits + counts.false_alarms + counts.misses + counts.rejections
    return some / total if total else math.nan


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan
