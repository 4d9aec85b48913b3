"""The shapes of a journal's lines: whoever reads one that passed may rely on its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from moderator.events import Act, Action, Command, Part, Reason
from moderator.sparing import Spared
from moderator.timeline import SAMPLE_RATE, Samples
from moderator.tool_calls import ToolOutcome

LATEST: Final[Samples] = 7 * 24 * 3600 * SAMPLE_RATE
"""A time beyond this is taken for damage: a week."""

_Time = Annotated[int, Field(ge=0, le=LATEST)]
_Count = Annotated[int, Field(ge=0, le=LATEST)]


class _Line(BaseModel):
    """Fields as they stand in the file, those of a later version aside.

    Each is built when a line of its kind is checked, which a meeting under way never does.
    """

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False, defer_build=True)


class _Person(_Line):
    name: str
    position: str | None = None


class _Opened(_Line):
    meeting_id: str
    role: dict[str, Any]
    participants: dict[str, _Person]
    agent: str
    models: list[str] = []


class _Heard(_Line):
    at: _Time
    speaking: list[str] = Field(default_factory=list)
    activities: list[tuple[str, _Time, _Time]] = Field(default_factory=list)
    words: list[
        tuple[str, str, _Time, _Time]
        | tuple[str, str, _Time, _Time, bool]
        | tuple[str, str, _Time, _Time, bool, str]
    ] = Field(default_factory=list)
    partials: dict[str, str] = Field(default_factory=dict)


class _Percept(_Line):
    start: _Time
    end: _Time
    waits: _Count = 0


class _Proposal(_Line):
    at: _Time
    mind: str
    probability: float
    act: Act
    addressee: str | None = None
    duty: str | None = None
    answering: bool = False
    cue: str = ""
    facts: dict[str, str | float | int] = {}
    thought: str | None = None
    takes_s: float | None = None


class _Decision(_Line):
    at: _Time
    action: Action
    reason: Reason
    act: Act | None
    addressee: str | None
    inputs: dict[str, str | float | int | bool | None]


class _Command(_Line):
    at: _Time
    command: Command
    by: str
    channel: str
    accepted: bool
    argument: str = ""


class _Consent(_Line):
    at: _Time
    by: str
    given: bool
    erases: list[str] = []
    before: _Time = 0


class _Erased(_Line):
    at: _Time
    erases: list[str]
    before: _Time = 0


class _Relabelled(_Line):
    at: _Time
    labels: dict[str, str]
    names: dict[str, str]


class _Connection(_Line):
    at: _Time
    up: bool


class _Joined(_Line):
    at: _Time
    id: str
    name: str


class _Renamed(_Line):
    at: _Time
    id: str
    name: str


class _Left(_Line):
    at: _Time
    id: str


class _AloneWith(_Line):
    at: _Time
    person: str | None


class _RoleChanged(_Line):
    at: _Time
    role: dict[str, Any]


class _TurnStarted(_Line):
    at: _Time
    turn: _Count
    act: Act
    addressee: str | None
    quotes: list[str] = []


class _WordPlayed(_Line):
    turn: _Count
    text: str
    start: _Time
    end: _Time


class _TurnEnded(_Line):
    at: _Time
    turn: _Count
    heard: str
    lost: str
    quotes: list[str] = []
    lines: list[tuple[str, _Time]] = []
    calls: list[_Count] = []


class _Withdrawn(_Line):
    at: _Time


class _Failure(_Line):
    at: _Time
    part: str
    what: str


class _PartChanged(_Line):
    at: _Time
    part: Part
    up: bool


class _Spared(_Line):
    at: _Time
    spared: Spared


class _Tool(_Line):
    at: _Time
    turn: _Count
    call: _Count
    tool: str
    outcome: ToolOutcome
    lasted: _Time
    arguments: str = ""
    result: str = ""
    quotes: list[str] = []


class _Closed(_Line):
    at: _Time
    complete: bool
    why: str


_SHAPES: Final[Mapping[str, type[_Line]]] = {
    "opened": _Opened,
    "heard": _Heard,
    "percept": _Percept,
    "proposal": _Proposal,
    "withdrawn": _Withdrawn,
    "decision": _Decision,
    "command": _Command,
    "consent": _Consent,
    "erased": _Erased,
    "relabelled": _Relabelled,
    "connection": _Connection,
    "joined": _Joined,
    "renamed": _Renamed,
    "left": _Left,
    "alone_with": _AloneWith,
    "role_changed": _RoleChanged,
    "turn_started": _TurnStarted,
    "word_played": _WordPlayed,
    "turn_ended": _TurnEnded,
    "failure": _Failure,
    "part_changed": _PartChanged,
    "spared": _Spared,
    "tool": _Tool,
    "closed": _Closed,
}


def check_shape(kind: str, text: str | bytes) -> None:
    """Checks a line's fields; a kind that a later version writes has none that are known.

    Args:
        kind: the line's.
        text: the line.

    Raises:
        ValueError: a field is missing, of another type, or beyond what a meeting can hold.
    """
    shape = _SHAPES.get(kind)
    if shape is not None:
        shape.model_validate_json(text)
