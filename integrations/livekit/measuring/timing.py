"""How long things took in a meeting, found from its events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from moderator.events import (
    LIMITS,
    Act,
    Action,
    CommandGiven,
    Decision,
    Heard,
    Proposal,
    Reason,
    TurnEnded,
    TurnStarted,
)
from moderator.journal.lines import Event
from moderator.timeline import TICK, Samples, to_samples

SAME_TALK = to_samples(0.5)
"""Voices with less than this between them are one talk over the agent."""

SETTLES_WITHIN = to_samples(1.0)
"""Where a voice ended is known this soon; until then, the tick it was last noticed in counts."""


class Timed(StrEnum):
    """What is timed, by its metric's name."""

    DECISION = "moderator.decision.duration"
    MIND = "moderator.mind.duration"
    RESPONSE = "moderator.response.gap"
    YIELD = "moderator.yield.duration"


@dataclass(frozen=True, slots=True)
class Lasted:
    """One duration.

    Attributes:
        what: was timed.
        lasted: how long.
        action: of the decision.
        reason: of giving way.
        act: of the turn.
    """

    what: Timed
    lasted: Samples
    action: Action | None = None
    reason: Reason | None = None
    act: Act | None = None


class Timing:
    """Finds durations in the events of a meeting, and adds up talk.

    Args:
        now: the meeting's clock, for what computing took. Everything else is meeting time.
    """

    def __init__(self, now: Callable[[], Samples]) -> None:
        self._now = now
        self.agent_talk: Samples = 0
        """Of turns that are over."""
        self.people_talk: Samples = 0
        """Of all participants together; overlapping talk counts for each."""
        self._voice_at: Samples | None = None
        self._talk_began: Samples = 0
        self._voice_ended: Samples = 0
        self._turn: TurnStarted | None = None
        self._yielding: tuple[Reason, Samples] | None = None
        self._stopped_at: Samples | None = None

    def take(self, event: Event) -> Iterator[Lasted]:
        """The durations that end with this event."""
        if isinstance(event, Heard):
            self._heard(event)
        elif isinstance(event, Proposal):
            yield Lasted(Timed.MIND, self._since(event.at))
        elif isinstance(event, Decision):
            yield Lasted(Timed.DECISION, self._since(event.at), action=event.action)
            self._decided(event)
        elif isinstance(event, CommandGiven):
            self._stopped_at = event.at
        elif isinstance(event, TurnStarted):
            yield from self._started(event)
        elif isinstance(event, TurnEnded):
            yield from self._ended(event)

    def _since(self, at: Samples) -> Samples:
        return max(0, self._now() - at)

    def _heard(self, event: Heard) -> None:
        for piece in event.activities:
            self.people_talk += piece.end - piece.start
            self._voice_ended = max(self._voice_ended, piece.end)
        if event.speaking:
            if self._voice_at is None or event.at - self._voice_at > SAME_TALK:
                self._talk_began = event.at - TICK
            self._voice_at = event.at

    def _decided(self, event: Decision) -> None:
        if event.action not in (Action.YIELD, Action.STOP) or self._turn is None:
            return
        talked_over = self._voice_at is not None and event.at - self._voice_at <= SAME_TALK
        if event.reason is Reason.HARD_STOP and self._stopped_at is not None:
            self._yielding = (event.reason, self._stopped_at)
        elif talked_over and event.reason not in LIMITS:
            self._yielding = (event.reason, max(self._talk_began, self._turn.at))

    def _started(self, event: TurnStarted) -> Iterator[Lasted]:
        self._turn, self._yielding = event, None
        last = self._voice_at
        if event.act is Act.BACKCHANNEL or last is None:
            return
        ended = self._voice_ended if last - self._voice_ended <= SETTLES_WITHIN else last
        if ended < event.at:
            yield Lasted(Timed.RESPONSE, event.at - ended, act=event.act)

    def _ended(self, event: TurnEnded) -> Iterator[Lasted]:
        turn, self._turn = self._turn, None
        if turn is None:
            return
        self.agent_talk += event.at - turn.at
        if self._yielding is not None:
            reason, began = self._yielding
            self._yielding = None
            yield Lasted(Timed.YIELD, max(0, event.at - began), reason=reason)
