"""Rules about giving the floor back while the agent speaks."""

from __future__ import annotations

from moderator.arbiter.rules.base import Situation, Verdict
from moderator.arbiter.rules.taking import is_protected
from moderator.events import Act, Action, Reason
from moderator.labels import unnamed
from moderator.timeline import to_samples
from roles.people import allows

RETREAT_WITHIN = to_samples(1.0)
"""Two who begin together: within this the agent retreats at once."""

RETREAT_VOICE = to_samples(0.2)
"""A voice shorter than this may be a noise."""

CUT_IN_PATIENCE = to_samples(3.0)
"""Whom the agent cut in on may finish a phrase; if they go on for longer, it gives up."""


PAUSE_AHEAD = to_samples(1.2)
"""It is silent for this long before it gives way: nobody talks over it, and most backchannels are
over by then."""

PAUSE_LONGEST = to_samples(2.0)
"""After a longer pause nobody knows any more what it was saying: the turn is over."""


def yield_floor(situation: Situation) -> Verdict | None:
    """Talk over the agent ends its turn: at once when both began together, else when it lasts."""
    floor, paused = situation.floor, situation.standing.paused_at
    if not floor.agent_speaking:
        return None
    if paused is not None and floor.now - paused >= PAUSE_LONGEST:
        return Verdict(Action.YIELD, Reason.TALKED_OVER)
    over = [_talked_over(situation, name, lasted) for name, lasted in floor.voices.items()]
    return next((verdict for verdict in over if verdict is not None), None)


def pause(situation: Situation) -> Verdict | None:
    """A voice over the agent silences it before it is known whether that is a backchannel."""
    if situation.floor.agent_speaking and situation.standing.paused_at is None:
        return Verdict(Action.PAUSE, Reason.VOICE_OVER) if _disturbed(situation) else None
    return None


def go_on(situation: Situation) -> Verdict | None:
    """The voice is gone before it was long enough to give way to: the agent goes on."""
    if situation.floor.agent_speaking and situation.standing.paused_at is not None:
        return None if _disturbed(situation) else Verdict(Action.GO_ON, Reason.WAS_BACKCHANNEL)
    return None


def floor_taken(situation: Situation) -> Verdict | None:
    """Somebody takes the floor while the agent's words are still being made: it lets them."""
    floor, act = situation.floor, situation.standing.turn_act
    if act in (None, Act.CUT_IN, Act.BACKCHANNEL) or floor.agent_speaking:
        return None
    if any(voice >= RETREAT_VOICE for voice in floor.voices.values()):
        return Verdict(Action.YIELD, Reason.FLOOR_TAKEN)
    return None


def _disturbed(situation: Situation) -> bool:
    """Somebody's voice over the agent may become talk that it gives way to."""
    own = situation.floor.agent_turn_for
    cut_in = situation.standing.turn_act is Act.CUT_IN
    lasting = to_samples(situation.role.turn.yield_after_s) - PAUSE_AHEAD
    return any(
        min(voice, own) >= lasting and not (cut_in and voice > own) and _yields_to(situation, name)
        for name, voice in situation.floor.voices.items()
    )


def _talked_over(situation: Situation, speaker: str, voice: int) -> Verdict | None:
    own = situation.floor.agent_turn_for
    if not _yields_to(situation, speaker):
        return None
    if situation.standing.turn_act is Act.CUT_IN and voice > own:
        given_up = own >= CUT_IN_PATIENCE
        return Verdict(Action.YIELD, Reason.TALKED_OVER) if given_up else None
    if own < RETREAT_WITHIN and voice >= RETREAT_VOICE:
        return Verdict(Action.YIELD, Reason.STARTED_TOGETHER)
    if min(voice, own) >= to_samples(situation.role.turn.yield_after_s):
        return Verdict(Action.YIELD, Reason.TALKED_OVER)
    return None


def _yields_to(situation: Situation, speaker: str) -> bool:
    """Whoever may not be interrupted is always yielded to; an unknown voice if anybody is."""
    people = situation.role.turn.yields_to
    if unnamed(speaker):
        return people not in ("nobody", [])
    name = situation.names.get(speaker, speaker)
    return allows(people, speaker, name) or is_protected(situation, speaker)
