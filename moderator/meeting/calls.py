"""The tool calls of a turn as events, with their times in the meeting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from moderator.events import Failure
from moderator.timeline import Samples
from moderator.tool_calls import ToolCall, ToolCalled, ToolOutcome

PART = "tool"
"""What has failed, where a tool has."""


class Calls:
    """Tells of each call once, when it is over; a call that its turn ends is cut off."""

    def __init__(self) -> None:
        self._turn = 0
        self._begun: list[Samples] = []
        self._told: set[int] = set()
        self.cited: tuple[int, ...] = ()
        """Numbers of the calls whose results the turn says, from 1."""

    def begin(self, turn: int) -> None:
        """Another turn begins."""
        self._turn, self._begun, self._told, self.cited = turn, [], set(), ()

    def events(
        self, calls: Sequence[ToolCall], now: Samples, *, ended: bool
    ) -> Iterator[ToolCalled | Failure]:
        """The calls that are over, each as a call and, if it failed, as a failure.

        Args:
            calls: of the turn, all so far.
            now: meeting time.
            ended: the turn is over.
        """
        self._begun += [now] * (len(calls) - len(self._begun))
        self.cited = tuple(number for number, call in enumerate(calls, start=1) if call.cited)
        for number, call in enumerate(calls, start=1):
            outcome = call.outcome or (ToolOutcome.CUT_OFF if ended else None)
            if outcome is None or number in self._told:
                continue
            self._told.add(number)
            lasted = now - self._begun[number - 1]
            yield ToolCalled(
                now, self._turn, number, call.tool, outcome, lasted, call.arguments, call.result
            )
            if call.failure is not None:
                yield Failure(now, PART, call.failure)
