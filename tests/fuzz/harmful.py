"""Readers that do what none may do, each in its own way."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from pathlib import Path

from moderator.errors import InputError
from tests.fuzz.mutations import Form
from tests.fuzz.target import Read, Target

SEED = b"a valid input"


def raises(data: bytes, folder: Path) -> None:
    raise ZeroDivisionError("no reader's error")


def in_a_thread(data: bytes, folder: Path) -> None:
    thread = threading.Thread(target=raises, args=(data, folder))
    thread.start()
    thread.join()


def in_a_task(data: bytes, folder: Path) -> None:
    async def task() -> None:
        raises(data, folder)

    async def run() -> None:
        asyncio.get_running_loop().create_task(task())
        await asyncio.sleep(0.01)

    asyncio.run(run())


def in_lines(data: bytes, folder: Path) -> None:
    raise InputError("one\ntwo", todo="nothing")


def refuses(data: bytes, folder: Path) -> None:
    raise InputError("refused", todo="nothing")


def hangs(data: bytes, folder: Path) -> None:
    if data != SEED:
        signal.pause()


def dies(data: bytes, folder: Path) -> None:
    if data != SEED:
        os.kill(os.getpid(), signal.SIGSEGV)


def swells(data: bytes, folder: Path) -> None:
    if data != SEED:
        bytearray(2**31)


def harmful(read: Read) -> Target:
    return Target(read.__name__, Form.TEXT, lambda _: [SEED], read)


TARGETS = tuple(harmful(one) for one in (raises, hangs, dies, swells, refuses))
