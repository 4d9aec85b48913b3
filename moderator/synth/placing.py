"""Lays a script out in time: everybody's words, and one agent's among them.

What is drawn for a turn depends on the seed, the script and the turn, and not on the agent: until
its first turn, and apart from what that moves, one script's meetings are the same for every agent.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from moderator.events import Word
from moderator.measure.bench.meeting import AddressedAct, BenchMeeting
from moderator.mind.base import Participant
from moderator.synth.script import EVERYBODY, SEAT, Act, Agent, Script, Speak, Start, Turn
from moderator.synth.timing import Before, Speaker, Timing
from moderator.timeline import Samples, to_samples

FIRST = to_samples(1.0)
"""Before the first word."""

AFTERWARDS = to_samples(2.0)
"""After the last one: where it might still be thought to speak."""

OWN_PAUSE = to_samples(1.0)
"""At least so long between two turns of one person, which would be one otherwise."""

MOST_OVERLAPPED = 0.5
"""Share of a turn that another one may begin before its end at most."""

_AGENT_STREAM = 1_000_000


@dataclass(frozen=True, slots=True)
class _Line:
    """A turn to be laid out; `seed` tells its draws from others'."""

    by: str
    text: str
    to: str | None
    act: Act
    start: Start
    seed: int


@dataclass
class _Floor:
    """What has been laid out."""

    words: list[Word] = field(default_factory=list)
    acts: list[AddressedAct] = field(default_factory=list)
    begun: Samples = 0
    end: Samples = FIRST
    question: bool = False
    ends: dict[str, Samples] = field(default_factory=dict)


def seat_of(script: Script, number: int) -> str:
    """The id of an agent in its meeting: after one of the people, in turn, in the order of ids."""
    people = sorted(one.id for one in script.people)
    return f"{people[number % len(people)]}-{SEAT}"


def place(script: Script, number: int, timing: Timing, seed: int = 0) -> BenchMeeting:
    """A meeting of a script's people and one of its agents.

    Args:
        script: what is said.
        number: which agent, from 0.
        timing: how people speak.
        seed: of what is drawn.

    Returns:
        The meeting; the agent is `played` and described. Nobody leads it.

    Raises:
        IndexError: there is no such agent.
    """
    agent, me = script.agents[number], seat_of(script, number)
    key = zlib.crc32(script.id.encode())
    voices = {
        name: Speaker(timing, (seed, key, zlib.crc32(name.encode())))
        for name in [*(one.id for one in script.people), me]
    }
    floor = _Floor()
    everybody = sorted({*voices} - {me})
    for line in _lines(script, agent, me):
        draw = np.random.default_rng((seed, key, line.seed))
        _lay(floor, line, voices[line.by], draw, [*everybody, me])
    people = {one.id: Participant(one.id, one.name) for one in script.people}
    people[me] = Participant(me, agent.name, agent.role, agent.description)
    return BenchMeeting(
        meeting_id=f"{script.id}.a{number + 1}",
        duration=floor.end + AFTERWARDS,
        words=tuple(sorted(floor.words, key=lambda word: (word.start, word.end, word.speaker))),
        participants=people,
        acts=tuple(sorted(floor.acts, key=lambda act: (act.start, act.end, act.speaker))),
        # One script's meetings belong together when thresholds are chosen.
        people=frozenset({f"{script.id} {one.id}" for one in script.people}),
        played=me,
    )


def _lines(script: Script, agent: Agent, me: str) -> Iterator[_Line]:
    after: Mapping[int, Speak] = {one.after: one for one in agent.speaks}
    for turn in script.turns:
        yield _said(turn, me)
        if (one := after.get(turn.n)) is not None:
            act: Act = "question" if one.text.rstrip().endswith("?") else "inform"
            yield _Line(me, one.text, one.to, act, one.start, _AGENT_STREAM + turn.n)


def _said(turn: Turn, me: str) -> _Line:
    to = me if turn.to == SEAT else turn.to
    return _Line(turn.by, turn.text, to, turn.act, turn.start, turn.n)


def _lay(
    floor: _Floor, line: _Line, voice: Speaker, draw: np.random.Generator, everybody: list[str]
) -> None:
    """Adds a turn behind, or over the end of, what there is."""
    before: Before = "question" if floor.question else "other"
    nods = line.act == "backchannel"
    if nods and line.start in ("gap", "latch"):
        offset = voice.nod(draw)
    else:
        offset = voice.offset(before, line.start, draw)
    earliest = floor.end - round((floor.end - floor.begun) * MOST_OVERLAPPED)
    start = max(floor.end + to_samples(offset), earliest, floor.ends.get(line.by, 0))
    if line.by in floor.ends and start - floor.ends[line.by] < OWN_PAUSE and not nods:
        start = floor.ends[line.by] + OWN_PAUSE if floor.ends[line.by] == floor.end else start
    at, first = start, start
    texts = line.text.split()
    for text, (pause, length) in zip(texts, voice.lengths(texts, draw), strict=True):
        begin = at + to_samples(pause)
        at = begin + max(to_samples(length), 1)
        floor.words.append(Word(line.by, text, begin, at))
    to = tuple(n for n in everybody if n != line.by) if line.to == EVERYBODY else (line.to,)
    floor.acts.append(
        AddressedAct(line.by, first, at, tuple(n for n in to if n is not None), line.act)
    )
    floor.ends[line.by] = at
    if not nods or at > floor.end:
        floor.begun = first
    if not nods:
        floor.question = line.text.rstrip().endswith("?")
    floor.end = max(floor.end, at)
