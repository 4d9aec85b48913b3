"""Rules about an agent that has lost the meeting, or is so late that it hears another moment."""

from __future__ import annotations

from moderator.arbiter.rules.base import Situation, Verdict
from moderator.events import Action, Reason


def out_of_hearing(situation: Situation) -> Verdict | None:
    """A turn that nobody hears ends."""
    standing = situation.standing
    if standing.cut_off and standing.turn_act is not None:
        return Verdict(Action.STOP, Reason.NOT_CONNECTED)
    return None


def cut_off(situation: Situation) -> Verdict | None:
    """Nothing is begun that nobody would hear."""
    if situation.standing.cut_off:
        return Verdict(Action.WAIT, Reason.NOT_CONNECTED)
    return None


def behind(situation: Situation) -> Verdict | None:
    """Nothing is begun that would come at another moment than the one it is meant for."""
    if situation.standing.spared.speech:
        return Verdict(Action.WAIT, Reason.OVERLOADED)
    return None
