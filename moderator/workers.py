"""Spreads calls over processes of this machine or over a Ray cluster; results never depend on it.

Ray is an extra: it is imported here alone, when it is asked for.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection
from threading import Thread
from typing import Any, Final, TypeVar

from moderator import __version__
from moderator.errors import InputError

T = TypeVar("T")
Advance = Callable[[float], None]

PROCESSES: Final = "processes"
RAY: Final = "ray"

THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""One process is one thread: several that each take all cores are slower."""


class WorkerLostError(InputError):
    """The process that worked on a call is gone."""


class Workers(ABC):
    """Whoever does calls; all of them are picklable, and what they name is known where they run."""

    @abstractmethod
    def completed(
        self, calls: Sequence[Callable[[], T]]
    ) -> Iterator[tuple[int, T | WorkerLostError]]:
        """The calls' places and results as they are done; begun in their order.

        A process that dies takes with it what others of its pool are at: each of these calls comes
        with a `WorkerLostError` instead of a result.

        Raises:
            Exception: what a call raised.
        """

    def each(self, calls: Sequence[Callable[[], T]], advance: Advance) -> list[T]:
        """The results of the calls, in their order.

        Args:
            calls: begun in their order.
            advance: told of each that is done.

        Raises:
            WorkerLostError: a process died.
            Exception: what a call raised.
        """
        results: dict[int, T] = {}
        for index, result in self.completed(calls):
            if isinstance(result, WorkerLostError):
                raise result
            results[index] = result
            advance(1.0)
        return [results[index] for index in range(len(calls))]


class _Here(Workers):
    """This process, one call after the other."""

    def completed(
        self, calls: Sequence[Callable[[], T]]
    ) -> Iterator[tuple[int, T | WorkerLostError]]:
        for index, call in enumerate(calls):
            yield index, call()


class _Processes(Workers):
    """A pool of processes."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def completed(
        self, calls: Sequence[Callable[[], T]]
    ) -> Iterator[tuple[int, T | WorkerLostError]]:
        futures: dict[Future[T], int] = {}
        try:
            for index, call in enumerate(calls):
                futures[self._executor.submit(call)] = index
        except BrokenProcessPool:  # one died while others were still handed in
            pass
        for future in as_completed(futures):
            try:
                result: T | WorkerLostError = future.result()
            except BrokenProcessPool:
                result = _lost("--jobs", "there may be too little memory: use fewer")
            yield futures[future], result
        for index in range(len(futures), len(calls)):
            yield index, _lost("--jobs", "there may be too little memory: use fewer")


class _OnRay(Workers):
    """A Ray cluster, which decides by itself where a call is done.

    Args:
        ray: the module, connected.
        most: calls handed in at once; None: all.
    """

    def __init__(self, ray: Any, most: int | None) -> None:
        self._ray, self._most = ray, most

    def completed(
        self, calls: Sequence[Callable[[], T]]
    ) -> Iterator[tuple[int, T | WorkerLostError]]:
        # Ray gives a call of one core one thread, as `THREADS` does here. What died by itself is
        # not tried again: a call that takes too much memory would die for ever.
        remote = self._ray.remote(num_cpus=1, max_retries=0)(_call)
        most, begun = self._most or len(calls), 0
        running: dict[Any, int] = {}
        try:
            while running or begun < len(calls):
                while begun < len(calls) and len(running) < most:
                    running[remote.remote(calls[begun])] = begun
                    begun += 1
                (done, *_), _ = self._ray.wait(list(running), num_returns=1)
                yield running.pop(done), self._result(done)
        finally:
            for each in running:
                self._ray.cancel(each, force=True)

    def _result(self, done: Any) -> Any:
        failures = self._ray.exceptions
        try:
            return self._ray.get(done)
        except failures.RayTaskError as error:
            raise error.cause from None
        except failures.RayError:
            return _lost("--on", "there may be too little memory on its machine")


def _call(call: Callable[[], T]) -> T:
    return call()


def _lost(where: str, todo: str) -> WorkerLostError:
    return WorkerLostError("a working process was killed", where=where, todo=todo)


@dataclass(frozen=True, slots=True)
class Spread:
    """How many calls are done at the same time, and where; see `workers`."""

    jobs: int | None = None
    on: str = PROCESSES


@contextmanager
def workers(jobs: int | None, on: str = PROCESSES, *, apart: bool = False) -> Iterator[Workers]:
    """Whoever works while the block runs.

    Where the block fails or is interrupted, what they were at is dropped.

    Args:
        jobs: calls at the same time; None: one a core of this machine, or as many as a cluster
            takes.
        on: ``processes``, or ``ray`` for the cluster that this machine belongs to, or
            ``ray://HOST:PORT`` for one that listens there for clients.
        apart: a single job is done in a process of its own, too.

    Raises:
        InputError: there is no such place, or no way to it.
    """
    if on != PROCESSES:
        with _cluster(on) as ray:
            yield _OnRay(ray, jobs)
        return
    jobs = jobs or os.cpu_count() or 1
    if jobs == 1 and not apart:
        yield _Here()
        return
    with _pool(jobs) as executor:
        yield _Processes(executor)


def check_place(on: str) -> None:
    """Finds out, before any work, whether `workers` can be asked for calls there.

    Raises:
        InputError: they cannot.
    """
    if on == PROCESSES:
        return
    if on != RAY and not on.startswith(f"{RAY}://"):
        raise InputError(
            f"no place to work {on[:60]!a}",
            where="--on",
            todo="use processes, ray or ray://HOST:PORT",
        )
    try:
        import ray  # noqa: F401
    except ImportError:
        raise InputError(
            "ray is not installed", where="--on", todo="pip install 'livekit-moderator[ray]'"
        ) from None


@contextmanager
def _pool(jobs: int) -> Iterator[Executor]:
    """A pool of processes, each with one thread.

    They are started afresh: a copy of a process that has used OpenMP hangs in it. Where the block
    fails or is interrupted, they are ended at once.
    """
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        context = multiprocessing.get_context("spawn")
        others = multiprocessing.active_children()
        with ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin_worker) as executor:
            try:
                yield executor
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


def _begin_worker() -> None:
    """Lets a worker end in silence: when it is interrupted, and when its parent was killed."""
    # An interrupt from the terminal reaches the workers too: the parent says what there is.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Python's own workers wait for ever for what a parent that is gone might send.
    parent = multiprocessing.parent_process()
    if parent is not None:
        Thread(target=_end_with, args=(parent.sentinel,), name="parent", daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


@contextmanager
def _cluster(on: str) -> Iterator[Any]:
    """Ray, connected to a cluster in which this very release is installed."""
    check_place(on)
    import ray

    try:
        address = "auto" if on == RAY else on
        with warnings.catch_warnings(action="ignore"):  # the error says it
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:  # Ray's own, of gRPC, of the system: whatever is wrong with the way
        todo = "start one with `ray start --head`, or name one: ray://HOST:PORT"
        why = str(error).strip().split("\n")[0].split(". ")[0].rstrip(".")
        raise InputError(
            f"no Ray cluster is reached ({why[:200]})", where=f"--on {on[:200]}", todo=todo
        ) from None
    try:
        _check_release(ray, on)
        yield ray
    finally:
        ray.shutdown()


def _check_release(ray: Any, on: str) -> None:
    """What is computed elsewhere would not be what is computed here by another release."""
    todo = f"install livekit-moderator {__version__} on all of its machines"
    try:
        there = ray.get(ray.remote(num_cpus=1, max_retries=0)(_call).remote(_release))
    except ray.exceptions.RayError:
        raise InputError("the cluster has no moderator", where=f"--on {on}", todo=todo) from None
    if there != __version__:
        raise InputError(f"the cluster has moderator {there}", where=f"--on {on}", todo=todo)


def _release() -> str:
    return __version__
