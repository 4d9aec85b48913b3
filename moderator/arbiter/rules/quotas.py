"""Rules about how much and how often the agent speaks.

A limit holds while the agent speaks, not only when it begins: what it is about to say counts
before it is said, a turn that comes near a limit is brought to its end, and one that would go
beyond it in the next tick falls silent.
"""

from __future__ import annotations

from math import floor as rounded_down

from moderator.arbiter.rules.base import Situation, Verdict
from moderator.events import Act, Action, Proposal, Reason
from moderator.floor.state import FloorView
from moderator.timeline import FRAME, TICK, Samples, to_samples
from roles.schema import Role

SHARE_BASE = to_samples(120.0)
"""A share of less talk than this says little: until then it is taken as this much."""

SENTENCE = to_samples(4.0)
"""About a sentence: what a turn of unknown length is counted as before it begins, and how long
before a limit a turn gets to come to its end."""

BACKCHANNEL = to_samples(1.0)
"""What a backchannel is counted as; one that lasts twice as long is none."""

STEP = TICK + FRAME
"""What the agent sounds for, at least, if it is not stopped now: until the next decision, and then
while it fades."""


def cool_down(situation: Situation) -> Verdict | None:
    """After its turn the agent leaves the floor to the others, unless it was addressed."""
    since, proposal = situation.floor.since_agent, situation.proposal
    if since is None or (proposal is not None and proposal.answering):
        return None
    if since < to_samples(situation.role.turn.cool_down_s):
        return Verdict(Action.WAIT, Reason.COOLING_DOWN)
    return None


def share_ceiling(situation: Situation) -> Verdict | None:
    """What is to be said must fit into the agent's share of recent talk, by the role's ceiling."""
    left, proposal = share_left(situation.role, situation.floor), situation.proposal
    if left is None or proposal is None or situation.standing.turn_act is not None:
        return None
    longest = to_samples(situation.role.turn.max_turn_s)
    takes = planned(proposal)
    if left < max(STEP, min(SENTENCE if takes is None else takes, longest)):
        return Verdict(Action.WAIT, Reason.SHARE_CEILING)
    return None


def turn_length(situation: Situation) -> Verdict | None:
    """Nothing is begun that would be too long before it could be stopped."""
    if to_samples(situation.role.turn.max_turn_s) < STEP:
        return Verdict(Action.WAIT, Reason.TURN_TOO_LONG)
    return None


def limit_reached(situation: Situation) -> Verdict | None:
    """A turn that would be too long, or too much of the talk, one tick later stops."""
    if situation.standing.turn_act is None:
        return None
    left, reason = _nearest_limit(situation)
    return Verdict(Action.STOP, reason) if left < STEP else None


def limit_near(situation: Situation) -> Verdict | None:
    """A turn that will hardly be over before a limit is to end at a sentence before it."""
    standing, own = situation.standing, situation.floor.agent_turn_for
    ending = standing.ends_by is not None or standing.paused_at is not None
    if standing.turn_act is None or not own or ending:
        return None
    left, reason = _nearest_limit(situation)
    takes = standing.turn_takes
    over_before = takes is not None and own < takes <= own + left
    if left > SENTENCE or over_before:
        return None
    return Verdict(Action.YIELD, reason)


def planned(proposal: Proposal) -> Samples | None:
    """How long a turn is expected to last; None where nobody knows."""
    if proposal.act is Act.BACKCHANNEL and proposal.takes is None:
        return BACKCHANNEL
    return proposal.takes


def share_left(role: Role, floor: FloorView) -> Samples | None:
    """How long the agent may sound before it has the share of recent talk that the role allows.

    What is too old to count one tick later does not count.

    Returns:
        Negative where it has more already; None where the role sets no limit.
    """
    ceiling = role.turn.share_ceiling
    if ceiling >= 1:
        return None
    own = floor.agent_talk - floor.agent_talk_leaving
    talk = floor.talk - floor.talk_leaving
    # What it says is part of all talk: own + left = ceiling * (talk + left).
    of_all = (ceiling * talk - own) / (1 - ceiling)
    return rounded_down(max(of_all, ceiling * SHARE_BASE - own))


def ends_by(situation: Situation) -> Samples:
    """When the turn that is under way must have ended, so that no limit cuts it off."""
    return situation.floor.now + _nearest_limit(situation)[0] - STEP


def _nearest_limit(situation: Situation) -> tuple[Samples, Reason]:
    """How long the turn may go on, and why no longer."""
    longest = to_samples(situation.role.turn.max_turn_s)
    if situation.standing.turn_act is Act.BACKCHANNEL:
        longest = min(longest, 2 * BACKCHANNEL)
    left = longest - situation.floor.agent_turn_for
    share = share_left(situation.role, situation.floor)
    if share is not None and share < left:
        return share, Reason.SHARE_CEILING
    return left, Reason.TURN_TOO_LONG
