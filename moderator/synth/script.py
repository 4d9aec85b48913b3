"""Scripts: what people say in a meeting, and what several agents, each in a role, would add to it.

The people's words are the same for every agent, so that only the role tells when to speak. (The
idea of RolePlayConv, arXiv 2606.13544; there every conversation has one role.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

EVERYBODY = "all"
SEAT = "agent"
"""Whoever has the agent's seat, not named by a role."""

Start: TypeAlias = Literal["gap", "latch", "overlap", "pause", "silence"]
"""How a turn follows the one before: after a usual short gap, at once, before its end, after a
noticeable silence (1 to 3 s), after a long one (4 to 12 s)."""

Act: TypeAlias = Literal[
    "inform",
    "question",
    "suggest",
    "assess",
    "agree",
    "disagree",
    "answer",
    "offer",
    "social",
    "fragment",
    "backchannel",
]

_Line = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S")]
_Name = Annotated[str, Field(min_length=1, max_length=40, pattern=r"\S")]
_Id = Annotated[str, Field(pattern=r"^[A-Z]$")]
_Place = Annotated[int, Field(ge=1, le=1000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class Person(_Part):
    """Somebody in the meeting, by a letter."""

    id: _Id
    name: _Name
    about: Annotated[str, Field(max_length=500)] = ""


class Turn(_Part):
    """What somebody says.

    Attributes:
        n: its number, from 1.
        by: who says it.
        text: the words.
        to: a person's id, `EVERYBODY`, or `SEAT`.
        act: what is done with it.
        start: how it follows the turn before.
    """

    n: _Place
    by: _Id
    text: _Line
    to: str | None = EVERYBODY
    act: Act
    start: Start


class Speak(_Part):
    """An agent takes the floor after a turn, with words, for a reason."""

    after: _Place
    text: _Line
    to: str
    why: _Line
    start: Literal["gap", "latch", "overlap"] = "gap"


class Hold(_Part):
    """A turn after which an agent might be thought to speak, and does not, for a reason."""

    after: _Place
    why: _Line


class Agent(_Part):
    """A role in this meeting.

    Attributes:
        role: its title.
        name: a first name that nobody in the meeting has.
        description: who it is and when it speaks.
        speaks: when it takes the floor, by turn.
        holds: when it does not, although it might.
    """

    role: Annotated[str, Field(min_length=1, max_length=60, pattern=r"\S")]
    name: _Name
    description: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S")]
    speaks: Annotated[list[Speak], Field(max_length=200)] = []
    holds: Annotated[list[Hold], Field(max_length=200)] = []


class Script(_Part):
    """A meeting of some people, and agents for it."""

    id: Annotated[str, Field(pattern=r"^[\w.-]{1,60}$")]
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")] = "en"
    topic: Annotated[str, Field(max_length=500)] = ""
    people: Annotated[list[Person], Field(min_length=2, max_length=12)]
    turns: Annotated[list[Turn], Field(min_length=1, max_length=1000)]
    agents: Annotated[list[Agent], Field(min_length=1, max_length=30)]

    @model_validator(mode="after")
    def _consistent(self) -> Script:
        ids = [one.id for one in self.people]
        if len(set(ids)) < len(ids):
            raise _fault("two people have one id")
        known = {*ids, EVERYBODY, SEAT}
        for number, turn in enumerate(self.turns, 1):
            if turn.n != number:
                raise _fault(f"turn {number} is numbered {turn.n}")
            if turn.by not in ids:
                raise _fault(f"turn {number} is by nobody of the people")
            if turn.to not in {*known, None} or turn.to == turn.by:
                raise _fault(f"turn {number} is to nobody else of the people")
        names = {one.name.casefold() for one in self.people}
        for place, agent in enumerate(self.agents, 1):
            _check(agent, f"agent {place}", len(self.turns), known - {SEAT})
            if agent.name.casefold() in names:
                raise _fault(f"agent {place} has the name of one of the people")
        return self


def _check(agent: Agent, where: str, turns: int, known: set[str]) -> None:
    speaks, holds = _places(agent.speaks), _places(agent.holds)
    if speaks != sorted(set(speaks)) or any(at > turns for at in speaks + holds):
        raise _fault(f"{where} speaks or holds after a turn that is not there, or out of order")
    if set(speaks) & set(holds):
        raise _fault(f"{where} speaks and holds after the same turn")
    if any(one.to not in known for one in agent.speaks):
        raise _fault(f"{where} speaks to nobody of the people")


def _places(found: Sequence[Speak | Hold]) -> list[int]:
    return [one.after for one in found]


def _fault(what: str) -> PydanticCustomError:
    return PydanticCustomError("script", "{what}", {"what": what})
