"""Rules about how much and how often the agent speaks."""

from __future__ import annotations

from moderator.arbiter.rules.base import Situation, Verdict
from moderator.events import Action, Reason
from moderator.timeline import to_samples

SHARE_BASE = to_samples(120.0)
"""A share of less talk than this says little: until then it is taken as this much."""


def cool_down(situation: Situation) -> Verdict | None:
    """After its turn the agent leaves the floor to the others, unless it was addressed."""
    since, proposal = situation.floor.since_agent, situation.proposal
    if since is None or (proposal is not None and proposal.answering):
        return None
    if since < to_samples(situation.role.turn.cool_down_s):
        return Verdict(Action.WAIT, Reason.COOLING_DOWN)
    return None


def share_ceiling(situation: Situation) -> Verdict | None:
    """The agent's share of recent talk stays below the role's ceiling."""
    floor = situation.floor
    if floor.agent_talk >= situation.role.turn.share_ceiling * max(floor.talk, SHARE_BASE):
        return Verdict(Action.WAIT, Reason.SHARE_CEILING)
    return None


def turn_length(situation: Situation) -> Verdict | None:
    """A turn that has become too long ends."""
    if situation.floor.agent_turn_for >= to_samples(situation.role.turn.max_turn_s):
        return Verdict(Action.STOP, Reason.TURN_TOO_LONG)
    return None
