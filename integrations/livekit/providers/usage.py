"""What plugins used of what is paid for: seconds of audio, tokens, characters."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

from livekit.agents.metrics import LLMMetrics, STTMetrics

PARTS = ("stt", "llm", "tts")
_TOKENS = {
    "input_tokens": ("input_tokens", "prompt_tokens"),
    "output_tokens": ("output_tokens", "completion_tokens"),
}


class Usage:
    """Adds up one meeting's use; from any thread.

    Seconds and characters are counted where they are given to a plugin; tokens are what it reports.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[str, Counter[str]] = {}

    def add(self, part: str, unit: str, amount: float) -> None:
        """Adds to a part's use of ``audio_s``, ``characters`` or ``input_tokens``."""
        with self._lock:
            self._sums.setdefault(part, Counter())[unit] += amount  # type: ignore[assignment]

    def reported(self, metrics: Any) -> None:
        """Takes what a plugin's ``metrics_collected`` brings."""
        part = (
            "llm"
            if isinstance(metrics, LLMMetrics)
            else "stt"
            if isinstance(metrics, STTMetrics)
            else "tts"
        )
        for unit, names in _TOKENS.items():
            for name in names:
                amount = getattr(metrics, name, None)
                if isinstance(amount, int) and amount > 0:
                    self.add(part, unit, amount)

    def totals(self) -> Mapping[str, Mapping[str, float]]:
        """By part and unit; parts and units that were not used have no entry."""
        with self._lock:
            sums = {part: dict(self._sums[part]) for part in PARTS if part in self._sums}
        return {
            part: {unit: round(amount, 3) for unit, amount in sorted(units.items())}
            for part, units in sums.items()
        }
