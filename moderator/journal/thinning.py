"""Leaves out of a journal what says nothing: percepts without news at which the agent waited."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from moderator.events import Action, Decision, Heard, Percept, Reason
from moderator.timeline import Samples

E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class QuietPercepts:
    """Percepts in a row in which no word came and no voice began or ended.

    Attributes:
        index: of the last.
        start: meeting time at which the first begins.
        end: meeting time at which the last ends.
        waits: decisions at them: all to wait for want of a proposal.
    """

    index: int
    start: Samples
    end: Samples
    waits: int


class Thinning(Generic[E]):
    """Makes a run of percepts without news one line; their decisions follow from the rest.

    What is heard is passed on as it comes, so a run is written after what was heard in it; every
    other event comes after the run before it, at which its time can be read.
    """

    def __init__(self) -> None:
        self._run: QuietPercepts | None = None
        self._undecided: Percept | None = None
        self._news = True
        self._heard = Heard(0)

    @property
    def run(self) -> QuietPercepts | None:
        """The percepts without news at the end of what was taken; they may become more."""
        return self._longer(waits=0)

    def take(self, event: E) -> Iterator[E | QuietPercepts]:
        """What is to be written now, of this event and those before it."""
        if isinstance(event, Heard):
            if _differ(event, self._heard):
                yield from self._end()
            self._heard = event
            yield event
        elif isinstance(event, Percept) and not self._is_news(event):
            yield from self._end(news=False) if self._undecided else ()
            self._undecided = event
        elif isinstance(event, Decision) and _says_nothing(event):
            if self._undecided is None:
                yield event
            else:
                self._run, self._undecided = self._longer(waits=1), None
        else:
            yield from self._end(news=not isinstance(event, Percept))
            yield event

    def _is_news(self, percept: Percept) -> bool:
        """Something came since the percept before; also the end of a voice, which is not heard."""
        if self._heard.at <= percept.start and (self._heard.speaking or self._heard.partials):
            self._heard = Heard(percept.end)
            return True
        return self._news

    def _longer(self, waits: int) -> QuietPercepts | None:
        """The run with the percept that awaits its decision."""
        run, last = self._run, self._undecided
        if last is None:
            return run
        if run is None:
            return QuietPercepts(last.index, last.start, last.end, waits)
        return QuietPercepts(last.index, run.start, last.end, run.waits + waits)

    def _end(self, *, news: bool = True) -> Iterator[QuietPercepts]:
        run = self._longer(waits=0)
        self._run = self._undecided = None
        self._news = news
        if run is not None:
            yield run


def _differ(heard: Heard, before: Heard) -> bool:
    """There are words, or other voices than before."""
    voices = heard.speaking != before.speaking
    return bool(heard.words) or voices or heard.partials != before.partials


def _says_nothing(decision: Decision) -> bool:
    return decision.action is Action.WAIT and decision.reason is Reason.NO_PROPOSAL
