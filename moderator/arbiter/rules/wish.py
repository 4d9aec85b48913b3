"""Rules about the proposal itself: is it fresh, strong enough, and allowed to this role?"""

from __future__ import annotations

from moderator.arbiter.rules.base import Situation, Verdict
from moderator.events import Act, Action, Reason
from moderator.timeline import to_samples

STALE_AFTER = to_samples(2.0)
"""A wish made from an older percept than this was made for another moment."""


def proposed(situation: Situation) -> Verdict | None:
    """Without a fresh and confident proposal there is nothing to decide on."""
    proposal = situation.proposal
    if proposal is None:
        return Verdict(Action.WAIT, Reason.NO_PROPOSAL)
    if situation.floor.now - proposal.at > STALE_AFTER:
        return Verdict(Action.WAIT, Reason.STALE)
    if proposal.probability < threshold(situation):
        return Verdict(Action.WAIT, Reason.NOT_EAGER_ENOUGH)
    return None


def threshold(situation: Situation) -> float:
    """The least probability that this role acts on."""
    return round(1.0 - situation.role.turn.eagerness, 9)


def permitted(situation: Situation) -> Verdict | None:
    """The role may ban acts, and may speak only when addressed.

    To cut in on a floor that is free is still not to give way to who takes it meanwhile.
    """
    turn, proposal = situation.role.turn, situation.proposal
    if proposal is None:
        return None
    cuts_in = proposal.act is Act.CUT_IN and not turn.may_cut_in
    if proposal.act in turn.banned_acts or cuts_in:
        return Verdict(Action.WAIT, Reason.ACT_BANNED)
    silent = proposal.act in (Act.HAND_RAISE, Act.BACKCHANNEL)
    if turn.only_when_addressed and not proposal.answering and not silent:
        return Verdict(Action.WAIT, Reason.NOT_ADDRESSED)
    return None
