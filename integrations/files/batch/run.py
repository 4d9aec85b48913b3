"""Replays many meetings, each as if it were the only one."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import from_json

from integrations.files.batch.meetings import Meeting
from integrations.files.batch.results import Ledger, inputs_digest
from integrations.files.disk.atomic import disk_errors
from integrations.files.disk.foreign import read_text, shown
from integrations.files.disk.lock import locked
from integrations.files.disk.outdir import JOURNAL, SUMMARY
from integrations.files.replay import Replay
from integrations.files.request import ReplayRequest
from integrations.files.story import failures
from moderator.cli.console import note, progress
from moderator.cli.errors import explained
from moderator.cli.memory import Memory
from moderator.cli.models import open_store
from moderator.errors import InputError
from moderator.workers import PROCESSES, Spread, WorkerLostError, workers


class _Agent(BaseModel):
    turns: int


class Figures(BaseModel):
    """What a table says of a summary.

    Attributes:
        duration_s: of the meeting, s.
        real_time_factor: see `SummaryBuilder.build`.
        agent: what it did.
        notes: on the input.
    """

    duration_s: float
    real_time_factor: float | None
    agent: _Agent
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one meeting.

    Attributes:
        name: of the meeting, and of its results' directory.
        summary: as in ``summary.json``; None where it failed.
        error: what went wrong, in one line.
        failures: what failed without ending the run, and how often.
        kept: its results were there already.
    """

    name: str
    summary: dict[str, Any] | None = None
    error: str = ""
    failures: tuple[tuple[str, int], ...] = ()
    kept: bool = False


def run_batch(
    meetings: Sequence[Meeting],
    request: ReplayRequest,
    out: Path,
    spread: Spread,
    *,
    force: bool,
    quiet: bool,
) -> list[Outcome]:
    """Replays meetings, each into a directory of its own, and keeps what is finished already.

    Args:
        meetings: which.
        request: how.
        out: directory for their directories.
        spread: where.
        force: what is there already is replayed anew.
        quiet: no progress is shown.

    Returns:
        What became of each, in their order.

    Raises:
        InputError: something about the options or the directory is wrong.
        KeyboardInterrupt: interrupted; the next run goes on.
    """
    out = out.absolute()
    options = request.digests(request.voices())
    request.how()
    request.proposing(open_store(offline=request.offline, show_progress=not quiet))
    Ledger(out, options, force=force)  # a directory that cannot be used is refused as it is
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
    with locked(out):
        ledger = Ledger(out, options, force=force)
        known = {one.name: inputs_digest(one.inputs) for one in meetings}
        kept = ledger.begin(known)
        found = {name: _kept(name, out / name) for name in kept}
        todo = [
            Task(one, request, out / one.name, ledger.may_replace(one.name))
            for one in meetings
            if one.name not in kept
        ]
        total = float(len(meetings))
        try:
            with (
                progress("replaying", total, before=float(len(kept)), enabled=not quiet) as shown,
                closing(outcomes(todo, spread)) as told,
            ):
                for outcome in told:
                    found[outcome.name] = outcome
                    if outcome.summary is not None:
                        ledger.finish(outcome.name, known[outcome.name])
                    shown(1.0)
        except KeyboardInterrupt:
            there = sum(one.summary is not None for one in found.values())
            note(f"{there} of {len(meetings)} meetings are finished, the same command goes on")
            raise
    return [found[one.name] for one in meetings]


def outcomes(tasks: Sequence[Task], spread: Spread) -> Generator[Outcome]:
    """Outcomes as they come; tasks whose process died are done once more, each alone."""
    if not tasks:
        return
    jobs = spread.jobs
    if spread.on == PROCESSES:
        jobs = min(jobs or os.cpu_count() or 1, len(tasks))
    lost: list[Task] = []
    with workers(jobs, spread.on, apart=True) as pool:
        for index, found in pool.completed(tasks):
            if isinstance(found, WorkerLostError):
                lost.append(tasks[index])
            else:
                yield found
    for task in lost:
        with workers(1, spread.on, apart=True) as pool:
            # What it left is its own: in a directory of somebody else it would not have begun.
            for _, found in pool.completed([replace(task, force=True)]):
                if isinstance(found, WorkerLostError):
                    found = Outcome(task.meeting.name, error=explained(found))
                yield found


@dataclass(frozen=True, slots=True)
class Task:
    """The replay of one meeting, in whatever process.

    Attributes:
        meeting: which.
        request: how.
        out: directory for its results.
        force: results that are there are its own, and replaced.
    """

    meeting: Meeting
    request: ReplayRequest
    out: Path
    force: bool

    def __call__(self) -> Outcome:
        """Replays it; whatever goes wrong is told in the outcome."""
        name = self.meeting.name
        try:
            if self.meeting.wrong is not None:
                raise self.meeting.wrong
            return Outcome(name, self._replay(), failures=_failures(self.out))
        except Exception as error:
            return Outcome(name, error=explained(error))

    def _replay(self) -> dict[str, Any]:
        memory, request = Memory(), self.request
        voices = request.voices()
        meeting = request.meeting(self.meeting.inputs, voices)
        store = open_store(offline=request.offline, show_progress=False)
        hearing, mind = request.hearing(store, voices), request.proposing(store)
        options = request.options(self.out, force=self.force)
        return Replay(meeting, options, mind, hearing).run(lambda _: memory.give_back())


def _kept(name: str, out: Path) -> Outcome:
    """What a finished run says of itself."""
    try:
        summary = from_json(read_text(out / SUMMARY), allow_inf_nan=False)
        Figures.model_validate(summary)
        return Outcome(name, summary, failures=_failures(out), kept=True)
    except ValueError:
        error = InputError("cannot be understood", where=shown(out / SUMMARY), todo="add --force")
    except InputError as wrong:
        error = wrong
    return Outcome(name, error=explained(error), kept=True)


def _failures(out: Path) -> tuple[tuple[str, int], ...]:
    return tuple(failures(out / JOURNAL).items())
