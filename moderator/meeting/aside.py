"""Work that may hang, in threads of its own that nobody has to wait for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

T = TypeVar("T")

MOST = 2
"""Pieces of work at the same time."""


class Aside:
    """Has work done aside and waits for it only so long.

    What hangs keeps its thread until it comes back; while `MOST` hang nothing more is begun. The
    threads do not keep the process from ending.

    Args:
        within_s: seconds after which work hangs.
        name: of its threads.
    """

    def __init__(self, within_s: float, name: str) -> None:
        self._within_s, self._name = within_s, name
        self._free = asyncio.Semaphore(MOST)
        self._hanging = 0

    async def run(self, work: Callable[[], T]) -> T:
        """What the work gives.

        Raises:
            TimeoutError: it hangs, or nothing can be begun for what hangs.
            Exception: whatever it raises.
        """
        if self._hanging >= MOST:
            raise TimeoutError
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()
        ended = threading.Event()
        begun = hangs = False

        def over() -> None:
            self._free.release()
            if hangs:
                self._hanging -= 1

        def do() -> None:
            try:
                tell = partial(_give, result, work())
            except BaseException as error:
                tell = partial(_raise, result, error)
            ended.set()
            with suppress(RuntimeError):  # the meeting is over and its loop closed
                loop.call_soon_threadsafe(tell)
                loop.call_soon_threadsafe(over)

        try:
            async with asyncio.timeout(self._within_s):
                await self._free.acquire()
                begun = True
                threading.Thread(target=do, name=self._name, daemon=True).start()
                return await result
        except TimeoutError:
            if begun and not ended.is_set():
                hangs = True
                self._hanging += 1
            raise


def _give(result: asyncio.Future[T], value: T) -> None:
    if not result.done():
        result.set_result(value)


def _raise(result: asyncio.Future[T], error: BaseException) -> None:
    if not result.done():
        told = isinstance(error, Exception) and not isinstance(error, StopIteration)
        result.set_exception(error if told else RuntimeError(type(error).__name__))
