"""The floor as numbers: timing features of a moment, scaled for the models that read them.

Who has the floor, for how long, how long the silence is, how long since the seat spoke, shares of
the talk: all from voices, none from words, and all within a window, so that hour eight costs what
minute six did.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from moderator.floor.features import SeatVoices, timing
from moderator.floor.voices import Times

WINDOW_S = 300.0
"""Voices further back are not looked at, s."""

ROLE = 2
"""Numbers that stand for the role: whether the seat leads, and whether roles are known."""

LINEAR = ("share", "voices", "active")
"""Columns that are shares and counts; all others are seconds and enter by their logarithm."""

_NOT_USED = ("word", "other_rate", "seat_onset_rate")
_WHOLE_MEETING = ("seat_share",)


def role_numbers(*, leads: bool, known: bool) -> tuple[float, float]:
    """The `ROLE` numbers of a seat; where roles are not known, it does not lead either."""
    return float(leads and known), float(known)


def columns(names: tuple[str, ...]) -> list[int]:
    """Which timing features are used: voices, not words, and nothing of the whole meeting."""
    return [
        index
        for index, name in enumerate(names)
        if not any(part in name for part in _NOT_USED) and name not in _WHOLE_MEETING
    ]


def measure(voices: SeatVoices, at: Times) -> NDArray[np.float32]:
    """Features of moments, scaled.

    Args:
        voices: as the seat hears them; nothing beyond the last `WINDOW_S` matters.
        at: ``(n,)`` meeting times.

    Returns:
        ``(n, k)``.
    """
    table = timing(voices, at)
    kept = columns(table.names)
    values = np.clip(table.values[:, kept], 0.0, WINDOW_S)
    for column, index in enumerate(kept):
        if not any(part in table.names[index] for part in LINEAR):
            values[:, column] = np.log1p(5.0 * values[:, column])
    return values.astype(np.float32)


def feature_count() -> int:
    """How many features `measure` gives."""
    empty = SeatVoices([], [[]])
    return int(measure(empty, np.zeros(1, dtype=np.int64)).shape[1])
