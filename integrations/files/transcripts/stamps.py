"""Times as people write them: ``1:02:03.5``, ``02:03``, ``00:00:01,250``."""

from __future__ import annotations

from typing import Final

from moderator.timeline import SAMPLE_RATE, Samples

STAMP: Final = r"(?:\d{1,3}:)?\d{1,2}:\d{1,2}(?:[.,]\d{1,6})?"
"""Pattern of a time with minutes and seconds at least."""


def seconds_of(stamp: str) -> float:
    """Seconds of what fits `STAMP`."""
    seconds = 0.0
    for part in stamp.replace(",", ".").split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


def stamp_of(at: Samples, *, point: str = ".", after: Samples | None = None) -> str:
    """A time as ``hh:mm:ss.ttt``; at least 1 ms past `after`: a caption may not be empty."""
    ms = _milliseconds(at)
    if after is not None:
        ms = max(ms, _milliseconds(after) + 1)
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{point}{ms:03d}"


def _milliseconds(at: Samples) -> int:
    return at * 1000 // SAMPLE_RATE
