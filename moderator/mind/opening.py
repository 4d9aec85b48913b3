"""A mind that is being opened while the meeting goes on: until it is there, nothing is wished."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from moderator.errors import MindError
from moderator.events import Percept, Proposal, SaidAt
from moderator.floor.state import FloorView
from moderator.mind.base import Foresees, MindSession, cited_by, looked_up_by, quoted_by
from moderator.timeline import Samples, to_samples
from moderator.tool_calls import ToolCall

AGAIN_AFTER = to_samples(5.0)
"""A mind that could not be opened is opened again after so long."""


class Opening:
    """Satisfies `MindSession`, `Foresees` and `Quotes`; call within a running event loop.

    Args:
        opens: opens the session.
        within_s: it hangs if that takes longer.
    """

    def __init__(self, opens: Callable[[], Awaitable[MindSession]], within_s: float) -> None:
        self._opens, self._within_s = opens, within_s
        self._inner: MindSession | None = None
        self._again: Samples = 0
        self._task: asyncio.Task[MindSession] | None = self._begin()

    def _begin(self) -> asyncio.Task[MindSession]:
        return asyncio.create_task(self._open(), name="mind.open")

    async def _open(self) -> MindSession:
        async with asyncio.timeout(self._within_s):
            return await self._opens()

    async def push(self, percept: Percept, floor: FloorView) -> None:
        """Hands on the next chunk, once the session is open.

        Raises:
            Exception: it could not be opened, once for each attempt; or what it raises.
        """
        if self._inner is None:
            self._inner = self._opened(percept.end)
        if self._inner is not None:
            await self._inner.push(percept, floor)

    def _opened(self, now: Samples) -> MindSession | None:
        task = self._task
        if task is None and now >= self._again:
            task = self._task = self._begin()
        if task is None or not task.done():
            return None
        self._task = None
        self._again = now + AGAIN_AFTER
        return task.result()

    async def propose(self) -> Proposal | None:
        """Its wish; none while it is being opened."""
        return None if self._inner is None else await self._inner.propose()

    async def compose(self, proposal: Proposal) -> AsyncIterator[str]:
        """Its words.

        Raises:
            MindError: it is not open.
        """
        if self._inner is None:
            raise MindError("it is not open")
        async for piece in self._inner.compose(proposal):
            yield piece

    def foreseen(self) -> str | None:
        """What it foresees, if it does."""
        inner: object = self._inner
        return inner.foreseen() if isinstance(inner, Foresees) else None

    def quotes(self, proposal: Proposal) -> frozenset[str] | None:
        """Whose words its own may hold."""
        return frozenset() if self._inner is None else quoted_by(self._inner, proposal)

    def cites(self, proposal: Proposal) -> tuple[SaidAt, ...]:
        """The lines that its own are taken from."""
        return () if self._inner is None else cited_by(self._inner, proposal)

    def looked_up(self, proposal: Proposal) -> tuple[ToolCall, ...]:
        """The tools that it called."""
        return () if self._inner is None else looked_up_by(self._inner, proposal)

    def heard(self, words: str) -> None:
        """Tells it, if it is open."""
        if self._inner is not None:
            self._inner.heard(words)

    def forget(self, speaker: str) -> None:
        """Tells it, if it is open; before that it knows nothing."""
        if self._inner is not None:
            self._inner.forget(speaker)

    def cancel(self) -> None:
        """Tells it, if it is open."""
        if self._inner is not None:
            self._inner.cancel()

    async def close(self) -> None:
        """Closes it, or no longer opens it."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            for found in await asyncio.gather(task, return_exceptions=True):
                self._inner = None if isinstance(found, BaseException) else found
        if self._inner is not None:
            await self._inner.close()
