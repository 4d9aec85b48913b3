"""Erasing what somebody said: a promise that is owed until it is done, or told to have failed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from moderator.errors import InputError
from moderator.journal.erasure import Erasure

TRIES = 3
"""Attempts at the end of the meeting, before people are told that it failed."""

BETWEEN_S = 0.5
"""Seconds between them."""


class Erasable(Protocol):
    """What a meeting has written; see `integrations.livekit.outcome.Outcome`."""

    def erase(self, track: str, erasure: Erasure) -> None:
        """Destroys what is destroyed at once."""
        ...

    def erase_words(self, erasure: Erasure) -> None:
        """Destroys the rest; takes long."""
        ...


@dataclass(eq=False)
class _Owed:
    """A promise: whose track, what of them, and whether their sound is destroyed already."""

    track: str
    erasure: Erasure
    silent: bool = False


class Erasures:
    """Knows what is owed, has it done beside the meeting, and again where that failed.

    Args:
        outcome: what was written.
        tell: is told what somebody may know of it: their identity, and a sentence.
        failed: is told why words could not be erased.
        done: is told what is not owed any more, before anybody else.
    """

    def __init__(
        self,
        outcome: Erasable,
        tell: Callable[[str, str], None],
        failed: Callable[[str], None],
        done: Callable[[Erasure], None],
    ) -> None:
        self._outcome, self._tell, self._failed, self._done = outcome, tell, failed, done
        self._under_way: set[asyncio.Task[None]] = set()
        self._owed: list[_Owed] = []

    @property
    def owed(self) -> int:
        """Promises that have not been kept."""
        return len(self._owed)

    def erase(self, track: str, erasure: Erasure) -> None:
        """Destroys what was kept of somebody: their sound at once, their words soon.

        That it is owed must be on the disk already.
        """
        owed = _Owed(track, erasure)
        self._owed.append(owed)
        problem = self._destroy_sound(owed)
        task = asyncio.create_task(self._attempt(owed, problem), name=f"erase {track}")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def finish(self) -> None:
        """Returns when nothing is owed any more, also of what is promised meanwhile.

        Raises:
            InputError: something still cannot be erased; whose it is has been told.
        """
        for attempt in range(TRIES):
            while self._under_way:
                await asyncio.wait(self._under_way)
            if not self._owed:
                return
            if attempt:
                await asyncio.sleep(BETWEEN_S)
            for owed in list(self._owed):
                await self._again(owed)
        while self._under_way:
            await asyncio.wait(self._under_way)
        if self._owed:
            raise self._given_up()

    def _destroy_sound(self, owed: _Owed) -> str | None:
        """Once only: who agrees anew is heard again, under the same name. Else why not."""
        if not owed.silent:
            try:
                self._outcome.erase(owed.track, owed.erasure)
            except InputError as error:
                return error.what
            owed.silent = True
        return None

    async def _attempt(self, owed: _Owed, problem: str | None) -> None:
        problem = problem or await self._rewrite(owed)
        if problem is not None:
            self._failed("what somebody said could not be erased yet")
            why = f"What you said before cannot be erased yet: {problem}. I try again."
            self._tell(owed.track, why)

    async def _again(self, owed: _Owed) -> None:
        if self._destroy_sound(owed) is None:
            await self._rewrite(owed)

    async def _rewrite(self, owed: _Owed) -> str | None:
        """Does it, and says so; else why not."""
        try:
            await asyncio.to_thread(self._outcome.erase_words, owed.erasure)
        except InputError as error:
            return error.what
        self._owed.remove(owed)
        with suppress(InputError):  # it is done; a journal that does not say so has it done again
            self._done(owed.erasure)
        self._tell(owed.track, "What you said before is erased.")
        return None

    def _given_up(self) -> InputError:
        for owed in self._owed:
            self._tell(
                owed.track,
                "What you said before could not be erased. It is marked to be erased before "
                "anything else is done with this meeting's files.",
            )
        count = len(self._owed)
        return InputError(
            f"what {count} {'person' if count == 1 else 'people'} said could not be erased",
            todo="free some space, then run: moderator recover DIR",
        )
