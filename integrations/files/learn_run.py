"""What `moderator learn` does with files and processes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from integrations.files.atomic import disk_errors, write_text
from integrations.files.bench_records import read_meetings
from moderator.cli.console import print_json, progress, stdout_console
from moderator.errors import InputError
from moderator.measure.bench.meeting import BenchMeeting
from moderator.measure.bench.runner import pool

if TYPE_CHECKING:
    from moderator.learn.prepared import PreparedMeeting
    from moderator.learn.run import Settings
    from moderator.learn.scores import Answers
    from moderator.mind.moderator_lm.network import Network

KINDS = {"stream": 1, "boundary": 3}
"""What is scored, and by which head."""


@lru_cache(maxsize=1)
def _fresh() -> tuple[Network, Any]:
    """An untrained network on the embedded language model, once in each process."""
    import torch

    from moderator.cli.models import open_store
    from moderator.mind.moderator_lm.backbone import load_backbone
    from moderator.mind.moderator_lm.network import Network
    from moderator.mind.moderator_lm.shape import Shape

    backbone, tokenizer = load_backbone(open_store(offline=False, show_progress=False))
    torch.manual_seed(0)
    return Network(Shape(), backbone), partial(_encode, tokenizer)


def _encode(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False).input_ids)


def prepare_meetings(records: Sequence[Path], out: Path, jobs: int) -> tuple[int, int]:
    """Prepares every meeting that is not there yet.

    Returns:
        How many were prepared, and how many were there.

    Raises:
        InputError: records are missing or broken, or nothing can be written.
    """
    meetings = read_meetings(records)
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
    missing = [one for one in meetings if not _place(out, one).exists()]
    if missing:
        _fresh()  # one process unpacks the language model, not all at once
    with pool(jobs) as workers, progress("preparing", float(len(missing))) as advance:
        workers.each([partial(_prepare_one, one, out) for one in missing], advance)
    return len(missing), len(meetings) - len(missing)


def _place(out: Path, meeting: BenchMeeting) -> Path:
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in meeting.meeting_id)
    return out / f"{name[:80].lstrip('.') or 'meeting'}.safetensors"


def _prepare_one(meeting: BenchMeeting, out: Path) -> None:
    from moderator.learn.prepared import prepare, write

    network, encode = _fresh()
    with disk_errors(out):
        write(prepare(meeting, network, encode), _place(out, meeting))


def train_run(
    prepared: Path, directory: Path, settings: Settings, threads: int, begin: Path | None
) -> None:
    """Trains, with a bar for each stage; from exported weights, where some are given.

    Raises:
        InputError: nothing is prepared, or the run was begun otherwise.
    """
    import torch

    from moderator.learn.prepared import read_all
    from moderator.learn.run import Run
    from moderator.mind.moderator_lm.checkpoint import sha256

    torch.set_num_threads(threads)
    meetings = read_all(prepared)
    names = tuple(sorted(meeting.meeting_id for meeting in meetings))
    known = {"meetings": names, "begun_with": sha256(begin) if begin else ""}
    with disk_errors(directory):
        run = Run(directory, settings.model_copy(update=known))
        network, _ = _fresh()
        with _stages() as notice:
            run.train(network, meetings, notice, begin=begin)


@contextmanager
def _stages() -> Iterator[Any]:
    """A bar for each stage, with the loss in its description."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from moderator.cli.console import stderr_console

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=stderr_console(),
        disable=not stderr_console().is_terminal,
    )
    tasks: dict[str, Any] = {}

    def notice(stage: str, step: int, steps: int, figures: dict[str, float]) -> None:
        if stage not in tasks:
            tasks[stage] = bar.add_task(stage, total=steps)
        shown = " ".join(f"{name} {value:.4f}" for name, value in figures.items())
        bar.update(tasks[stage], completed=step, description=f"{stage}: {shown}")

    with bar:
        yield notice


def _answers(
    network: Network, meetings: Sequence[PreparedMeeting], kind: str, *, role: bool = True
) -> Answers:
    from moderator.learn.scores import answers

    label = f"{kind}{'' if role else ', no role'}"
    with progress(label, float(len(meetings))) as advance:
        return answers(network, meetings, kind, lambda done, of: advance(1.0), role=role)


Told = dict[tuple[str, bool], "Answers"]
"""What a network says, by kind of moment and whether it is told its role."""


def _told(network: Network, meetings: Sequence[PreparedMeeting]) -> Told:
    return {
        (kind, role): _answers(network, meetings, kind, role=role)
        for kind in KINDS
        for role in (True, False)
    }


def _scores(told: Told) -> dict[str, dict[str, float]]:
    from moderator.learn.scores import figures

    found: dict[str, dict[str, float]] = {}
    for kind, head in KINDS.items():
        found[kind] = figures(told[kind, True], head)
        bare = figures(told[kind, False], head)
        found[kind] |= {f"no role {name}": bare[name] for name in ("AP", "AUC", "P at R .40")}
    return found


def evaluate_run(directory: Path, prepared: Path, *, as_json: bool) -> None:
    """Prints a table of a run's figures.

    Raises:
        InputError: there is no run, or nothing is prepared.
    """
    from rich.table import Table

    from moderator.learn.prepared import read_all
    from moderator.learn.run import load_run

    meetings = read_all(prepared)
    network, _ = _fresh()
    step = load_run(network, directory)
    found = _scores(_told(network, meetings))
    if as_json:
        print_json({"steps": step, "meetings": len(meetings), **found})
        return
    table = Table(title=f"{directory}: {step} steps, {len(meetings)} meetings, leaders' seats")
    for column in ("", "AP", "AUC", "P at R .40"):
        table.add_column(column, justify="left" if not column else "right")
    for kind, values in found.items():
        for row in ("", "floor ", "no role "):
            name = {"": "", "floor ": ", floor model alone", "no role ": ", no role"}[row]
            cells = [f"{values[row + column]:.3f}" for column in ("AP", "AUC", "P at R .40")]
            table.add_row(kind + name, *cells)
    stdout_console().print(table)


def export_run(directory: Path, tune: Path, out: Path, data: str) -> str:
    """Writes weights, pin and model card.

    Returns:
        The weights' sha256.

    Raises:
        InputError: there is no run, nothing to tune on, or nothing can be written.
    """
    from moderator.cli.models import open_store
    from moderator.learn.card import model_card
    from moderator.learn.export import best_threshold, calibrate, probabilities
    from moderator.learn.prepared import read_all
    from moderator.learn.run import load_run, read_settings
    from moderator.mind.moderator_lm.backbone import MODEL
    from moderator.mind.moderator_lm.checkpoint import About, save

    meetings = read_all(tune)
    network, _ = _fresh()
    settings, step = read_settings(directory), load_run(network, directory)
    if set(settings.meetings) & {meeting.meeting_id for meeting in meetings}:
        todo = "choose threshold and calibration on meetings that were not learned from"
        raise InputError("some of these were trained on", where=f"--tune {tune}", todo=todo)
    told = _told(network, meetings)
    stream = told["stream", True]
    scale = calibrate(stream, told["boundary", True])
    threshold = best_threshold(probabilities(stream.logits[:, 1], scale[1]), stream.labels[:, 1])
    digest = open_store(offline=True).model(MODEL).files[0].sha256
    about = About(
        shape=network.shape, backbone=digest, threshold=threshold, scale=scale, data=data[:500]
    )
    with disk_errors(out):
        sha256 = save(network, about, out)
    write_text(out.with_suffix(".json"), json.dumps({"sha256": sha256}) + "\n")
    card = model_card(about, settings, step, _scores(told), [one.meeting_id for one in meetings])
    write_text(out.with_name("MODEL_CARD.md"), card)
    return sha256
