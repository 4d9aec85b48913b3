"""What `moderator learn` does with files and processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from integrations.files.bench.records import read_meetings
from integrations.files.disk.atomic import disk_errors
from integrations.files.learn.prepared import fresh_network, read_prepared
from moderator.cli.console import print_json, progress, stdout_console
from moderator.cli.lines import Shown, Silent
from moderator.errors import InputError
from moderator.measure.bench.meeting import BenchMeeting

if TYPE_CHECKING:
    from moderator.learn.prepared import PreparedMeeting
    from moderator.learn.run import Settings
    from moderator.learn.scores import Answers
    from moderator.learn.thought_stage import ThoughtSettings
    from moderator.learn.thought_targets import Targets
    from moderator.mind.moderator_lm.network import Network

KINDS = {"stream": 1, "boundary": 3}
"""What is scored, and by which head."""

ROWS = {
    "": "",
    "floor ": ", floor model alone",
    "no role ": ", no role",
    "thought ": ", after a thought",
    "no role thought ": ", no role, after a thought",
}
"""Rows of the table, by how their figures are called."""


def train_run(
    prepared: Path, directory: Path, settings: Settings, threads: int, begin: Path | None
) -> None:
    """Trains, with a bar for each stage; from another run or exported weights, if given.

    Raises:
        InputError: nothing is prepared, or the run was begun otherwise.
    """
    import torch

    from moderator.learn.prepared import read_all
    from moderator.learn.run import Run, begun_with
    from moderator.mind.moderator_lm.own_backbone import REMEMBERED, OwnBackbone

    torch.set_num_threads(threads)
    meetings, own = read_all(prepared), OwnBackbone.remembered(prepared / REMEMBERED)
    known = {
        "meetings": tuple(sorted(meeting.meeting_id for meeting in meetings)),
        "begun_with": begun_with(begin) if begin else "",
        "backbone": own,
    }
    with disk_errors(directory):
        run = Run(directory, settings.model_copy(update=known))
        network, _ = fresh_network(own)
        with stages() as notice:
            run.train(network, meetings, notice, begin=begin)


@contextmanager
def stages() -> Iterator[Any]:
    """A bar for each stage, with the loss in its description."""
    with ExitStack() as stack:
        stage, reached = "", 0
        shown: Shown = Silent()

        def notice(name: str, step: int, steps: int, figures: dict[str, float]) -> None:
            nonlocal stage, reached, shown
            if name != stage:
                stack.close()  # one bar at a time
                stage, reached = name, step - 1
                shown = stack.enter_context(progress(name, float(steps), before=float(reached)))
            told = " ".join(f"{figure} {value:.4f}" for figure, value in figures.items())
            shown.now(f"{name}: {told}" if told else name)
            shown(step - reached)
            reached = step

        yield notice


def answer_all(
    network: Network, meetings: Sequence[PreparedMeeting], kind: str, *, role: bool = True
) -> Answers:
    """What a network says at all moments of one kind of the leaders' seats, with a bar."""
    from moderator.learn.scores import answers

    label = f"{kind}{'' if role else ', no role'}"
    with progress(label, float(len(meetings))) as advance:
        return answers(network, meetings, kind, lambda done, of: advance(1.0), role=role)


Told = dict[tuple[str, bool], "Answers"]
"""What a network says, by kind of moment and whether it is told its role."""


def tell(network: Network, meetings: Sequence[PreparedMeeting]) -> Told:
    """What a network says at all moments of the leaders' seats, with a bar for each kind."""
    return {
        (kind, role): answer_all(network, meetings, kind, role=role)
        for kind in KINDS
        for role in (True, False)
    }


def scores_of(told: Told) -> dict[str, dict[str, float]]:
    """By kind of moment, the figures of `ROWS`."""
    from moderator.learn.scores import figures

    found: dict[str, dict[str, float]] = {}
    for kind, head in KINDS.items():
        found[kind] = figures(told[kind, True], head)
        bare = figures(told[kind, False], head)
        found[kind] |= {
            f"no role {name}": value
            for name, value in bare.items()
            if name.startswith(("A", "P", "thought"))
        }
    return found


def _truth(
    meetings: Sequence[PreparedMeeting], known: Mapping[str, BenchMeeting], kind: str
) -> Targets:
    """What thoughts should say at all moments of one kind of the leaders' seats."""
    import numpy as np

    from moderator.learn.scores import leaders
    from moderator.learn.thought_targets import targets
    from moderator.measure.bench.meeting import Seat

    return np.concatenate(
        [
            targets(
                Seat(known[one.meeting_id], seat.example.speaker), getattr(seat.example, kind).at
            )
            for one in meetings
            for seat in leaders(one)
        ]
    )


def _recorded(
    meetings: Sequence[PreparedMeeting], records: Sequence[Path]
) -> dict[str, BenchMeeting]:
    """The annotations of prepared meetings.

    Raises:
        InputError: a record is missing.
    """
    known = {one.meeting_id: one for one in read_meetings(records)}
    for one in meetings:
        if one.meeting_id not in known:
            todo = "give the directory that it was prepared from"
            raise InputError(f"no record of {one.meeting_id!a}", where=str(records[0]), todo=todo)
    return known


def learn_thoughts(
    directory: Path, prepared: Path, records: Sequence[Path], settings: ThoughtSettings
) -> int:
    """Lets a run learn to think, with a bar for what is read and one for what is learned.

    Returns:
        How many moments were learned from.

    Raises:
        InputError: there is no run, or it was not trained on these meetings, or nothing can be
            written.
    """
    import torch

    from moderator.learn import thought_run

    torch.set_num_threads(1)  # sums on one core have one order, and so one result
    meetings, run = read_prepared(prepared, directory)
    known = _recorded(meetings, records)
    lessons = [(one, known[one.meeting_id]) for one in meetings]
    with disk_errors(directory), stages() as notice:
        network, _ = fresh_network(run.backbone)
        return thought_run.learn_thoughts(network, directory, lessons, settings, notice)


def average_run(directory: Path, weights: Path, out: Path) -> None:
    """Makes a run of the mean of two.

    Raises:
        InputError: they do not belong together, or nothing can be written.
    """
    from moderator.learn.averaging import average
    from moderator.learn.run import read_settings

    with disk_errors(out):
        average(fresh_network(read_settings(directory).backbone)[0], directory, weights, out)


def evaluate_run(
    directory: Path, prepared: Path, records: Sequence[Path], *, as_json: bool
) -> None:
    """Prints a table of a run's figures; with records, one of its thoughts' too.

    Raises:
        InputError: there is no run, or nothing is prepared.
    """
    from moderator.learn.run import load_run
    from moderator.learn.scores import right_thoughts
    from moderator.learn.thought_run import load_thoughts

    meetings, settings = read_prepared(prepared, directory)
    network, _ = fresh_network(settings.backbone)
    step = load_run(network, directory)
    thinks = load_thoughts(network, directory)
    truth: dict[str, Targets] = {}
    if thinks and records:
        known = _recorded(meetings, records)
        truth = {kind: _truth(meetings, known, kind) for kind in KINDS}
    told = tell(network, meetings)
    found = scores_of(told)
    thoughts = {kind: right_thoughts(told[kind, True], right) for kind, right in truth.items()}
    if as_json:
        more = {"thoughts": thoughts} if thoughts else {}
        print_json({"steps": step, "meetings": len(meetings), **found, **more})
        return
    title = f"{directory}: {step} steps, {len(meetings)} meetings, leaders' seats"
    rows = [
        (kind + name, values, row)
        for kind, values in found.items()
        for row, name in ROWS.items()
        if f"{row}AP" in values
    ]
    _table(title, rows, ("AP", "AUC", "P at R .40"))
    if thoughts:
        answers = [
            (f"{kind}, {field}", values, "")
            for kind, fields in thoughts.items()
            for field, values in fields.items()
        ]
        _table("its thoughts", answers, ("accuracy", "majority", "AUC", "moments"))


def _table(
    title: str, rows: Sequence[tuple[str, dict[str, float], str]], columns: Sequence[str]
) -> None:
    from rich.table import Table

    table = Table(title=title)
    for column in ("", *columns):
        table.add_column(column, justify="right" if column else "left")
    for name, values, prefix in rows:
        found = [(column, values[prefix + column]) for column in columns]
        cells = [f"{one:.0f}" if column == "moments" else f"{one:.3f}" for column, one in found]
        table.add_row(name, *cells)
    stdout_console().print(table)
