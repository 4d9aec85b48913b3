"""Scores meetings in several processes; the result does not depend on how many."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from moderator.measure.bench.boosting import Boosted, Recipe, assemble, fit, moments_of, recipes
from moderator.measure.bench.dynamic import RUNS
from moderator.measure.bench.evaluation import Scored
from moderator.measure.bench.meeting import BenchMeeting, Seat
from moderator.measure.bench.moments import Protocol
from moderator.measure.bench.scorer import Scorer

T = TypeVar("T")
Advance = Callable[[float], None]

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""One process is one thread: several that each take all cores are slower."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured.

    Attributes:
        protocols: in the order of the tables.
        step_s: of the stream's grid, s.
        seed: of everything drawn.
        runs: of the dynamic protocol.
        jobs: processes.
    """

    protocols: tuple[Protocol, ...] = tuple(Protocol)
    step_s: float = 1.0
    seed: int = 0
    runs: int = RUNS
    jobs: int = 1


def score_seat(seat: Seat, scorers: Sequence[Scorer], plan: Plan) -> Scored:
    """Everything about one meeting.

    Raises:
        MindError: a mind failed.
    """
    moments = {
        protocol: moments_of(seat, protocol, plan.step_s, plan.seed, plan.runs)
        for protocol in plan.protocols
    }
    values = {
        (protocol, scorer.traits.name): scorer.score(seat, asked.asked)
        for scorer in scorers
        for protocol, asked in moments.items()
        if protocol in scorer.traits.protocols
    }
    return Scored(seat, moments, values)


class Pool:
    """Processes that work on meetings and models; one job is done in this process.

    Args:
        executor: the processes; None to work here.
    """

    def __init__(self, executor: Executor | None) -> None:
        self._executor = executor

    def each(self, calls: Sequence[Callable[[], T]], advance: Advance) -> list[T]:
        """The results of the calls, in their order.

        Args:
            calls: picklable.
            advance: told of each that is done.
        """
        if self._executor is None:
            results = []
            for call in calls:
                results.append(call())
                advance(1.0)
            return results
        futures: list[Future[T]] = [self._executor.submit(call) for call in calls]
        try:
            for done in as_completed(futures):
                done.result()
                advance(1.0)
        except BaseException:
            for future in futures:
                future.cancel()
            raise
        return [future.result() for future in futures]


@contextmanager
def pool(jobs: int) -> Iterator[Pool]:
    """A pool of `jobs` processes, each with one thread.

    They are started afresh: a copy of a process that has used OpenMP hangs in it.
    """
    if jobs <= 1:
        yield Pool(None)
        return
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(jobs, mp_context=context) as executor:
            yield Pool(executor)
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


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
    meetings: Sequence[BenchMeeting], plan: Plan, workers: Pool, advance: Advance
) -> list[Scorer]:
    """The timing baselines, trained on the given meetings."""
    wanted = recipes(plan.protocols, plan.step_s, plan.seed)
    models = workers.each([_Fit(recipe, meetings) for recipe in wanted], advance)
    return list(assemble([model for model in models if model is not None]))


def score(
    seats: Sequence[Seat],
    scorers: Sequence[Scorer],
    plan: Plan,
    workers: Pool,
    advance: Advance,
) -> list[Scored]:
    """Scores all meetings, in their order.

    Raises:
        MindError: a mind failed.
    """
    return workers.each([_Score(seat, tuple(scorers), plan) for seat in seats], advance)
