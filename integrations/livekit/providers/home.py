"""Where plugins live: one event loop, which the meeting's threads call."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeAlias, TypeVar

from livekit.agents import APIConnectOptions, llm, stt, tts, vad

T = TypeVar("T")

Hears: TypeAlias = stt.STT[Any]
Speaks: TypeAlias = tts.TTS[Any]
Writes: TypeAlias = llm.LLM[Any]
Notices: TypeAlias = vad.VAD

CONNECT = APIConnectOptions(max_retry=1, retry_interval=0.5, timeout=5.0)
"""Somebody waits for the answer, and the embedded part can take over: nobody retries for long."""


class Home:
    """The running event loop and its context, in which livekit-agents keeps a job's connections.

    Make it where the plugins are made: within the job.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()

    def call(self, work: Callable[[], object]) -> None:
        """Does something there soon, in the order of calls; nothing once the loop is closed."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(work, context=self._context.copy())

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Begins work there; to cancel the future cancels it.

        Raises:
            RuntimeError: the loop is closed.
        """
        begin = asyncio.run_coroutine_threadsafe
        return self._context.copy().run(begin, work, self._loop)
