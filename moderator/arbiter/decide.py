"""The turn arbiter: what the agent does now, and why.

Pure: role, floor, standing and proposal in, decision out. What a prompt cannot enforce is
enforced here: quotas, cool-down, who may command, hard stop, banned acts.
"""

from __future__ import annotations

from moderator.arbiter.rules import commands, connection, quotas, signals, taking, wish, yielding
from moderator.arbiter.rules.base import Rule, Situation, first_verdict
from moderator.events import Action, Decision, InputValue, Reason
from moderator.timeline import to_seconds

WHILE_SPEAKING: tuple[Rule, ...] = (
    commands.hard_stop,
    connection.out_of_hearing,
    quotas.limit_reached,
    yielding.floor_taken,
    yielding.yield_floor,
    yielding.pause,
    yielding.go_on,
    quotas.limit_near,
)
"""Tried first; each may end the agent's turn, or interrupt it."""

BEFORE_ACTING: tuple[Rule, ...] = (
    commands.quiet,
    connection.cut_off,
    wish.proposed,
    connection.behind,
    wish.permitted,
    signals.hand_raise,
    quotas.turn_length,
    quotas.share_ceiling,
    signals.backchannel,
    quotas.cool_down,
    taking.floor_free,
)
"""Tried in order; the first that applies decides, the last always does."""


def decide(situation: Situation) -> Decision:
    """Decides what happens at `situation.floor.now`.

    The same situation gives the same decision. The reason names the first rule that applied.
    """
    rules = WHILE_SPEAKING + BEFORE_ACTING
    verdict = first_verdict(rules, situation)
    action, reason = verdict if verdict else (Action.WAIT, Reason.NO_PROPOSAL)
    proposal = situation.proposal
    return Decision(
        at=situation.floor.now,
        action=action,
        reason=reason,
        act=proposal.act if proposal else situation.standing.turn_act,
        addressee=proposal.addressee if proposal else None,
        inputs=_inputs(situation),
    )


def _inputs(situation: Situation) -> dict[str, InputValue]:
    """What the rules looked at, in seconds and shares, for people who read the journal."""
    floor, proposal = situation.floor, situation.proposal
    since, takes = floor.since_agent, None if proposal is None else proposal.takes
    left = quotas.share_left(situation.role, floor)
    return {
        "floor": floor.status.value,
        "holder": floor.holder,
        "voices": ",".join(sorted(floor.voices)) or None,
        "silence_s": to_seconds(floor.silence),
        "overlap_s": to_seconds(floor.overlap_for),
        "agent_turn_s": to_seconds(floor.agent_turn_for),
        "since_agent_s": None if since is None else to_seconds(since),
        "agent_share": round(floor.agent_share, 4),
        "share_left_s": None if left is None else to_seconds(left),
        "takes_s": None if takes is None else to_seconds(takes),
        "probability": None if proposal is None else round(proposal.probability, 6),
        "threshold": wish.threshold(situation),
    }
