"""Scores meetings in several processes; the result does not depend on how many."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from moderator.errors import InputError
from moderator.floor.voices import Values
from moderator.measure.bench.boosting import Boosted, Recipe, assemble, fit, moments_of, recipes
from moderator.measure.bench.dynamic import RUNS
from moderator.measure.bench.evaluation import Scored
from moderator.measure.bench.meeting import BenchMeeting, Seat
from moderator.measure.bench.moments import Asked, Protocol
from moderator.measure.bench.scorer import OnePassScorer, Pass, Scorer

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
            calls: picklable; begun in their order.
            advance: told of each that is done.

        Raises:
            InputError: a process died.
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
        except BrokenProcessPool:
            raise InputError(
                "a working process was killed",
                where="--jobs",
                todo="there may be too little memory: use fewer",
            ) from None
        return [future.result() for future in futures]


@contextmanager
def pool(jobs: int) -> Iterator[Pool]:
    """A pool of `jobs` processes, each with one thread.

    They are started afresh: a copy of a process that has used OpenMP hangs in it. Where the block
    fails or is interrupted, they are ended at once and what they were at is dropped.
    """
    if jobs <= 1:
        yield Pool(None)
        return
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        context = multiprocessing.get_context("spawn")
        others = multiprocessing.active_children()
        with ProcessPoolExecutor(jobs, mp_context=context, initializer=_end_silently) as executor:
            try:
                yield Pool(executor)
            except BaseException:
                executor.shutdown(wait=False, cancel_futures=True)
                for child in multiprocessing.active_children():
                    if child not in others:
                        child.terminate()
                raise
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _end_silently() -> None:
    """An interrupt from the terminal reaches the workers too: the parent says what there is."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


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
