"""What a rule is: one reason to hold back, to give way, or to go ahead."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from moderator.events import Act, Action, Proposal, Reason
from moderator.floor.state import FloorView
from moderator.sparing import Spared
from moderator.timeline import Samples
from roles.schema import Role


@dataclass(frozen=True, slots=True)
class Standing:
    """What has been said to the agent and what it is doing, beside the floor.

    Attributes:
        hard_stop: somebody with the authority told it to stop, just now.
        hushed: it was told to be quiet and not yet to resume.
        listen_only: it was told to listen only.
        turn_act: the act of the turn it is speaking; None when it is silent.
        turn_takes: how long that turn was expected to last; None where that was not known.
        ends_by: meeting time by which that turn is to end by itself; None where nothing is in the
            way of it.
        paused_at: meeting time at which it paused in its turn; None when it has not, or went on.
        last_backchannel: meeting time of its last backchannel.
        last_hand: meeting time at which it last raised its hand.
        cut_off: the connection to the meeting is lost.
        spared: what the meeting does without, since it is late.
    """

    hard_stop: bool = False
    hushed: bool = False
    listen_only: bool = False
    turn_act: Act | None = None
    turn_takes: Samples | None = None
    ends_by: Samples | None = None
    paused_at: Samples | None = None
    last_backchannel: Samples | None = None
    last_hand: Samples | None = None
    cut_off: bool = False
    spared: Spared = Spared.NOTHING


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything a rule may look at.

    Attributes:
        role: the agent's role.
        names: participants' names by id, so that a role can name people either way.
        floor: the floor now.
        standing: commands and the agent's own turn.
        proposal: what the mind wishes; None for nothing.
    """

    role: Role
    names: Mapping[str, str]
    floor: FloorView
    standing: Standing
    proposal: Proposal | None


class Verdict(NamedTuple):
    """A rule that applies: what happens, and why."""

    action: Action
    reason: Reason


Rule: TypeAlias = Callable[[Situation], Verdict | None]
"""Looks at a situation; None where it has nothing to say."""


def first_verdict(rules: Sequence[Rule], situation: Situation) -> Verdict | None:
    """What the first rule that applies says."""
    for rule in rules:
        verdict = rule(situation)
        if verdict is not None:
            return verdict
    return None
