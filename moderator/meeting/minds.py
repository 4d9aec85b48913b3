"""The session of a meeting's mind, and those it had in the roles before."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from moderator.meeting.settings import Settings
from moderator.mind.base import MindSession, Moment, Participant, SpeechLLM, recall_in
from moderator.mind.guarded import Guarded
from moderator.mind.opening import Opening
from roles.schema import Role


class Minds:
    """Opens a session for each role, and closes them.

    A live meeting waits for the first one only. What comes later is opened beside it, and until it
    is there nothing is wished; the one before is closed beside it, too.

    Args:
        mind: the meeting's.
        participants: who is there; may grow.
        settings: whether it is live, and how long its mind may take.
    """

    def __init__(
        self, mind: SpeechLLM, participants: Mapping[str, Participant], settings: Settings
    ) -> None:
        self._mind, self._participants, self._settings = mind, participants, settings
        self.session: MindSession | None = None
        """The one of the role now; None before the first."""
        self._closing: set[asyncio.Task[None]] = set()

    async def first(self, role: Role, past: Sequence[Moment] = ()) -> MindSession:
        """Opens the session that the meeting begins with, or goes on with after `past`.

        Raises:
            Exception: whatever the mind raises.
        """
        found = await self._mind.open(role, self._participants)
        self.session = self._guarded(found) if self._settings.live else found
        for moment in past:
            await recall_in(self.session, moment)
        return self.session

    async def next(self, role: Role) -> MindSession:
        """Opens the session of another role; `close_old` is to follow."""
        if self._settings.live:
            within_s = self._settings.mind_opens_within_s
            opening = Opening(lambda: self._mind.open(role, self._participants), within_s)
            self.session = self._guarded(opening)
        else:
            self.session = await self._mind.open(role, self._participants)
        return self.session

    async def close_old(self, session: MindSession) -> None:
        """Closes one that is asked nothing any more."""
        if not self._settings.live:
            await session.close()
            return
        task = asyncio.create_task(session.close(), name="mind.close")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Closes all."""
        await asyncio.gather(*self._closing, return_exceptions=True)
        if self.session is not None:
            await self.session.close()

    def _guarded(self, session: MindSession) -> Guarded:
        return Guarded(session, self._settings.mind_within_s)
