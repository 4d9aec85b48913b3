"""Real rooms for the reliability tests: a server, a worker that says what it holds, its files."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.room.line import HERE, NEAR, Conditions, lay
from benchmarks.room.probed import Held
from benchmarks.room.speech import Voices
from benchmarks.room.stage import Listener, Stage, listening, summon, working
from benchmarks.room.talking import ask
from moderator.journal.lines import Line, read
from moderator.journal.rerun import rerun
from roles.schema import Role
from tests.integrations.livekit.rooms.agent import quiet_role
from tests.integrations.livekit.rooms.people import Person, person
from tests.integrations.livekit.server import binary, configure, running

LEFT_WITHIN_S = 60.0
"""A meeting whose people have gone is written within this."""


@contextmanager
def real_rooms(
    *options: str,
    rooms: int = 8,
    role: Role | None = None,
    keep: Path | None = None,
    behind: bool = False,
) -> Iterator[Stage]:
    """A server and a moderator's worker, in this network, until the block ends.

    Args:
        options: of `moderator serve`.
        rooms: that the worker takes.
        role: of the agent; by default it answers and says what it is told.
        keep: directory for logs and the meetings' files; None: they go.
        behind: the worker is behind a line that can be made bad.
    """
    program = binary()
    assert program is not None
    with tempfile.TemporaryDirectory() as scratch:
        folder = keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        line = folder / "line" if behind else None
        if line is not None:
            lay()
            Conditions().write(line)
        server = configure(folder, HERE, NEAR) if behind else configure(folder)
        own, at = role or quiet_role(), folder / "worker"
        with running(program, folder, server) as process:
            with working("moderator", server, at, *options, rooms=rooms, line=line) as worker:
                yield Stage(server, Voices(), 1, 1.0, lambda: None, own, worker, line)
            process.kill()  # it would wait for those whom a failed test left in a room


@dataclass
class Attended:
    """A room with the agent and ana in it."""

    stage: Stage
    name: str
    agent: str
    ana: Person

    async def held(self) -> Held:
        """What the worker's process holds."""
        assert self.stage.worker is not None
        return await asyncio.to_thread(self.stage.worker.held)

    async def answers(self) -> float | None:
        """Asks once: from the question's end to the answer, in seconds; None: there was none."""
        async with listening(self.stage.server, self.name) as listener:
            await asyncio.sleep(2.0)
            asked = await self.ask(listener, 0)
            await listener.quiet(self.agent)
        return asked

    async def ask(self, listener: Listener, number: int) -> float | None:
        """The same with a listener who is there already, and one of the questions."""
        return (await ask(self.ana, listener, self.agent, self.stage.voices, number)).gap_s

    @property
    def folder(self) -> Path:
        """The meeting's files."""
        assert self.stage.worker is not None
        found = sorted((self.stage.worker.folder / "out").glob(f"{self.name}-*"))
        return found[0]


@asynccontextmanager
async def attended(stage: Stage, name: str) -> AsyncIterator[Attended]:
    """Ana comes into a room, and the agent is sent there; at the end she goes, and so does it."""
    async with AsyncExitStack() as stack:
        ana = await stack.enter_async_context(person(stage.server, name, "ana", listens=False))
        agent = await summon(stage, name, ana.room)
        await asyncio.sleep(2.0)  # its track is published, hers is subscribed
        yield Attended(stage, name, agent, ana)


async def written(folder: Path) -> dict[str, Any]:
    """The summary of a meeting, once all is written.

    Raises:
        TimeoutError: it is not written in time.
    """
    until = time.monotonic() + LEFT_WITHIN_S
    while not (folder / "report.html").is_file():
        if time.monotonic() > until:
            raise TimeoutError(f"{folder.name} was not written")
        await asyncio.sleep(0.5)
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text("utf-8"))
    return summary


def journal_faults(folder: Path) -> list[str]:
    """What is wrong with a finished meeting's journal: not closed, or decided otherwise anew."""
    lines: list[Line] = list(read(folder / "journal.jsonl"))
    wrong = []
    if lines[-1]["kind"] != "closed" or lines[-1]["complete"] is not True:
        wrong.append("the journal is not closed")
    if differ := rerun(folder / "journal.jsonl"):
        wrong.append(f"{len(differ)} decisions are others when made again")
    return wrong
