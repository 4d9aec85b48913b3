"""Role-play from real meetings: what a role would have said is taken by somebody who plays it.

Nobody has recorded meetings with a timekeeper or a facilitator who is nothing else. But people in
meetings do now and then what such roles do all the time. Those turns, with their words and times,
are given to one more participant, whose position is the role's. Everything said and every pause is
real; the same meeting teaches other turns in another role, so that only the role tells them apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from moderator.measure.bench.floor_turns import Span, floor_turns, speakers
from moderator.measure.bench.meeting import AddressedAct, BenchMeeting
from moderator.mind.base import Participant
from moderator.mind.moderator_lm.parts import part_of
from moderator.timeline import Samples, to_samples
from roles.schema import Role

LONGEST = to_samples(20.0)
"""A role says a sentence or two; a longer turn stays whose it was."""

OPENS_WITHIN = to_samples(1.0)
"""A turn that begins within this of an annotated topic's beginning opens the topic."""

QUESTIONS = frozenset({"el.inf", "el.sug", "el.ass", "el.und"})
"""AMI's tags of dialogue acts that ask for information, a suggestion, a judgement, or whether
something was understood."""

_AMOUNT = r"(\d+|one|two|three|four|five|ten|fifteen|twenty|thirty|forty|(a )?few|couple of|more)"
TIME_LEFT = re.compile(
    rf"\b({_AMOUNT}[ -]minutes?|minutes? (left|to go|remaining)|(out|run\w*) of time|over time"
    r"|time('s| is) up|time left|how much time|wrap (it |this |things )?up|on time)\b",
    re.IGNORECASE,
)
"""How people speak of the time that a meeting has left."""


@dataclass(frozen=True, slots=True)
class Share:
    """Which turns are a role's.

    Attributes:
        leads: of those who lead the meeting alone, not of everybody.
        asks: turns with a question in them.
        opens: turns that open a topic.
        tells_time: turns that speak of the time left.
    """

    leads: bool = False
    asks: bool = False
    opens: bool = False
    tells_time: bool = False

    @property
    def silent(self) -> bool:
        """The role never says anything."""
        return not (self.asks or self.opens or self.tells_time)


_STEERS = Share(leads=True, asks=True, opens=True)

SHARES: Mapping[str, Share] = {
    "chair": _STEERS,
    "facilitator": _STEERS,
    "host": _STEERS,
    "interviewer": Share(asks=True),
    "observer": Share(),
    "timekeeper": Share(tells_time=True),
}
"""By a role's id, those that people in ordinary meetings do the work of."""


def original(meeting_id: str) -> str:
    """The name of the meeting that a role-play was made from; of another meeting, its own."""
    name, _, role = meeting_id.rpartition(".")
    return name if role in SHARES else meeting_id


def play(meeting: BenchMeeting, role: Role, after: int = 0) -> BenchMeeting | None:
    """The meeting with one more participant, who plays a role.

    Args:
        meeting: without anybody who plays a role.
        role: one of `SHARES`.
        after: after which participant the new one stands, in the order of ids.

    Returns:
        None where nobody says anything of what the role says.

    Raises:
        KeyError: nobody does the role's work.
    """
    share = SHARES[role.id]
    given = _given(meeting, share)
    if not given and not share.silent:
        return None
    part, names = part_of(role), sorted(meeting.participants)
    me = f"{names[after % len(names)]}-{role.id}"
    words = (
        replace(word, speaker=me) if _inside(given, word.speaker, word.start, word.end) else word
        for word in meeting.words
    )
    player = Participant(me, role.identity.name, part.position)
    everybody = frozenset(names)
    return replace(
        meeting,
        meeting_id=f"{meeting.meeting_id}.{role.id}",
        words=tuple(sorted(words, key=lambda word: (word.start, word.end, word.speaker))),
        participants={**meeting.participants, me: player},
        moderator=(me,) if part.leads else meeting.moderator,
        acts=tuple(_retold(act, me, given, everybody) for act in meeting.acts),
        played=me,
    )


def _given(meeting: BenchMeeting, share: Share) -> Mapping[str, list[Span]]:
    """The turns that are the role's, by who really said them; of two at once, the first alone."""
    whose = meeting.moderator if share.leads else speakers(meeting)
    turns = [turn for name in whose for turn in floor_turns(meeting, name)]
    given: dict[str, list[Span]] = {}
    silent_from = 0
    for turn in sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker)):
        short = turn.end - turn.start <= LONGEST
        if short and turn.start >= silent_from and _fits(meeting, turn, share):
            given.setdefault(turn.speaker, []).append(turn)
            silent_from = turn.end
    return given


def _fits(meeting: BenchMeeting, turn: Span, share: Share) -> bool:
    if share.asks and any(
        act.type in QUESTIONS and act.speaker == turn.speaker and _meets(turn, act.start, act.end)
        for act in meeting.acts
    ):
        return True
    if share.opens and any(abs(at - turn.start) <= OPENS_WITHIN for at in meeting.topics):
        return True
    if not share.tells_time:
        return False
    said = (
        word.text
        for word in meeting.words
        if word.speaker == turn.speaker and turn.start <= word.start < turn.end
    )
    return TIME_LEFT.search(" ".join(said)) is not None


def _retold(
    act: AddressedAct, me: str, given: Mapping[str, list[Span]], everybody: frozenset[str]
) -> AddressedAct:
    """An act as it is now: by the player, or to them too where it was to everybody."""
    if _inside(given, act.speaker, act.start, act.end):
        return replace(act, speaker=me)
    if act.to and everybody - {act.speaker} <= set(act.to):
        return replace(act, to=(*act.to, me))
    return act


def _inside(given: Mapping[str, list[Span]], speaker: str, start: Samples, end: Samples) -> bool:
    middle = (start + end) // 2
    return any(turn.start <= middle <= turn.end for turn in given.get(speaker, ()))


def _meets(turn: Span, start: Samples, end: Samples) -> bool:
    """Whether most of an act lies in a turn."""
    return turn.start <= (start + end) // 2 <= turn.end
