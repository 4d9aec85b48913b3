"""The model's process as its meetings see it: started when needed, ended when it fails."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from moderator.errors import MindError
from moderator.plain_json import parse_json

Message: TypeAlias = dict[str, str]
"""One chat message: ``role`` and ``content``."""

Vectors: TypeAlias = NDArray[np.float32]
"""Sentence embeddings of length 1, ``(texts, 384)``."""

CHILD = (sys.executable, "-m", "moderator.mind.local.child")

MOST_THREADS = 2
LONGEST_REPLY = 8 * 1024 * 1024
"""Characters of one reply that are read; a thousand embeddings have two million."""

QUIET = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
"""Threads that wait do not spin: the cores are needed to hear with."""


class Reads(Protocol):
    """What a session asks."""

    async def write(self, messages: Sequence[Message], *, tokens: int, within_s: float) -> str:
        """What the model writes after some messages, at most so many tokens.

        Raises:
            MindError: it failed, or took longer.
        """
        ...

    async def embed(self, texts: Sequence[str], *, question: bool, within_s: float) -> Vectors:
        """Embeddings of questions, or of what may answer them, ``(texts, 384)``.

        Raises:
            MindError: it failed, or took longer.
        """
        ...


class Engine:
    """One process for all meetings that ask it; a request that fails or hangs ends it.

    Args:
        model: a GGUF file.
        command: begins the process; what the model is and how many threads it has follows.
    """

    def __init__(self, model: Path, command: Sequence[str] = CHILD) -> None:
        self._model, self._command = model, command
        self._process: subprocess.Popen[str] | None = None
        self._waiting: dict[int, Future[Any]] = {}
        self._numbers = count()
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The process's id, while there is one."""
        return None if self._process is None else self._process.pid

    async def write(self, messages: Sequence[Message], *, tokens: int, within_s: float) -> str:
        """What the model writes after some messages, at most so many tokens.

        Raises:
            MindError: it failed, or took longer.
        """
        done = await self._asked(
            {"do": "write", "messages": list(messages), "tokens": tokens}, within_s
        )
        if not isinstance(done, str):
            raise MindError("the model's words are none")
        return done

    async def embed(self, texts: Sequence[str], *, question: bool, within_s: float) -> Vectors:
        """Embeddings of questions, or of what may answer them, ``(texts, 384)``.

        Raises:
            MindError: it failed, or took longer.
        """
        request = {"do": "embed", "texts": list(texts), "question": question}
        done = await self._asked(request, within_s)
        try:
            return np.stack([np.frombuffer(base64.b64decode(one), np.float32) for one in done])
        except (TypeError, ValueError) as error:
            raise MindError("the model's embeddings are none") from error

    async def _asked(self, request: dict[str, Any], within_s: float) -> Any:
        future = await asyncio.to_thread(self._send, request)
        try:
            async with asyncio.timeout(within_s):
                return await asyncio.wrap_future(future)
        except TimeoutError as error:
            self.close()
            raise MindError("the model does not answer") from error

    def _send(self, request: dict[str, Any]) -> Future[Any]:
        """Sends a request to the process, which is started if there is none."""
        future: Future[Any] = Future()
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._start()
            assert self._process is not None
            assert self._process.stdin is not None
            number = next(self._numbers)
            self._waiting[number] = future
            try:
                self._process.stdin.write(json.dumps({"id": number, **request}) + "\n")
                self._process.stdin.flush()
            except OSError as error:
                self._waiting.pop(number, None)
                raise MindError("the model's process has ended") from error
        return future

    def _start(self) -> None:
        threads = max(1, min(MOST_THREADS, len(os.sched_getaffinity(0))))
        try:
            process = subprocess.Popen(  # noqa: S603  # this package's own module
                [*self._command, str(self._model), str(threads)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                env={**os.environ, **QUIET},
            )
        except OSError as error:
            raise MindError("the model's process cannot be started") from error
        waiting: dict[int, Future[Any]] = {}
        self._process, self._waiting = process, waiting
        threading.Thread(
            target=_listen, args=(process, waiting), name="local mind", daemon=True
        ).start()

    def close(self) -> None:
        """Ends the process; whoever waits for it is told."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()


def _listen(process: subprocess.Popen[str], waiting: dict[int, Future[Any]]) -> None:
    """Hands replies to those who wait, until there are no more."""
    assert process.stdout is not None
    with process, suppress(OSError, ValueError):
        while line := process.stdout.readline(LONGEST_REPLY):
            reply = parse_json(line)
            future = waiting.pop(reply["id"], None) if isinstance(reply, dict) else None
            if future is None or not future.set_running_or_notify_cancel():
                continue
            if "done" in reply:
                future.set_result(reply["done"])
            else:
                future.set_exception(MindError("the model failed"))
        process.kill()
    for future in list(waiting.values()):
        if not future.done():
            future.set_exception(MindError("the model's process has ended"))
