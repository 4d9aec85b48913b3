"""Rules about what the agent was told."""

from __future__ import annotations

from moderator.arbiter.rules.base import Situation, Verdict
from moderator.events import Action, Reason


def hard_stop(situation: Situation) -> Verdict | None:
    """A hard stop ends the agent's turn, whatever the role says of yielding."""
    standing = situation.standing
    told = standing.hard_stop or standing.hushed or standing.listen_only
    if told and standing.turn_act is not None:
        return Verdict(Action.STOP, Reason.HARD_STOP)
    return None


def quiet(situation: Situation) -> Verdict | None:
    """A hushed agent, or one told to listen only, does nothing that can be heard or seen."""
    if not situation.role.turn.may_speak:
        return Verdict(Action.WAIT, Reason.NEVER_SPEAKS)
    if situation.standing.hushed:
        return Verdict(Action.WAIT, Reason.HUSHED)
    if situation.standing.listen_only:
        return Verdict(Action.WAIT, Reason.LISTEN_ONLY)
    return None
