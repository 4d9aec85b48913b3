"""What hearing costs `moderator-lm`, and whether it helps to decide.

    python -m benchmarks.hearing cost WEIGHTS [--hours 8]
    python -m benchmarks.hearing decide WEIGHTS PROJECTOR RECORDS TRAIN --scratch DIR [--json FILE]

`cost` plays hours of talk and sound to a session in chunks of 1 s and prints the computing time of
one thread a chunk, of the first and of the last ten minutes.

`decide` reads meetings aloud (synthetic voices, real times) and compares decisions in the leaders'
seats, stream, within 1 s: without sound, with every second's speech embeddings in the transcript,
and both after the same short training. Moments are those of segments that were read as a whole.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from integrations.files.bench.records import read_meetings
from integrations.files.learn.align import HELD_OUT_PITCHES, PITCHES, make_studio
from integrations.files.learn.prepared import fresh_network
from moderator.cli.models import open_store
from moderator.events import Percept, SpeakerActivity, Word
from moderator.floor.state import FloorStatus, FloorView
from moderator.learn.align_run import Studio, load_projector, rendered
from moderator.learn.heard_meeting import HeardMeeting
from moderator.learn.prepared import KINDS, PreparedMeeting, prepare
from moderator.learn.scores import answers, figures
from moderator.learn.words_stage import Drill, WordsSettings, train_words
from moderator.measure.bench.meeting import BenchMeeting
from moderator.mind.base import Participant
from moderator.mind.moderator_lm.checkpoint import put, read, trained
from moderator.mind.moderator_lm.loading import load
from moderator.mind.moderator_lm.mind import ModeratorLM
from moderator.mind.moderator_lm.network import Network
from moderator.mind.moderator_lm.script import CONTEXT, SPAN, Encode, Tokens
from moderator.mind.moderator_lm.speech import CHUNK
from moderator.timeline import Stopwatch
from roles.schema import Role

app = typer.Typer(add_completion=False)

SOUND = -1
"""Stands among the ids where speech embeddings do."""

STRETCH = 600
"""Chunks of the first and the last ten minutes."""

_SAID = ("so", "what", "do", "we", "do", "about", "the", "remote", "control", "and", "when", "then")
_ROLE = {
    "id": "measured",
    "summary": "for measuring",
    "identity": {"name": "Robin", "title": "Project Manager"},
    "duties": [{"type": "open"}, {"type": "invite_quiet"}, {"type": "summarise"}],
}


@app.command()
def cost(weights: Path, hours: Annotated[float, typer.Option(min=0.5)] = 8.0) -> None:
    """Prints milliseconds a chunk of 1 s: words, sound and a decision."""
    torch.set_num_threads(1)
    loaded = load(open_store(offline=True), weights, hears=True)
    costs = asyncio.run(_play(ModeratorLM(lambda: loaded, hears_audio=True), int(hours * 3600)))
    for name, some in (("first", costs[:STRETCH]), ("last", costs[-STRETCH:])):
        p50, p95 = np.quantile(some, [0.5, 0.95]) * 1000
        print(f"{name} ten minutes of {hours:g} h: median {p50:.1f} ms, 95 % {p95:.1f} ms")


async def _play(mind: ModeratorLM, seconds: int) -> list[float]:
    """Computing time of each chunk: four people, three words a second, and noise."""
    people = {name: Participant(name, name) for name in ("ana", "ben", "cem")}
    session = await mind.open(Role.model_validate(_ROLE), people)
    noise = np.random.default_rng(0).normal(0, 0.05, 7 * CHUNK).astype(np.float32)
    said, watch, costs = cycle(_SAID), Stopwatch(), []
    for second in range(seconds):
        start, end = second * CHUNK, (second + 1) * CHUNK
        speaker = sorted(people)[second // 5 % 3]
        step = CHUNK // 3
        words = tuple(
            Word(speaker, text, start + step * one, start + step * (one + 1) - 1)
            for one, text in enumerate(islice(said, 3))
        )
        place = second % 7 * CHUNK
        sound = {speaker: noise[place : place + CHUNK]}
        voices = (SpeakerActivity(speaker, start, end),)
        percept = Percept(second, start, end, voices, words, {}, sound)
        with watch.phase("mind") as phase:
            await session.push(percept, FloorView(end, FloorStatus.HELD, speaker))
            await session.propose()
        costs.append(phase.elapsed)
    await session.close()
    return costs


@dataclass(frozen=True, slots=True)
class _Reading:
    """Meetings, and what is heard of them."""

    meetings: Sequence[BenchMeeting]
    heard: Sequence[HeardMeeting]


@app.command()
def decide(
    weights: Path,
    projector: Path,
    records: Path,
    train: Path,
    scratch: Annotated[Path, typer.Option(help="Keeps what was read aloud.")],
    minutes: Annotated[float, typer.Option(help="Read of each meeting.")] = 15.0,
    limit: Annotated[int, typer.Option(help="Meetings, of each of the two.")] = 12,
    steps: int = 40,
    output: Annotated[Path | None, typer.Option("--json", help="Write figures here.")] = None,
) -> None:
    """Prints AP and AUC without sound, with it, and after training either way."""
    torch.set_num_threads(1)
    store = open_store(offline=True)
    network, encode = fresh_network()
    about, tensors = read(weights)
    if about.after_thought is not None:
        network.learn_to_think()
    put(network, tensors, weights)
    load_projector(network, projector)
    network.eval()
    tested, taught = (
        _read_aloud(
            place, make_studio(store, encode, pitches), scratch / name, minutes, limit, network
        )
        for name, place, pitches in (
            ("tested", records, HELD_OUT_PITCHES),
            ("taught", train, PITCHES),
        )
    )
    before = {name: one.detach().clone() for name, one in tensors.items()}
    found = {}
    for sound in (False, True):
        name = "with sound" if sound else "without sound"
        exam = _prepared(network, tested, encode, sound=sound)
        found[name] = figures(answers(network, exam, "stream", lambda done, of: None), 1)
        print(name, found[name], flush=True)
        if not steps:
            continue
        lessons = _prepared(network, taught, encode, sound=sound)
        _train(network, lessons, steps)
        put(network, tensors | _learned(network), weights)
        name += f", after {steps} steps"
        found[name] = figures(answers(network, exam, "stream", lambda done, of: None), 1)
        print(name, found[name], flush=True)
        put(network, before, weights)
        load_projector(network, projector)
        network.eval()
    if output is not None:
        output.write_text(json.dumps(found, indent=1) + "\n")


def _read_aloud(
    place: Path, studio: Studio, kept: Path, minutes: float, limit: int, network: Network
) -> _Reading:
    meetings = [one for one in read_meetings([place]) if one.moderator][:limit]
    heard = rendered(
        meetings, studio, kept, minutes, 0, network.shape.stacked, lambda *told: print(*told[:3])
    )
    return _Reading(meetings, heard)


def _prepared(
    network: Network, reading: _Reading, encode: Encode, *, sound: bool
) -> list[PreparedMeeting]:
    """Segments that were heard as a whole, with the moments in them."""
    return [
        _heard_whole(network, prepare(meeting, network, encode), heard, sound=sound)
        for meeting, heard in zip(reading.meetings, reading.heard, strict=True)
    ]


def _heard_whole(
    network: Network, meeting: PreparedMeeting, heard: HeardMeeting, *, sound: bool
) -> PreparedMeeting:
    first = int(heard.begin)
    last = first + len(heard) * CHUNK
    kept = [
        index
        for index, part in enumerate(meeting.segments)
        if part.begin - CONTEXT >= first and part.begin + SPAN <= last
    ]
    parts = [meeting.segments[index] for index in kept]
    words = [meeting.words[index] for index in kept]
    if sound:
        both = [_with_sound(network, part.begin, part.tokens, heard) for part in parts]
        parts = [
            replace(part, tokens=tokens) for part, (tokens, _) in zip(parts, both, strict=True)
        ]
        words = [hidden for _, hidden in both]
    begins = np.array([part.begin for part in parts])
    seats = []
    for seat in meeting.seats:
        asked = {}
        for kind in KINDS:
            one = getattr(seat.example, kind)
            inside = np.isin((one.at - 1) // SPAN * SPAN, begins)
            asked[kind] = replace(
                one, **{name: getattr(one, name)[inside] for name in one.__dataclass_fields__}
            )
        seats.append(replace(seat, example=replace(seat.example, **asked)))
    return PreparedMeeting(meeting.meeting_id, parts, words, seats)


@torch.inference_mode()
def _with_sound(
    network: Network, begin: int, tokens: Tokens, heard: HeardMeeting
) -> tuple[Tokens, torch.Tensor]:
    """A segment as a session reads it that hears: what a second sounds like, when it is over."""
    first = int(heard.begin)
    chunks = range((begin - CONTEXT - first) // CHUNK, (begin + SPAN - first) // CHUNK)
    frames = heard.frames[chunks.start : chunks.stop].float()
    spoken = network.speak(frames)
    ends = np.repeat([first + (chunk + 1) * CHUNK for chunk in chunks], spoken.shape[1])
    ids = np.concatenate([np.full(len(ends), SOUND), tokens.ids])
    known = np.concatenate([ends, tokens.known])
    order = np.argsort(known, kind="stable")  # a sound before words of the same moment
    ids, known = ids[order], known[order]
    hidden = network.embed(torch.from_numpy(np.maximum(ids, 0))).clone()
    hidden[torch.from_numpy(ids == SOUND)] = spoken.flatten(0, 1)
    positions = torch.arange(len(ids))[None] + network.shape.prompt_tokens
    mask = torch.ones(len(ids), len(ids), dtype=torch.bool).tril()[None, None]
    below = network.through(hidden[None], positions, mask, 0, network.shape.enter)
    return Tokens(ids, known), below[0].clone()


def _train(network: Network, lessons: Sequence[PreparedMeeting], steps: int) -> None:
    """As the second stage does, from where the weights are; trees know their meetings too well."""
    network.floor.plant({})
    count = sum(len(one.words) for one in lessons)
    batch = 8
    settings = WordsSettings((steps + 0.5) * batch / count, batch, 3, 14, 2e-4, seed=0)
    train_words(
        Drill(network, lessons, settings),
        0,
        lambda step, of, loss, alone: print(step, of, round(loss, 4), round(alone - loss, 4)),
        lambda step: None,
    )


def _learned(network: Network) -> dict[str, torch.Tensor]:
    """What the second stage trains."""
    return {
        name: tensor
        for name, tensor in trained(network).items()
        if name.endswith((".a", ".b")) or name.startswith(("enter.", "head."))
    }


if __name__ == "__main__":
    app()
