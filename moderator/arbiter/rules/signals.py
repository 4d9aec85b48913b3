"""Rules about the acts that do not take the floor: backchannels and the raised hand."""

from __future__ import annotations

from moderator.arbiter.rules.base import Situation, Verdict
from moderator.events import Act, Action, Reason
from moderator.floor.state import FloorStatus
from moderator.timeline import Samples, to_samples


def backchannel(situation: Situation) -> Verdict | None:
    """A short sound while one other person holds the floor, where the role allows it."""
    proposal, turn = situation.proposal, situation.role.turn
    if proposal is None or proposal.act is not Act.BACKCHANNEL:
        return None
    if not turn.backchannels.allowed:
        return Verdict(Action.WAIT, Reason.ACT_BANNED)
    if situation.standing.turn_act is not None:
        return Verdict(Action.WAIT, Reason.ALREADY_SPEAKING)
    if _less_ago(situation.standing.last_backchannel, situation, turn.backchannels.every_s):
        return Verdict(Action.WAIT, Reason.COOLING_DOWN)
    if situation.floor.status is not FloorStatus.HELD:
        return Verdict(Action.WAIT, Reason.NO_LISTENER_TURN)
    return Verdict(Action.BACKCHANNEL, Reason.BACKCHANNEL_DUE)


def hand_raise(situation: Situation) -> Verdict | None:
    """A raised hand is seen, not heard: the floor does not matter, only how often."""
    proposal, turn = situation.proposal, situation.role.turn
    if proposal is None or proposal.act is not Act.HAND_RAISE:
        return None
    if _less_ago(situation.standing.last_hand, situation, turn.cool_down_s):
        return Verdict(Action.WAIT, Reason.COOLING_DOWN)
    return Verdict(Action.RAISE_HAND, Reason.WANTS_FLOOR)


def _less_ago(when: Samples | None, situation: Situation, seconds: float) -> bool:
    return when is not None and situation.floor.now - when < to_samples(seconds)
