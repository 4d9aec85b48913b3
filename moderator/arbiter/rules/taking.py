"""Rules about taking the floor: when it is free, and when it may be taken from somebody."""

from __future__ import annotations

from moderator.arbiter.rules.base import Situation, Verdict
from moderator.events import Act, Action, Reason
from moderator.floor.state import FloorStatus
from moderator.labels import unnamed
from moderator.timeline import to_samples
from roles.people import allows


def floor_free(situation: Situation) -> Verdict | None:
    """A free floor is taken after the role's minimum gap, and a silence broken after its patience.

    A held floor is left alone, unless the proposal is to cut in and the role may.
    """
    floor, turn, proposal = situation.floor, situation.role.turn, situation.proposal
    if floor.agent_speaking or situation.standing.turn_act is not None:
        return Verdict(Action.WAIT, Reason.ALREADY_SPEAKING)
    if floor.status is not FloorStatus.FREE:
        return _cut_in(situation)
    gap = turn.minimum_gap_s
    if proposal is not None and proposal.act is Act.PROMPT:
        gap = max(gap, turn.silence_patience_s)
    if floor.silence < to_samples(gap):
        return Verdict(Action.WAIT, Reason.GAP_TOO_SHORT)
    return Verdict(Action.SPEAK, Reason.FLOOR_FREE)


def _cut_in(situation: Situation) -> Verdict:
    proposal = situation.proposal
    if proposal is None or proposal.act is not Act.CUT_IN:
        return Verdict(Action.WAIT, Reason.FLOOR_HELD)
    if any(is_protected(situation, speaker) for speaker in situation.floor.voices):
        return Verdict(Action.WAIT, Reason.PROTECTED_SPEAKER)
    return Verdict(Action.SPEAK, Reason.MAY_CUT_IN)


def is_protected(situation: Situation, speaker: str) -> bool:
    """The role never cuts in on this speaker; nor on a voice that may be such a person's."""
    people = situation.role.turn.never_interrupt
    if unnamed(speaker):
        return people not in ("nobody", [])
    return allows(people, speaker, situation.names.get(speaker, speaker))
