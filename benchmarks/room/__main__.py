"""``python -m benchmarks.room [--rows answer,yield] [--sides moderator,http] [--trials 20]``.

Prints one table. The moderator's role answers when it is addressed and does nothing else; on the
sides `http` and `websocket` it hears and speaks by livekit-plugins-openai, behind which a server on
this machine has the embedded models. Recorded speech is taken from MODERATOR_DATA, where that is
set. Needs `livekit-server` on PATH and user namespaces.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.room.inside import is_inside, run_inside
from benchmarks.room.line import HERE, NEAR, Conditions, lay
from benchmarks.room.stage import SIDES
from moderator.errors import InputError
from roles.schema import Role
from tests.integrations.livekit.rooms.agent import quiet_role
from tests.integrations.livekit.server import Server, binary, configure, running


@dataclass(frozen=True)
class Row:
    """What is measured, in which function, on which sides, and what it should come to.

    `line`: the worker is behind one that can be made bad.
    """

    about: str
    where: str
    target: str
    sides: tuple[str, ...] = SIDES
    line: bool = False


ROWS = {
    "words": Row("words of 8 people under the right identity", "talking.words", "100 %"),
    "answer": Row(
        "end of a question to it → first sound of its answer",
        "talking.answer",
        "p50 ≤ 0.8 s, p95 ≤ 1.5 s",
    ),
    "yield": Row(
        "a person starts over it → it is silent", "talking.yielding", "p95 ≤ 0.4 s, all of 20"
    ),
    "backchannel": Row("a backchannel over it: it goes on", "talking.backchannel", "≥ 90 % of 20"),
    "crosstalk": Row("people talk to each other: its sounds", "talking.crosstalk", "≤ 1 in 10 min"),
    "rooms": Row("one worker, 4 rooms of 4", "lasting.rooms", "real-time factor < 1"),
    "loss": Row(
        "answers at 20 % packet loss", "lasting.loss", "answered", ("moderator", "stock"), True
    ),
    "mutes": Row("50 mutes and unmutes", "lasting.mutes", "no leak, journal whole", ("moderator",)),
    "restart": Row("server killed and restarted", "lasting.restart", "back ≤ 10 s", ("moderator",)),
}


def main(
    rows: Annotated[str, typer.Option(help=f"Of: {', '.join(ROWS)}.")] = ",".join(ROWS),
    sides: Annotated[str, typer.Option(help=f"Of: {', '.join(SIDES)}.")] = "moderator,stock",
    trials: Annotated[int, typer.Option(min=1, help="Of each event.")] = 20,
    minutes: Annotated[float, typer.Option(min=0.1, help="Of talk among the people.")] = 10.0,
    yield_after: Annotated[float, typer.Option(min=0.1, help="The role's `yield_after_s`.")] = 1.2,
    output: Annotated[Path | None, typer.Option("--json", help="Write figures here.")] = None,
    keep: Annotated[Path | None, typer.Option(help="Keep logs and the meetings' files.")] = None,
) -> None:
    """Runs the rows one after the other and prints the table."""
    chosen = [_row(name.strip()) for name in rows.split(",")]
    if not is_inside():
        raise typer.Exit(run_inside("benchmarks.room", sys.argv[1:]))
    logging.getLogger("livekit").setLevel(logging.ERROR)
    program = binary()
    assert program is not None
    found: dict[str, dict[str, Any]] = {}
    role = quiet_role(yield_after_s=yield_after)
    with tempfile.TemporaryDirectory() as scratch, Progress(console=Console(stderr=True)) as bar:
        folder = keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        lay()
        server = configure(folder, HERE, NEAR)
        with running(program, folder, server) as process:
            for side, name in product(sides.split(","), chosen):
                if side not in ROWS[name].sides:
                    continue
                task = bar.add_task(f"{name}, {side}", total=None)
                step = partial(bar.advance, task)
                plan = Plan(name, side, server, folder, trials, minutes, step, role)
                found.setdefault(name, {})[side] = plan.measure()
                bar.update(task, total=1, completed=1)
                if output is not None:
                    _write(output, found)
            process.kill()  # it would wait for those whom a failed row left in a room
    _show(found)


def _row(name: str) -> str:
    if name not in ROWS:
        raise InputError(f"no row {name!r}", where="--rows", todo=f"one of {', '.join(ROWS)}")
    return name


@dataclass(frozen=True)
class Plan:
    """One row on one side."""

    row: str
    side: str
    server: Server
    folder: Path
    trials: int
    minutes: float
    step: Callable[[], None]
    role: Role

    def measure(self) -> dict[str, Any]:
        """The figures; what failed, where it did: the other rows still count."""
        try:
            return asyncio.run(self._run())
        except Exception as error:
            return {"failed": f"{type(error).__name__}: {error}"[:500]}

    async def _run(self) -> dict[str, Any]:
        from benchmarks.room.speech import Voices
        from benchmarks.room.stage import Stage, services, working

        row = ROWS[self.row]
        module, function = row.where.split(".")
        measure = getattr(import_module(f"benchmarks.room.{module}"), function)
        apart = len(row.sides) > 1  # otherwise the agent runs in this process
        where = self.folder / self.row / self.side
        line = self.folder / f"{self.row}-{self.side}.line" if row.line else None
        if line is not None:
            Conditions().write(line)
        with (
            services(self.side, where) as options,
            working(self.side, self.server, where, *options, line=line)
            if apart
            else nullcontext() as worker,
        ):
            given = (self.trials, self.minutes, self.step, self.role)
            stage = Stage(self.server, Voices(), *given, worker, line)
            figures: dict[str, Any] = await measure(stage)
            return figures


def _write(output: Path, found: dict[str, dict[str, Any]]) -> None:
    load = {"cores": os.cpu_count(), "load_average": [round(x, 2) for x in os.getloadavg()]}
    text = json.dumps({"machine": load, "rows": found}, indent=2, ensure_ascii=False)
    output.write_text(text + "\n", "utf-8")


def _show(found: dict[str, dict[str, Any]]) -> None:
    sides = list(dict.fromkeys(side for got in found.values() for side in got))
    table = Table("what", "target", *sides, show_lines=True)
    for name, got in found.items():
        row = ROWS[name]
        table.add_row(row.about, row.target, *(_cell(got.get(side)) for side in sides))
    Console().print(table)


def _cell(got: dict[str, Any] | None) -> str:
    if got is None:
        return "not run"
    return "\n".join(f"{key} {value}" for key, value in got.items())


if __name__ == "__main__":
    typer.run(main)
