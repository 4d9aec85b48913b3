"""Duties joined with a mind that decides: measured facts first, a larger model for the rest."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

from moderator.arbiter.rules.wish import STALE_AFTER
from moderator.errors import InputError, MindError
from moderator.events import Failure, Percept, Proposal, SaidAt
from moderator.floor.state import FloorView
from moderator.language.phrases import phrases_of
from moderator.mind.base import (
    Capabilities,
    MindSession,
    Moment,
    PartFailed,
    Participant,
    SpeechLLM,
    cited_by,
    looked_up_by,
    quoted_by,
    recall_in,
)
from moderator.mind.desk import Desk
from moderator.mind.duties.session import Duties, DutiesSession
from moderator.mind.guarded import Guarded
from moderator.mind.tools import TakesTools, Toolbox
from moderator.tool_calls import ToolCall
from roles.schema import Role

DECIDES_WITHIN_S = 31.0
"""A decider that takes longer hangs: a little more than a server may take for a whole reply."""


class Ensemble:
    """Proposes the more pressing wish of the role's duties and of a deciding mind.

    Duties keep their own words. An answer to a question that no measured fact answers is given by
    the decider, if it can; where it fails, the agent says that it cannot answer.

    Args:
        duties: the role's duties.
        decider: a trained model, or one behind a server.
        live: never wait for the decider; its wish is taken when it is there. A replay waits, so
            that its result does not depend on how fast the decider is.
    """

    def __init__(self, duties: Duties, decider: SpeechLLM, *, live: bool = False) -> None:
        self._duties, self._decider, self._live = duties, decider, live

    @property
    def capabilities(self) -> Capabilities:
        """What either of the two can do."""
        return replace(
            self._decider.capabilities,
            name=f"{self._duties.capabilities.name}+{self._decider.capabilities.name}",
        )

    def with_tools(self, tools: Toolbox, *, live: bool) -> Ensemble:
        """The same minds, of which the decider may look things up.

        Raises:
            InputError: it cannot.
        """
        if not isinstance(self._decider, TakesTools):
            what = f"the mind {self._decider.capabilities.name} calls no tools"
            raise InputError(what, where="tools", todo="give --mind openai:MODEL, or --llm")
        return Ensemble(self._duties, self._decider.with_tools(tools, live=live), live=self._live)

    async def open(self, role: Role, participants: Mapping[str, Participant]) -> EnsembleSession:
        """Starts a session of both.

        Raises:
            InputError: as the two minds do.
        """
        duties = await self._duties.open(role, participants)
        decider: MindSession = await self._decider.open(role, participants)
        if self._live:  # what it does wrong is not the duties' fault
            decider = Guarded(decider, DECIDES_WITHIN_S)
        sorry = phrases_of(role).say("answer_failed")
        return EnsembleSession(
            duties, decider, self._decider.capabilities, sorry=sorry, live=self._live
        )


class EnsembleSession:
    """Both minds in one meeting.

    Args:
        duties: the duties' session.
        decider: the other mind's session.
        capabilities: the other mind's.
        sorry: what is said where the decider finds no answer.
        live: never wait for it.
    """

    def __init__(
        self,
        duties: DutiesSession,
        decider: MindSession,
        capabilities: Capabilities,
        *,
        sorry: str,
        live: bool,
    ) -> None:
        self._duties, self._decider = duties, decider
        self._name, self._answers = capabilities.name, capabilities.open_answers
        self._sorry = sorry
        self._desk = Desk(decider, live=live)
        self._wish: Proposal | None = None
        self._failures: list[str] = []
        self._now = 0

    async def push(self, percept: Percept, floor: FloorView) -> None:
        """Takes the next chunk; the decider's failure waits for `propose`."""
        self._now = percept.end
        await self._duties.push(percept, floor)
        await self._desk.ask(percept, floor)

    async def recall(self, moment: Moment) -> None:
        """Tells both."""
        await self._duties.recall(moment)
        await recall_in(self._decider, moment)

    async def propose(self) -> Proposal | None:
        """The more pressing wish.

        Raises:
            PartFailed: the decider failed; the duties' wish stands.
        """
        for outcome in self._desk.collect():
            if isinstance(outcome, Failure):
                self._failures.append(outcome.what)
                self._wish = None
            else:
                self._wish = outcome
        if self._wish is not None and self._now - self._wish.at > STALE_AFTER:
            self._wish = None
        best = self._better(await self._duties.propose(), self._wish)
        failures, self._failures = self._failures, []
        if failures:
            raise PartFailed(f"{self._name}: {'; '.join(failures)}", best)
        return best

    def _better(self, duty: Proposal | None, wish: Proposal | None) -> Proposal | None:
        """An answer from facts before everything else, then the more probable, duties first."""
        if duty is None:
            return wish
        if duty.answering:
            if not (self._duties.open_question and self._answers):
                return duty
            # How long the duty's own words take says nothing of the answer's.
            return replace(duty, mind=self._name, takes_s=None)
        return duty if wish is None or duty.probability >= wish.probability else wish

    def foreseen(self) -> str | None:
        """What the duties would answer from facts."""
        return self._duties.foreseen()

    async def compose(self, proposal: Proposal) -> AsyncIterator[str]:
        """The words, from the mind that the proposal names.

        Raises:
            MindError: the decider found no words for its own wish, or failed within them.
        """
        if proposal.mind != self._name:
            async for piece in self._duties.compose(proposal):
                yield piece
            return
        self._wish = None
        if proposal.duty is None:
            async for piece in self._decider.compose(proposal):
                yield piece
            return
        async for piece in self._open_answer(proposal):
            yield piece

    async def _open_answer(self, proposal: Proposal) -> AsyncIterator[str]:
        """The decider's answer to the duties' question; an apology where it has none."""
        async for _ in self._duties.compose(proposal):
            pass  # its own words say that no model is connected; asking marks the duty as done
        said = False
        try:
            async for piece in self._decider.compose(proposal):
                said = True
                yield piece
        except MindError as error:
            self._failures.append(str(error))
        if not said:
            yield self._sorry

    def quotes(self, proposal: Proposal) -> frozenset[str] | None:
        """As the mind says whose words they are."""
        of_decider = proposal.mind == self._name
        return quoted_by(self._decider if of_decider else self._duties, proposal)

    def cites(self, proposal: Proposal) -> tuple[SaidAt, ...]:
        """As the mind says that finds the words."""
        of_decider = proposal.mind == self._name
        return cited_by(self._decider if of_decider else self._duties, proposal)

    def looked_up(self, proposal: Proposal) -> tuple[ToolCall, ...]:
        """As the decider says; duties call no tools."""
        of_decider = proposal.mind == self._name
        return looked_up_by(self._decider, proposal) if of_decider else ()

    def heard(self, words: str) -> None:
        """Tells both."""
        self._duties.heard(words)
        self._decider.heard(words)

    def forget(self, speaker: str) -> None:
        """Tells both."""
        self._wish = None
        self._duties.forget(speaker)
        self._decider.forget(speaker)

    def cancel(self) -> None:
        """Drops what either has under way."""
        self._wish = None
        self._duties.cancel()
        self._decider.cancel()

    async def close(self) -> None:
        """Closes both."""
        await self._desk.close()
        await self._duties.close()
        await self._decider.close()
