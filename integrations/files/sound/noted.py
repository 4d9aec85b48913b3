"""Says in words what was found in a recording and done to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from integrations.files.sound.endings import Mark
from integrations.files.sound.mixing import Level, Mixed
from integrations.files.sound.placing import Placed
from integrations.files.sound.streams import Faults
from moderator.timeline import Samples, to_samples, to_seconds

SILENT: Final = 1e-4
"""Peak below which sound counts as silent: -80 dBFS, the noise floor of 13-bit samples."""

_QUIET: Final = 0.01
"""Peak below which sound is very quiet: -40 dBFS. Voice detection misses words in it."""

_DRIFT: Final = to_samples(0.3)
"""Difference of clocks from which people should know; recorders start and stop within less."""

_DRIFT_SHARE: Final = 2e-5
"""The same as a share: clocks of one quality are no further apart."""

_CLIPPED: Final = 0.02
"""Share of half seconds with clipped samples from which people should know."""


@dataclass
class StreamPass:
    """What one pass over one stream has found.

    Attributes:
        channels: numbers of the channels that were heard.
    """

    channels: Sequence[int]
    faults: Faults = field(default_factory=Faults)
    placed: Placed = field(default_factory=Placed)
    mixed: Mixed = field(default_factory=Mixed)


def length(seconds: float) -> str:
    """A length of time for people: ``12.3 s``, ``1:02:03``."""
    if seconds < 0.05:
        return "under 0.1 s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def of_end(end: Mark) -> Iterator[str]:
    """Notes on how a recording ends that is read nevertheless."""
    if end is Mark.UNMARKED:
        yield "its end is not marked: if something is missing there, it cannot be told"
    elif end is Mark.CUT:
        yield "its end is missing; what there is is used"


def of_pass(streams: Sequence[StreamPass]) -> Iterator[str]:
    """Notes on what a whole pass has found."""
    for number, one in enumerate(streams, 1):
        which = f"audio stream {number}: " if len(streams) > 1 else ""
        for note in (*_of_time(one.placed), *_of_damage(one)):
            yield which + note
    if any(one.mixed.spread for one in streams):
        yield SPREAD
    yield from _of_levels(streams)


def of_drift(sound: Samples, lasts: Samples | None) -> Iterator[str]:
    """The note on sound that is shorter or longer than the time in which it was recorded."""
    if lasts is None or abs(sound - lasts) < max(_DRIFT, _DRIFT_SHARE * lasts):
        return
    off = to_seconds(abs(sound - lasts))
    how = "shorter" if sound < lasts else "longer"
    yield (
        f"its sound is {off:.1f} s {how} than the {length(to_seconds(lasts))} in which it was "
        "recorded: it drifts against the other tracks, or some of it is missing"
    )


SPREAD: Final = (
    "channels cancel each other when mixed: their phases were spread, so that nobody is lost"
)


def _of_time(placed: Placed) -> Iterator[str]:
    if placed.start:
        yield late_start(placed)
    if placed.gaps:
        gaps = "a gap" if placed.gaps == 1 else f"{placed.gaps} gaps"
        yield f"{gaps} in its timestamps, filled with silence ({length(placed.silence)})"
    if placed.leaps:
        times = "once" if placed.leaps == 1 else f"{placed.leaps} times"
        yield f"its timestamps leap {times} in a way that cannot be followed: sound stays in order"
    if placed.early > 0.1:
        yield (
            f"its timestamps run slow: {placed.early:.1f} s behind its sound after "
            f"{length(placed.over)}"
        )


def late_start(placed: Placed) -> str:
    """The note on a first sample that comes late."""
    return f"begins {length(placed.start)} late by its timestamps: silence before it"


def _of_damage(one: StreamPass) -> Iterator[str]:
    if one.mixed.numbers:
        yield f"{one.mixed.numbers} samples that are no numbers, taken as silence"
    if one.faults.packets:
        yield f"{one.faults.packets} damaged packets, taken as silence"
    if one.faults.broke_off:
        yield f"cannot be read after {length(one.placed.over)} ({one.faults.broke_off})"


def _of_levels(streams: Sequence[StreamPass]) -> Iterator[str]:
    levels = [
        (channel, level)
        for one in streams
        for channel, level in zip(one.channels, one.mixed.levels, strict=False)
    ]
    if all(level.peak < SILENT for _, level in levels):
        return  # whoever opened it says so
    for channel, level in levels:
        name = f"channel {channel}" if len(levels) > 1 else "the sound"
        yield from _of_level(name, level)


def _of_level(name: str, level: Level) -> Iterator[str]:
    if level.peak < SILENT:
        yield f"{name} is silent"
    elif level.peak < _QUIET:
        yield f"{name} is very quiet: words in it may be missed"
    elif level.clipped > max(1, _CLIPPED * level.batches):
        share = level.clipped / level.batches
        yield f"{name} is clipped in {share:.0%} of the time: words in it may be misheard"
