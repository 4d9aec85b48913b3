"""Asks a mind without ever waiting for it in a live meeting."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TypeAlias

from moderator.errors import MindError
from moderator.events import Failure, Percept, Proposal
from moderator.floor.state import FloorView
from moderator.mind.base import MindSession, PartFailed
from moderator.timeline import Samples

ASKED_EVERY = 5
"""Percepts, where a mind is to be asked less often."""
CLOSE_WITHIN_S = 2.0
"""A mind that goes on thinking although it was told to stop is left."""

Outcome: TypeAlias = Proposal | Failure | None
"""A proposal, a failure, or None: the mind wishes nothing (any more)."""


class Desk:
    """Hands percepts to a mind and collects its proposals.

    Args:
        session: the mind's session.
        live: do not wait for a proposal; it is collected when it is there, and percepts that come
            in the meantime are only pushed. A replay waits: the answer costs no meeting time.
    """

    def __init__(self, session: MindSession, *, live: bool = False) -> None:
        self._session, self._live = session, live
        self._task: asyncio.Task[list[Outcome]] | None = None
        self._ready: list[Outcome] = []
        self._dropped: set[asyncio.Task[list[Outcome]]] = set()

    async def ask(self, percept: Percept, floor: FloorView, *, sparing: bool = False) -> None:
        """Gives the mind a percept and asks what it wishes; `sparing`: only now and then."""
        try:
            await self._session.push(percept, floor)
        except MindError as error:
            self._ready.append(Failure(percept.end, "mind", str(error)))
            return
        if sparing and percept.index % ASKED_EVERY:
            return
        if not self._live:
            self._ready += await self._outcomes(percept.end)
        elif self._task is None:
            self._task = asyncio.create_task(self._outcomes(percept.end), name="mind.propose")
            await asyncio.sleep(0)  # a mind that need not wait for anything is done after this

    async def change(self, session: MindSession) -> None:
        """From now on asks another session; what the old one wished is dropped."""
        self._drop()
        if not self._live:
            await self._end()
        self._session, self._ready = session, []

    def collect(self) -> list[Outcome]:
        """What came since the last call, oldest first."""
        if self._task is not None and self._task.done():
            self._ready += self._task.result()
            self._task = None
        ready, self._ready = self._ready, []
        return ready

    async def close(self) -> None:
        """Drops what is still being thought."""
        self._drop()
        await self._end()

    def _drop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._dropped.add(self._task)
            self._task.add_done_callback(self._dropped.discard)
            self._task = None

    async def _end(self) -> None:
        if self._dropped:
            await asyncio.wait(self._dropped, timeout=CLOSE_WITHIN_S)

    async def _outcomes(self, at: Samples) -> list[Outcome]:
        try:
            return [_rounded(await self._session.propose())]
        except PartFailed as error:
            return [Failure(at, "mind", str(error)), _rounded(error.proposal)]
        except MindError as error:
            return [Failure(at, "mind", str(error))]


def _rounded(proposal: Proposal | None) -> Proposal | None:
    """The arbiter decides on what the journal says, to the last digit."""
    if proposal is None:
        return None
    return replace(proposal, probability=round(proposal.probability, 6))
