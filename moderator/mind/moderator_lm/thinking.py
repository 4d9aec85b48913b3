"""Thoughts before a decision."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from moderator.mind.moderator_lm.floor_model import WINDOW_S
from moderator.timing import SeatVoices
from moderator.voices import Times, Values

FIELDS = MappingProxyType(
    {
        "act": ("inform", "question", "suggest", "assess", "backchannel", "fragment", "social"),
        "to": ("me", "all", "another"),
        "complete": ("yes", "no"),
        "topic": ("open", "closing"),
    }
)
"""What is asked in a thought, and the possible answers."""


def quiet(voices: SeatVoices, at: Times) -> Values:
    """``(n, others)`` seconds since each other was heard, or since the beginning; bounded."""
    since = np.stack([voice.since(at) for voice in voices.each], axis=1)
    return np.minimum(np.minimum(since, at[:, None] / 16000), WINDOW_S)
