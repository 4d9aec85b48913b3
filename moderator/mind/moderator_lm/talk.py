"""Who had a voice when, as far back as the floor model looks: bounded for any length."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from moderator.events import SpeakerActivity
from moderator.floor.features import SeatVoices
from moderator.floor.state import FloorView
from moderator.mind.moderator_lm.floor_features import WINDOW_S
from moderator.timeline import Samples, to_samples

KEPT = to_samples(2 * WINDOW_S)
"""Twice the window: when somebody spoke before the seat did is asked for as well."""


class Talk:
    """The voices of one meeting as the agent hears them.

    Args:
        me: the agent's name.
    """

    def __init__(self, me: str) -> None:
        self._me = me
        self._own: deque[SpeakerActivity] = deque()
        self._others: dict[str, deque[SpeakerActivity]] = {}

    def hear(self, pieces: Iterable[SpeakerActivity], floor: FloorView) -> None:
        """Goes on to `floor.now`; pieces that touch become one."""
        for piece in pieces:
            _join(self._others.setdefault(piece.speaker, deque()), piece)
        if floor.agent_speaking and floor.agent_turn_for > 0:
            _join(self._own, SpeakerActivity(self._me, floor.now - floor.agent_turn_for, floor.now))
        elif self._own and floor.since_agent is not None:
            self._end_own(floor.now - floor.since_agent)
        for spans in (self._own, *self._others.values()):
            while spans and spans[0].end < floor.now - KEPT:
                spans.popleft()
        self._others = {name: spans for name, spans in self._others.items() if spans}

    def _end_own(self, at: Samples) -> None:
        """The agent's turn went on for a little after it was last seen to."""
        last = self._own[-1]
        if 0 < at - last.end <= to_samples(3.0):
            self._own[-1] = SpeakerActivity(self._me, last.start, at)

    def forget(self, speaker: str) -> None:
        """Drops somebody's voice."""
        self._others.pop(speaker, None)

    def others(self, present: Iterable[str]) -> list[str]:
        """Everybody else who is there or was heard, in order."""
        return sorted({*present, *self._others} - {self._me})

    def voices(self, present: Iterable[str]) -> Callable[[], SeatVoices]:
        """The agent's own voice, and those of `others`.

        What was heard is copied at once; the rest is done by the call, in whatever thread.
        """
        own = list(self._own)
        others = [list(self._others.get(name, ())) for name in self.others(present)]
        return lambda: SeatVoices(own, others)


def _join(spans: deque[SpeakerActivity], piece: SpeakerActivity) -> None:
    if spans and piece.start <= spans[-1].end:
        last = spans.pop()
        piece = SpeakerActivity(
            last.speaker, min(last.start, piece.start), max(last.end, piece.end)
        )
    spans.append(piece)
