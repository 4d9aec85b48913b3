"""A journal as the report needs it, and how anything from outside becomes a plain value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from moderator.timeline import Samples

TEXT = 400
"""Characters kept of a text from outside, unless told otherwise."""

Json: TypeAlias = Mapping[str, Any]
Value: TypeAlias = str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class Proposed:
    """What a mind wished, as far as the report shows it."""

    at: Samples
    probability: float
    act: str
    addressee: str
    duty: str
    mind: str
    cue: str


@dataclass(slots=True)
class Mark:
    """A decision other than to wait."""

    at: Samples
    action: str
    reason: str
    act: str
    addressee: str
    inputs: dict[str, Value]
    proposal: Proposed | None


@dataclass(slots=True)
class Held:
    """A stretch in which the agent wished to speak and was refused for one reason."""

    start: Samples
    end: Samples
    act: str
    addressee: str
    reason: str
    probability: float
    cue: str
    times: int = 1


@dataclass(slots=True)
class Turn:
    """A turn of the agent.

    Attributes:
        words: ``(text, start, end)``.
        lines: what it was taken from, as ``(speaker, start)`` of utterances.
        tools: what it was taken from, as ``(tool, result)``.
    """

    number: int
    start: Samples
    end: Samples
    act: str = ""
    addressee: str = ""
    words: list[tuple[str, Samples, Samples]] = field(default_factory=list)
    lost: str = ""
    heard: str = ""
    lines: list[tuple[str, Samples]] = field(default_factory=list)
    tools: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Told:
    """A command given to the agent."""

    at: Samples
    command: str
    by: str
    channel: str
    accepted: bool
    argument: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A part failed and the meeting went on."""

    at: Samples
    part: str
    what: str


@dataclass(slots=True)
class Record:
    """A journal as the report needs it. Times are samples.

    Attributes:
        meeting_id: the meeting's name.
        role: the role as it was opened; empty where the journal has none.
        agent: the agent's name.
        seat: participant whose seat the agent took; "" when it has one of its own.
        people: participant's id to ``(name, position)``, in order of the journal.
        activities: per participant ``[start, end]``, in order of the journal, not yet merged.
        words: ``(speaker, text, start, end)`` in order of the journal.
        marks: decisions other than to wait.
        held: refused proposals, merged while act and reason stay the same.
        tally: action to reason to number of decisions, waits included.
        turns: the agent's turns by number.
        told: commands given.
        failed: parts that failed.
        settings: as opened.
        models: as opened.
        reached: the latest meeting time in the journal.
        closed: the journal was ended in order.
        complete: and so was the meeting.
        why: why it ended, if not by its end.
        unreadable: lines that could not be read.
        left_out: entries beyond a limit.
        relabelled: ids of people whose names were put right afterwards.
    """

    meeting_id: str = ""
    role: Json = field(default_factory=dict)
    agent: str = "Agent"
    seat: str = ""
    people: dict[str, tuple[str, str]] = field(default_factory=dict)
    activities: dict[str, list[tuple[Samples, Samples]]] = field(default_factory=dict)
    words: list[tuple[str, str, Samples, Samples]] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    tally: dict[str, dict[str, int]] = field(default_factory=dict)
    turns: dict[int, Turn] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    settings: Json = field(default_factory=dict)
    models: tuple[str, ...] = ()
    reached: Samples = 0
    closed: bool = False
    complete: bool = False
    why: str = ""
    unreadable: int = 0
    left_out: int = 0
    relabelled: int = 0


def clip(value: object, most: int = TEXT) -> str:
    """Any value as one line of printable text, at most `most` characters; None is empty."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(value)
    text = " ".join(text[: 4 * most].split())
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= most else text[: most - 1] + "…"


def mapping(value: object) -> Json:
    """`value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listing(value: object) -> tuple[str, ...]:
    """Names of models, from a list or from an object of part to name."""
    if isinstance(value, dict):
        return tuple(f"{clip(k, 60)}: {clip(v, 160)}" for k, v in list(value.items())[:40])
    return tuple(clip(v, 160) for v in value[:40]) if isinstance(value, list) else ()


def number(value: object) -> float:
    """`value` as a finite number; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value) if abs(value) < 1e15 else 0.0  # false for NaN, too
