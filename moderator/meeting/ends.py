"""The two ends of a meeting, between which the loop is always the same; and who watches it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from moderator.audio import AudioChunk, Waveform
from moderator.journal.lines import Event
from moderator.timeline import Samples

Observer = Callable[[Event], None]
"""Takes every event in order; the journal is one."""


class Source(Protocol):
    """Where the meeting's audio comes from."""

    def ticks(self) -> AsyncIterator[tuple[Samples, Sequence[AudioChunk]]]:
        """Per tick its end as meeting time, and what each track brought."""
        ...


class Sink(Protocol):
    """Where the agent's audio goes."""

    def take(self, start: Samples, chunks: Sequence[AudioChunk], own: Waveform | None) -> None:
        """Takes one tick.

        Args:
            start: meeting time at which `own` begins; the chunks lie before it.
            chunks: what the meeting's tracks brought.
            own: ``(TICK,)`` samples of the agent; None for silence.
        """
        ...
