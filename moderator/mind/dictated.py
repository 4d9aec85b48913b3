"""Words that a person has the agent say, as a wish like any other: the arbiter still decides."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

from moderator.events import Act, Percept, Proposal, SaidAt
from moderator.floor.state import FloorView
from moderator.mind.base import (
    Capabilities,
    Foresees,
    MindSession,
    Moment,
    Participant,
    SpeechLLM,
    cited_by,
    looked_up_by,
    quoted_by,
    recall_in,
)
from moderator.mouth.sentences import seconds_to_say
from moderator.tool_calls import ToolCall
from roles.schema import Role

MIND = "dictated"
WAITING = 5
"""Texts that may wait to be said."""


class Told(NamedTuple):
    """What the agent is to say, and who told it to."""

    text: str
    by: str


class Dictated:
    """A mind that also says what it is told to, before anything of its own.

    Args:
        mind: what it wishes by itself.
    """

    def __init__(self, mind: SpeechLLM) -> None:
        self._mind = mind
        self._texts: deque[Told] = deque()

    @property
    def capabilities(self) -> Capabilities:
        """Those of the mind."""
        return self._mind.capabilities

    def say(self, text: str, by: str) -> bool:
        """Has it say `text` when the role lets it; False if too much waits already.

        Args:
            text: what to say.
            by: id of who told it to: the words are theirs.
        """
        if len(self._texts) >= WAITING:
            return False
        self._texts.append(Told(text, by))
        return True

    async def open(self, role: Role, participants: Mapping[str, Participant]) -> DictatedSession:
        """Starts a session."""
        inner = await self._mind.open(role, participants)
        return DictatedSession(inner, self._texts, role.voice.speed)


class DictatedSession:
    """The mind in one meeting, with texts that wait to be said."""

    def __init__(self, inner: MindSession, texts: deque[Told], speed: float) -> None:
        self._inner, self._texts, self._speed = inner, texts, speed
        self._now = 0
        self._by: frozenset[str] = frozenset()

    async def push(self, percept: Percept, floor: FloorView) -> None:
        """Takes the next chunk."""
        self._now = percept.end
        await self._inner.push(percept, floor)

    async def recall(self, moment: Moment) -> None:
        """Tells the mind."""
        await recall_in(self._inner, moment)

    async def propose(self) -> Proposal | None:
        """The text that waits longest, else the mind's own wish."""
        if not self._texts:
            return await self._inner.propose()
        text = self._texts[0].text
        return Proposal(
            self._now,
            MIND,
            1.0,
            Act.ANSWER,
            answering=True,
            cue=f"told to say: {text}",
            takes_s=seconds_to_say(text, self._speed),
        )

    def foreseen(self) -> str | None:
        """What the mind would answer."""
        return self._inner.foreseen() if isinstance(self._inner, Foresees) else None

    async def compose(self, proposal: Proposal) -> AsyncIterator[str]:
        """The words."""
        if proposal.mind != MIND:
            async for piece in self._inner.compose(proposal):
                yield piece
        elif self._texts:
            told = self._texts.popleft()
            self._by = frozenset({told.by})
            yield told.text

    def quotes(self, proposal: Proposal) -> frozenset[str] | None:
        """Who told it to say this, or whom the mind quotes."""
        return self._by if proposal.mind == MIND else quoted_by(self._inner, proposal)

    def cites(self, proposal: Proposal) -> tuple[SaidAt, ...]:
        """As the mind says; a text that it was told to say is taken from no line."""
        return () if proposal.mind == MIND else cited_by(self._inner, proposal)

    def looked_up(self, proposal: Proposal) -> tuple[ToolCall, ...]:
        """As the mind says."""
        return () if proposal.mind == MIND else looked_up_by(self._inner, proposal)

    def heard(self, words: str) -> None:
        """Tells the mind."""
        self._inner.heard(words)

    def forget(self, speaker: str) -> None:
        """Drops what they told it to say, and tells the mind."""
        left = [told for told in self._texts if told.by != speaker]
        self._texts.clear()
        self._texts.extend(left)
        self._inner.forget(speaker)

    def cancel(self) -> None:
        """Drops what the mind has under way."""
        self._inner.cancel()

    async def close(self) -> None:
        """Closes the mind's session."""
        self._texts.clear()
        await self._inner.close()
