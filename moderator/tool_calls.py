"""Calls of tools, by which an answer looks something up: as a mind tells them, and as an event."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from moderator.timeline import Samples


class ToolOutcome(StrEnum):
    """What came of a call."""

    OK = "ok"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    REFUSED = "refused"
    """No such tool is allowed, or the arguments do not fit; it was not called."""
    CUT_OFF = "cut_off"
    """The turn ended before."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call as the mind that makes it tells it.

    Attributes:
        tool: its name; empty for one that is not allowed.
        arguments: as JSON, cut.
        outcome: None while it goes on.
        result: what it returned, on one line, cut.
        error: class of what it failed with.
        cited: the answer says what it returned.
    """

    tool: str
    arguments: str
    outcome: ToolOutcome | None = None
    result: str = ""
    error: str = ""
    cited: bool = False

    @property
    def failure(self) -> str | None:
        """How it failed, without anything that was said; None: it did not."""
        if self.outcome is ToolOutcome.TIMED_OUT:
            return f"{self.tool}: it does not answer"
        if self.outcome is ToolOutcome.FAILED:
            return f"{self.tool}: it failed ({self.error})"
        return None


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """A tool was called for an answer.

    Attributes:
        at: meeting time at which it was over.
        turn: the agent's turn.
        call: its number in the turn, from 1.
        tool: as in `ToolCall`, like what follows.
        outcome: what came of it.
        lasted: meeting time that it took.
        arguments: as JSON, cut.
        result: what it returned, cut.
        quotes: ids of people whose words arguments and result may hold.
    """

    at: Samples
    turn: int
    call: int
    tool: str
    outcome: ToolOutcome
    lasted: Samples
    arguments: str = ""
    result: str = ""
    quotes: tuple[str, ...] = ()
