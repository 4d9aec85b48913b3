"""Scores meetings, each by itself; the result does not depend on where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from moderator.floor.voices import Values
from moderator.measure.bench.boosting import Boosted, Recipe, assemble, fit, moments_of, recipes
from moderator.measure.bench.dynamic import RUNS
from moderator.measure.bench.evaluation import Scored
from moderator.measure.bench.meeting import BenchMeeting, Seat
from moderator.measure.bench.moments import Asked, Protocol
from moderator.measure.bench.scorer import OnePassScorer, Pass, Scorer
from moderator.workers import Advance, Workers


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured.

    Attributes:
        protocols: in the order of the tables.
        step_s: of the stream's grid, s.
        seed: of everything drawn.
        runs: of the dynamic protocol.
    """

    protocols: tuple[Protocol, ...] = tuple(Protocol)
    step_s: float = 1.0
    seed: int = 0
    runs: int = RUNS


def score_seat(seat: Seat, scorers: Sequence[Scorer], plan: Plan) -> Scored:
    """Some scorers in one meeting.

    Raises:
        MindError: a mind failed.
    """
    moments = {
        protocol: moments_of(seat, protocol, plan.step_s, plan.seed, plan.runs)
        for protocol in plan.protocols
    }
    values: dict[tuple[Protocol, str], Values] = {}
    failures: dict[str, tuple[int, str]] = {}
    for scorer in scorers:
        name = scorer.traits.name
        own = [protocol for protocol in plan.protocols if protocol in scorer.traits.protocols]
        given = _one_pass(scorer, seat, [moments[protocol].asked for protocol in own])
        values |= {(protocol, name): one for protocol, one in zip(own, given.values, strict=True)}
        if given.failures:
            failures[name] = (given.failures, given.reason)
    return Scored(seat, moments, values, failures)


def _one_pass(scorer: Scorer, seat: Seat, asked: Sequence[Asked]) -> Pass:
    if isinstance(scorer, OnePassScorer):
        return scorer.score_all(seat, asked)
    return Pass([scorer.score(seat, one) for one in asked])


@dataclass(frozen=True)
class _Fit:
    recipe: Recipe
    meetings: Sequence[BenchMeeting]

    def __call__(self) -> Boosted | None:
        return fit(self.recipe, self.meetings)


@dataclass(frozen=True)
class _Score:
    seat: Seat
    scorers: Sequence[Scorer]
    plan: Plan

    def __call__(self) -> Scored:
        return score_seat(self.seat, self.scorers, self.plan)


def train(
    meetings: Sequence[BenchMeeting], plan: Plan, workers: Workers, advance: Advance
) -> list[Scorer]:
    """The timing baselines, trained on the given meetings."""
    wanted = recipes(plan.protocols, plan.step_s, plan.seed)
    models = workers.each([_Fit(recipe, meetings) for recipe in wanted], advance)
    return list(assemble([model for model in models if model is not None]))


def score(
    seats: Sequence[Seat],
    scorers: Sequence[Scorer],
    plan: Plan,
    workers: Workers,
    advance: Advance,
) -> list[Scored]:
    """Scores all meetings, in their order.

    Each mind has each meeting to itself, minds first and long meetings first, so that no process is
    left alone with much at the end.

    Args:
        seats: the places taken.
        scorers: what is scored.
        plan: what is measured.
        workers: where.
        advance: told of each meeting that one mind, or all other scorers together, are done with.

    Raises:
        MindError: a mind failed.
    """
    minds = [(one,) for one in scorers if one.traits.mind]
    rules = tuple(one for one in scorers if not one.traits.mind)
    parts = [(seat, group) for group in (*minds, rules) for seat in seats]
    longest = sorted(
        range(len(parts)), key=lambda i: (parts[i][1] not in minds, -parts[i][0].meeting.duration)
    )
    done = workers.each([_Score(*parts[i], plan) for i in longest], advance)
    scored = dict(zip(longest, done, strict=True))
    return [
        _together([scored[i] for i in range(at, len(parts), len(seats))])
        for at in range(len(seats))
    ]


def steps(seats: Sequence[Seat], scorers: Sequence[Scorer]) -> int:
    """How often `score` tells that something is done."""
    return len(seats) * (1 + sum(one.traits.mind for one in scorers))


def _together(parts: Sequence[Scored]) -> Scored:
    """One meeting's scores by different scorers."""
    first = parts[0]
    values = {key: value for part in parts for key, value in part.values.items()}
    failures = {key: value for part in parts for key, value in part.failures.items()}
    return Scored(first.seat, first.moments, values, failures)
