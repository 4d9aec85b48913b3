"""How the process takes memory from the system, and gives it back."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

from moderator.timeline import Elapsed

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
"""What glibc's ``malloc.h`` calls two of its settings."""

_LARGE = 16 * 2**20
_EVERY_S = 1.0


class Memory:
    """Keeps small what a command with several threads takes; to be made before they start.

    glibc gives each thread a heap of its own, which keeps what was freed in it. In a replay threads
    take turns at the same work, so that each heap would grow to what all need together: they share
    one. Large pieces lie outside of it and go back to the system when they are freed. On other
    systems nothing is done.
    """

    def __init__(self) -> None:
        self._library = _glibc()
        self._elapsed = Elapsed()
        if self._library is not None:
            self._library.mallopt(_M_ARENA_MAX, 1)
            self._library.mallopt(_M_MMAP_THRESHOLD, _LARGE)

    def give_back(self) -> None:
        """Gives back what is free in the heap; at most once a second, as it takes milliseconds."""
        if self._library is not None and self._elapsed.seconds >= _EVERY_S:
            self._library.malloc_trim(0)
            self._elapsed = Elapsed()


def _glibc() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    names = ("mallopt", "malloc_trim")
    return library if all(hasattr(library, name) for name in names) else None
