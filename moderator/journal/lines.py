"""The lines of a journal: every arrow of the design as a JSON object, and back again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import Enum
from pathlib import Path
from typing import Any, TypeAlias

from moderator.errors import InputError
from moderator.events import (
    Act,
    Action,
    Command,
    CommandGiven,
    ConnectionChanged,
    ConsentGiven,
    Decision,
    Erased,
    Failure,
    Heard,
    Joined,
    Left,
    PartChanged,
    Percept,
    Proposal,
    Reason,
    Relabelled,
    Renamed,
    RoleChanged,
    SaidAt,
    SpeakerActivity,
    TurnEnded,
    TurnStarted,
    Withdrawn,
    Word,
    WordPlayed,
)
from moderator.journal.shapes import check_shape
from moderator.journal.thinning import QuietPercepts
from moderator.plain_json import parse_json
from moderator.presence import AloneWith
from moderator.sparing import SparedChanged
from moderator.timeline import Samples
from moderator.tool_calls import ToolCalled
from roles.schema import Role

VERSION = 1

_DAMAGED = "it was damaged by something else; moderator report shows what can be read"

Line: TypeAlias = dict[str, Any]
Event: TypeAlias = (
    Heard
    | Percept
    | Proposal
    | Withdrawn
    | Decision
    | CommandGiven
    | ConsentGiven
    | Erased
    | Relabelled
    | ConnectionChanged
    | Joined
    | Renamed
    | Left
    | AloneWith
    | RoleChanged
    | TurnStarted
    | WordPlayed
    | TurnEnded
    | Failure
    | PartChanged
    | SparedChanged
    | ToolCalled
)


@dataclass(frozen=True, slots=True)
class Opened:
    """The journal's first line: what the meeting is and who is in it.

    Attributes:
        notes: what had to be done to its recordings or its transcript, as far as it was known.
    """

    meeting_id: str
    role: Mapping[str, object]
    participants: Mapping[str, Mapping[str, str | None]]
    agent: str
    seat: str | None = None
    settings: Mapping[str, object] | None = None
    models: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class Closed:
    """The journal's last line: how far the meeting came, and why it ended there."""

    at: Samples
    complete: bool
    why: str


def to_line(event: Event | QuietPercepts | Opened | Closed) -> Line:
    """An event as the JSON object that stands for it; empty fields are left out."""
    encode = _ENCODERS.get(type(event))
    if encode is not None:
        return encode(event)
    line: Line = {"kind": _KINDS[type(event)]}
    for entry in fields(event):
        value = getattr(event, entry.name)
        if value or entry.name not in _LEFT_OUT:
            line[entry.name] = value.value if isinstance(value, Enum) else value
    return line


def time_of(event: Event | Opened | Closed) -> Samples:
    """Meeting time of an event; that of a stretch is its end."""
    if isinstance(event, Percept | WordPlayed):
        return event.end
    return 0 if isinstance(event, Opened) else event.at


def time_of_line(line: Line) -> Samples:
    """The latest meeting time that a line speaks of; words may have ended after they were heard."""
    at = int(line.get("end") or line.get("at") or 0)
    words = (word[3] for word in line.get("words", ()))
    return max(at, max(words, default=0)) if line["kind"] == "heard" else at


def _heard(event: Heard) -> Line:
    line: Line = {"kind": "heard", "at": event.at}
    if event.speaking:
        line["speaking"] = sorted(event.speaking)
    if event.activities:
        line["activities"] = [[a.speaker, a.start, a.end] for a in event.activities]
    if event.words:
        line["words"] = [_word(word) for word in event.words]
    if event.partials:
        line["partials"] = dict(event.partials)
    return line


def _word(word: Word) -> list[str | int]:
    """Who, what, from when until when.

    A fifth entry says whether the times are estimated; a sixth what was recognised, where a name of
    the room was put in its place.
    """
    entry: list[str | int] = [word.speaker, word.text, word.start, word.end]
    if word.heard is not None:
        return [*entry, word.estimated, word.heard]
    return [*entry, True] if word.estimated else entry


def _percept(event: Percept) -> Line:
    return {"kind": "percept", "index": event.index, "start": event.start, "end": event.end}


def _quiet_percepts(event: QuietPercepts) -> Line:
    span: Line = {"index": event.index, "start": event.start, "end": event.end}
    return {"kind": "percept", **span, "waits": event.waits}


def _proposal(event: Proposal) -> Line:
    line: Line = {
        "kind": "proposal",
        "at": event.at,
        "mind": event.mind,
        "probability": round(event.probability, 6),
        "act": event.act.value,
    }
    for name in ("addressee", "duty", "answering", "cue", "facts", "thought"):
        value = getattr(event, name)
        if value:
            line[name] = value
    if event.takes_s is not None:  # no time at all is another estimate than none
        line["takes_s"] = event.takes_s
    return line


_LEFT_OUT = frozenset(
    {"notes", "quotes", "lines", "erases", "before", "calls", "arguments", "result"}
)
"""Fields that have no entry where they are empty."""

_KINDS: dict[type, str] = {
    Opened: "opened",
    Decision: "decision",
    CommandGiven: "command",
    ConsentGiven: "consent",
    Erased: "erased",
    Relabelled: "relabelled",
    ConnectionChanged: "connection",
    Joined: "joined",
    Renamed: "renamed",
    Left: "left",
    AloneWith: "alone_with",
    RoleChanged: "role_changed",
    TurnStarted: "turn_started",
    WordPlayed: "word_played",
    TurnEnded: "turn_ended",
    Withdrawn: "withdrawn",
    Failure: "failure",
    PartChanged: "part_changed",
    SparedChanged: "spared",
    ToolCalled: "tool",
    Closed: "closed",
}
_ENCODERS: dict[type, Callable[[Any], Line]] = {
    Heard: _heard,
    Percept: _percept,
    QuietPercepts: _quiet_percepts,
    Proposal: _proposal,
}


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def text_of(line: Line) -> str:
    """A line as it stands in the file."""
    return _ENCODER.encode(line) + "\n"


def read(path: Path, kind: str | None = None) -> Iterator[Line]:
    """The lines of a journal, or those of a kind; a last line cut off by a crash is left out.

    Raises:
        InputError: the file is missing, or a line inside it is not a journal line.
    """
    begins = None if kind is None else f'{{"kind":"{kind}",'
    try:
        with path.open(encoding="utf-8") as file:
            for number, text in enumerate(file, start=1):
                if not text.endswith("\n"):
                    return
                if begins is None or text.startswith(begins):
                    yield parse(text, f"{path}:{number}")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("cannot read the journal", where=str(path), todo=str(error)) from error


def parse(text: str | bytes, where: str) -> Line:
    """A line of the file.

    Raises:
        InputError: it is none.
    """
    try:
        line = parse_json(text)
    except ValueError as error:
        raise InputError("not a line of JSON", where=where, todo="replay again") from error
    if not isinstance(line, dict) or not isinstance(line.get("kind"), str):
        raise InputError("a line without a kind", where=where, todo="replay again")
    try:
        check_shape(line["kind"], text)
    except ValueError as error:
        raise InputError("a line of another shape", where=where, todo=_DAMAGED) from error
    return line


def role_from(line: Line, where: str) -> Role:
    """The role that a line begins a meeting with, or goes on with.

    Raises:
        InputError: it is none.
    """
    try:
        return Role.model_validate(line["role"])
    except ValueError as error:
        raise InputError("a role that is none", where=where, todo=_DAMAGED) from error


def heard_from(line: Line) -> Heard:
    """The `Heard` that a line stands for."""
    return Heard(
        at=line["at"],
        speaking=frozenset(line.get("speaking", ())),
        activities=tuple(SpeakerActivity(*entry) for entry in line.get("activities", ())),
        words=tuple(Word(*entry) for entry in line.get("words", ())),
        partials=line.get("partials", {}),
    )


def turn_from(line: Line) -> TurnStarted | WordPlayed | TurnEnded:
    """The event of a turn of the agent that a line stands for."""
    quotes = tuple(line.get("quotes", ()))
    if line["kind"] == "turn_started":
        act = Act(line["act"])
        return TurnStarted(line["at"], line["turn"], act, line["addressee"], quotes)
    if line["kind"] == "word_played":
        return WordPlayed(line["turn"], line["text"], line["start"], line["end"])
    lines = tuple(SaidAt(*entry) for entry in line.get("lines", ()))
    calls = tuple(line.get("calls", ()))
    return TurnEnded(line["at"], line["turn"], line["heard"], line["lost"], quotes, lines, calls)


def proposal_from(line: Line) -> Proposal:
    """The `Proposal` that a line stands for."""
    return Proposal(**(_fields(Proposal, line) | {"act": Act(line["act"])}))


def decision_from(line: Line) -> Decision:
    """The `Decision` that a line stands for."""
    return Decision(
        at=line["at"],
        action=Action(line["action"]),
        reason=Reason(line["reason"]),
        act=Act(line["act"]) if line["act"] else None,
        addressee=line["addressee"],
        inputs=line["inputs"],
    )


def command_from(line: Line) -> CommandGiven:
    """The `CommandGiven` that a line stands for."""
    return CommandGiven(**(_fields(CommandGiven, line) | {"command": Command(line["command"])}))


def _fields(kind: type[Proposal | CommandGiven], line: Line) -> dict[str, Any]:
    """What a line has of an event's fields; a later version may have written more."""
    return {entry.name: line[entry.name] for entry in fields(kind) if entry.name in line}
