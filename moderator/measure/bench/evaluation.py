"""From probabilities to the figures of a table: thresholds, scores, intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from moderator.floor.voices import Values
from moderator.measure.bench.intervals import bootstrap, draws, interval
from moderator.measure.bench.meeting import Seat
from moderator.measure.bench.metrics import MeetingScores, metrics_of
from moderator.measure.bench.moments import Moments, Protocol
from moderator.measure.bench.scorer import Traits
from moderator.measure.bench.scores import Ranking
from moderator.measure.bench.teams import teams

GOAL = {Protocol.STREAM: "f1", Protocol.BOUNDARY: "macro_f1", Protocol.DYNAMIC: "f1"}
"""What a threshold is chosen for."""

UNTUNED = 0.5
"""The threshold where there is nothing to choose it on."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One meeting with the probabilities of every scorer.

    Attributes:
        seat: the place taken.
        moments: by protocol.
        values: probabilities by protocol and scorer's name.
        failures: decisions that failed, and the first one's reason, by scorer's name.
    """

    seat: Seat
    moments: Mapping[Protocol, Moments]
    values: Mapping[tuple[Protocol, str], Values]
    failures: Mapping[str, tuple[int, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one scorer by one protocol.

    Attributes:
        name: the scorer's.
        pooled: figures over all moments of all meetings.
        mean: means of the meetings' own figures.
        intervals: 95 % of the bootstrap, for `pooled` by name, for `mean` by ``mean.`` and name.
        meetings: the figures of each meeting.
        thresholds: of each meeting.
        curve: (recall, precision, threshold).
        samples: the bootstrap's values of `pooled`, for comparing rows.
    """

    name: str
    pooled: Mapping[str, float]
    mean: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float] | None]
    meetings: Mapping[str, Mapping[str, float]]
    thresholds: Mapping[str, float]
    curve: Sequence[tuple[float, float, float]] = ()
    samples: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """How thresholds are chosen.

    Attributes:
        given: used for everything, if not None.
        tuned: other meetings to choose on; None: cross-validation over those scored.
    """

    given: float | None = None
    tuned: Sequence[Scored] | None = None

    def thresholds(
        self, traits: Traits, protocol: Protocol, scored: Sequence[Scored]
    ) -> list[float]:
        """A threshold for each meeting scored, never chosen on that meeting or its team's."""
        if traits.threshold is not None:
            return [traits.threshold] * len(scored)
        if self.given is not None:
            return [self.given] * len(scored)
        if self.tuned is not None:
            return [_best(self.tuned, traits.name, protocol)] * len(scored)
        team = teams([one.seat.meeting for one in scored])
        chosen = {
            left_out: _best(
                [one for one, own in zip(scored, team, strict=True) if own != left_out],
                traits.name,
                protocol,
            )
            for left_out in sorted(set(team))
        }
        return [chosen[own] for own in team]

    def describe(self, scored: Sequence[Scored]) -> str:
        """How, in words."""
        if self.given is not None:
            return f"given: {self.given:g}"
        if self.tuned is not None:
            return f"chosen on {len(self.tuned)} other meetings"
        meetings = [one.seat.meeting for one in scored]
        groups = len(set(teams(meetings)))
        if groups < 2:
            return f"{UNTUNED:g}, as there is no other meeting to choose it on"
        left_out = "team" if groups < len(meetings) else "meeting"
        return f"cross-validation: chosen on the other {left_out}s, for each of {groups}"


def _best(scored: Sequence[Scored], name: str, protocol: Protocol) -> float:
    positive = [one.moments[protocol].positive for one in scored]
    values = [one.values[protocol, name] for one in scored]
    if not positive or not np.concatenate(positive).any():
        return UNTUNED
    ranking = Ranking(np.concatenate(positive), np.concatenate(values))
    return ranking.best_threshold(GOAL[protocol])


def evaluate(
    scored: Sequence[Scored], traits: Traits, protocol: Protocol, choice: Choice, seed: int
) -> Row:
    """The figures of one scorer by one protocol.

    Args:
        scored: the meetings.
        traits: the scorer's.
        protocol: which moments.
        choice: how thresholds are chosen.
        seed: of the bootstrap.
    """
    thresholds = choice.thresholds(traits, protocol, scored)
    parts = [
        MeetingScores.of(one.moments[protocol], one.values[protocol, traits.name], threshold)
        for one, threshold in zip(scored, thresholds, strict=True)
    ]
    names = [one.seat.meeting.meeting_id for one in scored]
    own = [dict(metrics_of(protocol, [part])(np.ones(1, dtype=np.int64))) for part in parts]
    pooled = metrics_of(protocol, parts)
    means = _Means(own)

    def both(weights: NDArray[np.int64]) -> dict[str, float]:
        return {**pooled(weights), **means(weights)}

    once = both(np.ones(len(parts), dtype=np.int64))
    samples = bootstrap(both, draws(len(parts), seed)) if len(parts) > 1 else {}
    ranking = Ranking(
        np.concatenate([part.moments.positive for part in parts]),
        np.concatenate([part.values for part in parts]),
    )
    return Row(
        name=traits.name,
        pooled={name: value for name, value in once.items() if not name.startswith("mean.")},
        mean={
            name.removeprefix("mean."): value
            for name, value in once.items()
            if name.startswith("mean.")
        },
        intervals={name: interval(values) for name, values in samples.items()},
        meetings=dict(zip(names, own, strict=True)),
        thresholds=dict(zip(names, thresholds, strict=True)),
        curve=ranking.curve(),
        samples=samples,
    )


class _Means:
    """Means of the meetings' own figures, leaving out those that are undefined."""

    def __init__(self, own: Sequence[Mapping[str, float]]) -> None:
        self._names = list(own[0]) if own else []
        self._table = np.array([[one[name] for name in self._names] for one in own])

    def __call__(self, weights: NDArray[np.int64]) -> dict[str, float]:
        known = np.isfinite(self._table)
        total = weights[:, None] * known
        sums = (np.where(known, self._table, 0.0) * total).sum(axis=0)
        counts = total.sum(axis=0)
        return {
            f"mean.{name}": float(sums[i] / counts[i]) if counts[i] else math.nan
            for i, name in enumerate(self._names)
        }


def gain(row: Row, base: Row, name: str) -> dict[str, float | tuple[float, float] | None]:
    """By how much a figure is larger than another row's, as a share of the other's, paired."""
    before, after = base.pooled[name], row.pooled[name]
    ratios = [
        a / b - 1 if b else math.nan
        for a, b in zip(row.samples.get(name, ()), base.samples.get(name, ()), strict=True)
    ]
    return {"gain": after / before - 1 if before else math.nan, "interval": interval(ratios)}
