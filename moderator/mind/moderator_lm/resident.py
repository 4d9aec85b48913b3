"""Gives memory back that was only needed to load libraries."""

from __future__ import annotations

import ctypes
import re
import sys
from collections.abc import Iterator
from pathlib import Path

_MADV_DONTNEED = 4
_TORCH = re.compile(r"/site-packages/(nvidia|torch)/")
_AREA = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+ +(/.*)")


def drop_torch() -> None:
    """Takes torch's libraries out of memory as far as only loading them has needed it.

    Loading a torch that is built for CUDA walks through nearly two hundred megabytes, few of which
    a machine without a GPU uses again. Pages that nothing was written to are dropped; those that
    are used are read from the file again, which the system has in its cache. Others stay. To be
    called when torch has been imported: where these libraries lie does not change any more then,
    whatever other threads load. On other systems than Linux it does nothing.
    """
    if not sys.platform.startswith("linux"):
        return
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for begin, end in _clean_areas():
        advise(begin, end - begin, _MADV_DONTNEED)


def _clean_areas() -> Iterator[tuple[int, int]]:
    """Areas of memory that show such a library's file as it is, and may not be written."""
    area: re.Match[str] | None = None
    try:
        lines = Path("/proc/self/smaps").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        if found := _AREA.fullmatch(line):
            area = found if "w" not in found[3] and _TORCH.search(found[4]) else None
        elif area is not None and line.startswith("Anonymous:") and int(line.split()[1]) == 0:
            yield int(area[1], 16), int(area[2], 16)
