"""How the process ends: by the interpreter's finalisation, or without it.

Threads of a native library may call back into Python until the last moment. While the interpreter
finalises, CPython ends such a thread by `pthread_exit`; its forced unwinding through frames of Rust
or of C++ without exceptions aborts the process, whatever its exit code was to be.
"""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress
from dataclasses import dataclass


@dataclass
class _Ending:
    code: int | None = None
    finalises: bool = True


_ending = _Ending()


def prepare() -> None:
    """Registers what may end the process; before all other exit handlers, so that it runs last."""
    atexit.register(_leave)


def skip_finalisation() -> None:
    """Has the process end right after its exit handlers.

    All threads that are not daemons have been joined by then, exit handlers have run and the
    standard streams are flushed; what is lost are finalisers of objects that are still alive.
    Whoever calls this closes its files itself.
    """
    _ending.finalises = False


def leave(code: int) -> None:
    """Leaves the process.

    Raises:
        SystemExit: always.
    """
    _ending.code = code
    sys.exit(code)


def _leave() -> None:
    if _ending.finalises or _ending.code is None:
        return
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(_ending.code)
