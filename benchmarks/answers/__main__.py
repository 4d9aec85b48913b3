"""Whether a mind's answers to open questions are right.

    python -m benchmarks.answers [--mind duties] [--mind-url URL] [--half tuned|held] [--show]

The questions of a meeting are asked at its end, by name, of an agent that has heard all of it. An
answer is right if it has what the question's entry says, wrong if it has not, or if nobody said it;
an agent that says that it does not know is neither. Whoever set thresholds and wrote prompts looked
at the questions on the meetings of `TUNED` alone; those on the others are held out. The meetings
are looked for where tests on recorded meetings look for them (MODERATOR_DATA).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel, ConfigDict
from rich.console import Console
from ruamel.yaml import YAML

from moderator.errors import InputError
from moderator.events import Percept, Word
from moderator.floor.state import FloorStatus, FloorView
from moderator.language.phrases import load_phrases
from moderator.mind.base import Participant, SpeechLLM
from moderator.mind.loading import load_mind
from moderator.plain_json import parse_json
from moderator.timeline import Samples, to_samples
from roles.schema import Role

HERE = Path(__file__).parent
WORD_S, TURN_S = 0.3, 0.8
"""How long a word takes, and the gap between two turns, where a script has no times."""

AGENT = "Robin"
TUNED = {f"roleplay/dev/rp-d0{number}" for number in range(1, 7)} | {"ami/dev/ES2011a"}
"""Meetings whose questions were looked at."""

VERDICTS = ("right", "wrong", "does not know")

UNKNOWING = ("answer_unsaid", "answer_unsaid_ask", "answer_open", "answer_failed")


class Question(BaseModel):
    """One entry of ``questions.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    of: str
    by: str
    asks: str
    has: list[str] = []

    @property
    def half(self) -> str:
        """``tuned`` or ``held``."""
        return "tuned" if self.of in TUNED else "held"


def questions() -> list[Question]:
    """All of them, in the file's order."""
    entries = YAML(typ="safe", pure=True).load((HERE / "questions.yaml").read_text("utf-8"))
    return [Question.model_validate(entry) for entry in entries]


def meeting(path: Path) -> tuple[dict[str, Participant], list[Word]]:
    """Who is in a recorded meeting or a script, and all words; each turn is an utterance."""
    record = parse_json(path.read_text("utf-8"))
    who = record.get("people") or [{"id": one, "name": one} for one in record["speakers"]]
    people = {one["id"]: Participant(one["id"], one["name"]) for one in who}
    words: list[Word] = []
    now = to_samples(1.0)
    for turn in record["turns"]:
        start = max(now, to_samples(turn["start"])) if "end" in turn else now
        step = to_samples(WORD_S)
        for word in turn["text"].split():
            words.append(Word(turn.get("by") or turn["speaker"], word, start, start + step))
            start += step
        now = start + to_samples(TURN_S)
    return people, words


async def answers(mind: SpeechLLM, path: Path, asked: Sequence[Question]) -> list[str]:
    """What the agent says to some questions, one after the other, at the end of a meeting."""
    people, words = meeting(path)
    role = Role.model_validate(
        {
            "id": "asked",
            "summary": "Answers questions about the meeting.",
            "identity": {"name": AGENT},
            "duties": [{"type": "answer"}],
        }
    )
    session = await mind.open(role, people)
    try:
        now = words[-1].end + to_samples(2.0)
        await session.push(Percept(0, 0, now, words=tuple(words)), _free(now))
        said = []
        for question in asked:
            asker = next(one.id for one in people.values() if one.name == question.by)
            spoken = _said(asker, f"{AGENT}, {question.asks}", now)
            before, now = now, spoken[-1].end + to_samples(1.0)
            await session.push(Percept(1, before, now, words=tuple(spoken)), _free(now))
            proposal = await session.propose()
            text = ""
            if proposal is not None:
                async for piece in session.compose(proposal):
                    text += piece
            said.append(text)
            now += to_samples(10.0)
        return said
    finally:
        await session.close()


def _said(speaker: str, text: str, start: Samples) -> list[Word]:
    step = to_samples(WORD_S)
    return [
        Word(speaker, word, start + at * step, start + (at + 1) * step)
        for at, word in enumerate(text.split())
    ]


def _free(now: Samples) -> FloorView:
    return FloorView(now, FloorStatus.FREE, silence=to_samples(1.0))


def verdict(question: Question, said: str) -> str:
    """One of `VERDICTS`."""
    templates = load_phrases("en").templates
    starts = [one.partition("{")[0] for name in UNKNOWING for one in templates[name]]
    if not said or said.startswith(tuple(one for one in starts if one)):
        return "does not know"
    low = said.lower()
    found = all(any(way in low for way in one.lower().split("|")) for one in question.has)
    return "right" if question.has and found else "wrong"


def main(
    mind: Annotated[str, typer.Option(help="As of moderator replay.")] = "duties",
    mind_url: Annotated[str | None, typer.Option(help="The server of openai:MODEL.")] = None,
    data: Annotated[
        Path, typer.Option(envvar="MODERATOR_DATA", help="Where the meetings are.")
    ] = Path("data"),
    half: Annotated[str, typer.Option(help="tuned, held or both.")] = "both",
    show: Annotated[bool, typer.Option(help="Print every answer.")] = False,
) -> None:
    """Prints how many answers are right."""
    console = Console()
    try:
        asked = load_mind(mind, mind_url)
    except InputError as error:
        console.print(str(error))
        raise typer.Exit(2) from None
    tallies = {name: Counter[tuple[str, bool]]() for name in ("tuned", "held")}
    wanted = [one for one in questions() if half in ("both", one.half)]
    for of, group in groupby(sorted(wanted, key=lambda one: one.of), lambda one: one.of):
        path, some = data / f"{of}.json", list(group)
        if not path.is_file():
            console.print(f"no meeting: {path}")
            raise typer.Exit(2)
        for question, said in zip(some, asyncio.run(answers(asked, path, some)), strict=True):
            found = verdict(question, said)
            tallies[question.half][found, bool(question.has)] += 1
            if show:
                line = f"{found:>13} | {question.asks} | {said}"
                console.print(line, markup=False, soft_wrap=True)
    for name, tally in tallies.items():
        if tally:
            console.print(f"{name}: {_figures(tally)}", soft_wrap=True)
    if half == "both":
        console.print(f"all: {_figures(sum(tallies.values(), Counter()))}", soft_wrap=True)


def _figures(tally: Counter[tuple[str, bool]]) -> str:
    """Counts and shares of one half, or of both."""
    total, known = tally.total(), sum(tally[found, True] for found in VERDICTS)
    right, wrong = tally["right", True], tally["wrong", True] + tally["wrong", False]
    return (
        f"{total} questions, {known} of them answerable; right {right} "
        f"({right / max(known, 1):.0%} of these), wrong {wrong} ({wrong / max(total, 1):.0%} of "
        f"all, {tally['wrong', False]} where nobody said it), "
        f"does not know {total - right - wrong}"
    )


if __name__ == "__main__":
    typer.run(main)
