"""Measures one meeting, where a process measures its meetings at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from moderator.timeline import LiveClock, Samples, Stopwatch

if TYPE_CHECKING:
    from integrations.livekit.measuring.metrics import MeetingMetrics, Metrics


@contextmanager
def measured(
    metrics: Metrics | None,
    role: str,
    clock: LiveClock,
    watch: Stopwatch,
    dropped: Callable[[], Mapping[str, Samples]],
    usage: Callable[[], Mapping[str, Mapping[str, float]]],
) -> Iterator[MeetingMetrics | None]:
    """A meeting is measured in this block; None: it is not. Arguments as of `MeetingProbe`."""
    if metrics is None:
        yield None
        return
    from integrations.livekit.measuring.metrics import MeetingProbe

    found = metrics.meeting(MeetingProbe(role, clock, watch, dropped, usage))
    try:
        yield found
    finally:
        found.close()
