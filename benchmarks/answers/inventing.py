"""Whether anything is spoken that a model has made up: it only invents, whatever is asked.

    python -m benchmarks.answers.inventing

A server and a local model answer every question of the benchmark with facts that nobody said in any
meeting, the server with numbers of lines behind each. Counted are answers in which one is spoken.
"""

from __future__ import annotations

import asyncio
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.answers.__main__ import answers, questions
from moderator.mind.base import SpeechLLM
from moderator.mind.duties.session import Duties
from moderator.mind.ensemble import Ensemble
from moderator.mind.local.mind import LocalMind
from moderator.mind.local.weights import Weights
from moderator.testing.chat_server import ChatServer, always, wish
from moderator.testing.llama import ScriptedEngine
from moderator.testing.server_scenes import server_mind

INVENTED = ("Quillon", "8,731", "Zagreb", "bankrupt")
"""Stands in none of the meetings."""

FACTS = (
    "Quillon will decide that {0}.",
    "It comes to 8,731 euros {0}.",
    "That is done in Zagreb {0}.",
    "The company is bankrupt {0}.",
)


def spoken(mind: SpeechLLM, data: Path) -> tuple[int, int]:
    """Answers given, and those with something invented."""
    given = invented = 0
    for of, group in groupby(sorted(questions(), key=lambda one: one.of), lambda one: one.of):
        for said in asyncio.run(answers(mind, data / f"{of}.json", list(group))):
            given += bool(said)
            invented += any(one in said for one in INVENTED)
    return given, invented


def main(
    data: Annotated[
        Path, typer.Option(envvar="MODERATOR_DATA", help="Where the meetings are.")
    ] = Path("data"),
) -> None:
    """Prints how many answers held something invented."""
    for number, fact in enumerate(FACTS, start=1):
        with ChatServer(always(wish(0.1), fact.format(f"[{number}]"))) as server:
            given, invented = spoken(Ensemble(Duties(), server_mind(server)), data)
        print(f"server, {fact!r}: {given} answers, {invented} with what is invented")
        engine = ScriptedEngine(fact.format("")[: -len(" .")] + ".")
        local = LocalMind(Weights(Path("m.gguf"), (), False), engine=engine)
        given, invented = spoken(Ensemble(Duties(), local), data)
        print(f"local, {fact!r}: {given} answers, {invented} with what is invented")


if __name__ == "__main__":
    typer.run(main)
