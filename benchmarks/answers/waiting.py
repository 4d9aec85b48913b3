"""How long people wait for the first words of a local mind's answer, late in a recorded meeting.

    python -m benchmarks.answers.waiting [--meeting ami/dev/IS1008b] [--questions 20] [--file FILE]

The meeting is heard at once and its lines are embedded; then questions of the benchmark are asked
one after the other, word by word in real time, as a recogniser would bring them: each word may
still change until half a second after it was said. Measured is the time from the end of the last
word's half second to the first words of the answer, and how much memory the model's process has.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.answers.__main__ import AGENT, WORD_S, meeting, questions
from moderator.events import Act, Percept, Proposal, Word
from moderator.floor.state import FloorStatus, FloorView
from moderator.mind.base import Participant
from moderator.mind.local.engine import Engine
from moderator.mind.local.mind import LocalMind
from moderator.mind.local.session import LocalSession
from moderator.mind.local.weights import weights
from moderator.models.store import ModelStore
from moderator.timeline import Samples, to_samples
from roles.schema import Role

STABLE_AFTER_S = 0.5


async def waits(
    path: Path, asked: list[str], file: str, pause_s: float
) -> tuple[list[float], list[float], list[float], float]:
    """Seconds for answers that need the model, processor seconds of it; seconds without; memory."""
    people, words = meeting(path)
    role = Role.model_validate(
        {
            "id": "asked",
            "summary": "Answers.",
            "identity": {"name": AGENT},
            "duties": [{"type": "answer"}],
        }
    )
    found = weights(file, ModelStore.default())
    engine = Engine(found.model)
    session = await LocalMind(found, live=True, engine=engine, within_s=300.0).open(role, people)
    now = await _heard(session, words)
    needing, working, quoted = [], [], []
    for text in asked:
        print(".", end="", flush=True)
        at = now + to_samples(10.0)
        now, took, worked = await _ask(session, engine, people, text, at)
        if worked is None:
            quoted.append(took)
        else:
            needing.append(took)
            working.append(worked)
        await asyncio.sleep(pause_s)
    memory = _megabytes(engine.pid)
    await session.close()
    engine.close()
    return needing, working, quoted, memory


async def _heard(session: LocalSession, words: list[Word]) -> Samples:
    """The whole meeting, with time to embed it; the meeting time at its end."""
    end = words[-1].end + to_samples(2.0)
    await session.push(Percept(0, 0, end, words=tuple(words)), _free(end))
    await asyncio.gather(*session.under_way())
    return end


async def _ask(
    session: LocalSession,
    engine: Engine,
    people: dict[str, Participant],
    text: str,
    now: Samples,
) -> tuple[Samples, float, float | None]:
    asker, said = next(iter(people)), f"{AGENT}, {text}".split()
    for count in range(1, len(said) + 1):
        partials = {asker: " ".join(said[:count])}
        now += to_samples(WORD_S)
        await session.push(Percept(0, now, now, partials=partials), _free(now))
        await asyncio.sleep(WORD_S)
    await asyncio.sleep(STABLE_AFTER_S)
    step = to_samples(WORD_S)
    start = now - len(said) * step
    stable = [
        Word(asker, one, start + at * step, start + (at + 1) * step) for at, one in enumerate(said)
    ]
    now += to_samples(STABLE_AFTER_S)
    await session.push(Percept(0, now, now, words=tuple(stable)), _free(now))
    before = session.asked_model
    proposal = Proposal(now, "local", 0.9, Act.ANSWER, asker, answering=True)
    began, worked = time.perf_counter(), _processor_s(engine.pid)
    async for _ in session.compose(proposal):
        break
    took, worked = time.perf_counter() - began, _processor_s(engine.pid) - worked
    return now, took, worked if session.asked_model > before else None


def _free(now: Samples) -> FloorView:
    return FloorView(now, FloorStatus.FREE, silence=to_samples(1.0))


def _processor_s(pid: int | None) -> float:
    if pid is None:
        return 0.0
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def _megabytes(pid: int | None) -> float:
    status = Path(f"/proc/{pid}/status").read_text() if pid is not None else ""
    sizes = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(sizes[0]) / 1024 if sizes else 0.0


def main(
    meeting_: Annotated[str, typer.Option("--meeting", help="Of the data.")] = "ami/dev/IS1008b",
    count: Annotated[int, typer.Option("--questions", min=1)] = 20,
    pause_s: Annotated[float, typer.Option("--pause", min=0, help="Between two questions.")] = 2.0,
    file: Annotated[str, typer.Option("--file", help="Another model than the store's.")] = "",
    data: Annotated[
        Path, typer.Option(envvar="MODERATOR_DATA", help="Where the meetings are.")
    ] = Path("data"),
) -> None:
    """Prints the median and the 95th percentile."""
    all_asked = [one.asks for one in questions() if one.of.startswith("ami/")][:count]
    needing, working, quoted, memory = asyncio.run(
        waits(data / f"{meeting_}.json", all_asked, file, pause_s)
    )
    print()
    for name, took in (
        ("with the model", needing),
        ("of these, processor time of the model", working),
        ("without", quoted),
    ):
        if len(took) > 1:
            cuts = statistics.quantiles(took, n=20, method="inclusive")
            print(f"{name}: {len(took)} answers, median {cuts[9]:.2f} s, p95 {cuts[18]:.2f} s")
    print(f"memory of the model's process: at most {memory:.0f} MB")


if __name__ == "__main__":
    typer.run(main)
