"""Erasing what somebody said, while the meeting goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Protocol

from moderator.errors import InputError
from moderator.timeline import Samples


class Erasable(Protocol):
    """What a meeting has written so far; see `integrations.livekit.outcome.Outcome`."""

    def erase(self, track: str, speakers: Collection[str]) -> None:
        """Destroys what is destroyed at once."""
        ...

    def erase_words(self, speakers: Collection[str], before: Samples) -> None:
        """Destroys the rest; takes long."""
        ...


class Erasures:
    """Has files rewritten beside the meeting, and again at its end where that failed.

    Args:
        outcome: the files.
        tell: is told what somebody may know of it: their identity, and a sentence.
        failed: is told why words could not be erased.
    """

    def __init__(
        self, outcome: Erasable, tell: Callable[[str, str], None], failed: Callable[[str], None]
    ) -> None:
        self._outcome, self._tell, self._failed = outcome, tell, failed
        self._under_way: set[asyncio.Task[None]] = set()
        self._left: list[tuple[frozenset[str], Samples]] = []

    def erase(self, track: str, speakers: Collection[str], before: Samples) -> None:
        """Destroys what was kept of somebody: their sound at once, their words soon.

        Args:
            track: theirs.
            speakers: they, or everybody on their microphone.
            before: meeting time of the refusal; what is said later is not touched.

        Raises:
            InputError: their sound cannot be destroyed.
        """
        self._outcome.erase(track, speakers)
        work = self._rewrite(track, frozenset(speakers), before)
        task = asyncio.create_task(work, name=f"erase {track}")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def finish(self) -> None:
        """Waits for what is under way and tries again what failed; call when the meeting is over.

        Raises:
            InputError: something still cannot be erased.
        """
        if self._under_way:
            await asyncio.wait(self._under_way)
        for speakers, before in self._left:
            await asyncio.to_thread(self._outcome.erase_words, speakers, before)

    async def _rewrite(self, track: str, speakers: frozenset[str], before: Samples) -> None:
        try:
            await asyncio.to_thread(self._outcome.erase_words, speakers, before)
        except InputError as error:
            self._left.append((speakers, before))
            self._failed(str(error))
            self._tell(
                track, f"What you said before cannot be erased yet: {error.what}. I try again."
            )
            return
        self._tell(track, "What you said before is erased.")
