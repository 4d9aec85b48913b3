"""Many hours of one meeting through four tracks, faster than real time: what it holds and costs."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

import numpy as np

from benchmarks.room.probed import Held, held
from benchmarks.room.speech import ROUND, Voices
from integrations.livekit.hearing.ears import GATE
from integrations.livekit.outcome import Outcome
from integrations.livekit.recording import Sinks
from moderator.audio import AudioChunk, Waveform, silence
from moderator.ears.leakage import LeakageGuard
from moderator.ears.listener import Listener
from moderator.ears.loading import load_ear_models
from moderator.journal.lines import Opened
from moderator.meeting.loop import Meeting
from moderator.meeting.settings import Settings
from moderator.mind.duties.session import Duties
from moderator.models.store import ModelStore
from moderator.mouth.loading import voice_of
from moderator.testing.meetings import people
from moderator.timeline import TICK, ReplayClock, Samples, Stopwatch, to_samples
from roles.loader import load_role

NAMES = ("Ana", "Ben", "Cleo", "Dora")
ROUND_MIN = 10.0
"""Minutes that repeat, and after which is measured."""

MORE_MB_AN_HOUR = 1.0
MORE_COST = 0.10
WARM_ROUNDS = 2
"""Rounds after which memory and handles are compared."""


@dataclass(frozen=True, slots=True)
class Round:
    """What the process held after some minutes of meeting time, and the computing since before."""

    minute: float
    held: Held
    cost_s: float


@dataclass
class Soaked:
    """One long meeting.

    Attributes:
        rounds: measurements, by time.
        speed: times real time, in wall-clock time.
        written_mb: of files.
    """

    rounds: list[Round] = field(default_factory=list)
    speed: float = 0.0
    written_mb: float = 0.0

    @property
    def mb_an_hour(self) -> float:
        """How fast memory grows after the warm-up: the slope of a line through it."""
        later = self.rounds[WARM_ROUNDS - 1 :]
        if len(later) < 3:
            return 0.0
        hours = [one.minute / 60 for one in later]
        return float(np.polyfit(hours, [one.held.memory_mb for one in later], 1)[0])

    @property
    def dearer(self) -> float:
        """By which share the last three rounds cost more than the first three."""
        costs = [one.cost_s for one in self.rounds]
        return fmean(costs[-3:]) / fmean(costs[:3]) - 1.0

    @property
    def wrong(self) -> list[str]:
        """What must not be, and was."""
        wrong = []
        if self.mb_an_hour > MORE_MB_AN_HOUR:
            wrong.append(f"memory grows by {self.mb_an_hour:.2f} MB an hour")
        if len(self.rounds) >= 6 and self.dearer > MORE_COST:
            wrong.append(f"the last rounds cost {self.dearer:.0%} more than the first")
        first, last = self.rounds[min(WARM_ROUNDS, len(self.rounds)) - 1], self.rounds[-1]
        for what in ("files", "threads", "tasks", "tracks"):
            before, after = getattr(first.held, what), getattr(last.held, what)
            if after > before:
                wrong.append(f"{what} {after}, {before} before")
        return wrong


class _Looped:
    """A source that gives the same tracks again and again."""

    def __init__(
        self, tracks: dict[str, Waveform], until: Samples, each: Callable[[float], None]
    ) -> None:
        self._tracks, self._until, self._each = tracks, until, each
        self._length = len(next(iter(tracks.values())))

    async def ticks(self) -> AsyncIterator[tuple[Samples, Sequence[AudioChunk]]]:
        """One tick after the other; `each` is called after every round."""
        for at in range(0, self._until, TICK):
            place = at % self._length
            if at and place == 0:
                self._each(at / 16_000 / 60)
            yield (
                at + TICK,
                [
                    AudioChunk(name, at, track[place : place + TICK])
                    for name, track in self._tracks.items()
                ],
            )


def recorded_talk(minutes: float) -> dict[str, Waveform]:
    """Four people's tracks of so many minutes, whole ticks: a recorded meeting's words and turns.

    Without recorded meetings they say the benchmark's sentences in turn.
    """
    voices, names = Voices(), [name.lower() for name in NAMES]
    made = voices.meeting(minutes)
    length = to_samples(60 * minutes) // TICK * TICK
    if made is not None:
        tracks = dict(zip(names, made.tracks.values(), strict=False))
    else:
        parts: dict[str, list[Waveform]] = {name: [] for name in names}
        at = 0
        for number in range(10_000):
            said = voices.say(number, ROUND[number % len(ROUND)])
            for index, name in enumerate(names):
                parts[name].append(said if index == number % len(names) else 0 * said)
                parts[name].append(silence(to_samples(0.6)))
            at += len(said) + to_samples(0.6)
            if at >= length:
                break
        tracks = {name: np.concatenate(some) for name, some in parts.items()}
    return {
        name: np.concatenate([track, silence(max(0, length - len(track)))])[:length]
        for name, track in tracks.items()
    }


def soak(hours: float, tell: Callable[[Round], None], round_min: float = ROUND_MIN) -> Soaked:
    """Holds a meeting of so many hours, with all that a room's meeting writes.

    Args:
        hours: of meeting time.
        tell: is given each measurement.
        round_min: minutes that repeat.
    """
    found, store = Soaked(), ModelStore.default()
    tracks = recorded_talk(round_min)
    role = load_role("facilitator")
    models = load_ear_models(store)
    ears = Listener([models.own_track(name, gate=GATE) for name in tracks], guard=LeakageGuard())
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "out"
        outcome = Outcome(role, out)
        names = people(*NAMES)
        shown = {one.id: {"name": one.name, "position": None} for one in names.values()}
        outcome.open(lambda agent: Opened("soak", role.model_dump(mode="json"), shown, agent))
        meeting = Meeting(
            role,
            names,
            ears,
            Duties(),
            voice_of(role, store),
            [outcome],
            ReplayClock(),
            Settings(),
            Stopwatch(),
        )
        spent = time.process_time()

        def each(minute: float) -> None:
            nonlocal spent
            now = time.process_time()
            found.rounds.append(Round(minute, held(), round(now - spent, 1)))
            spent = time.process_time()
            tell(found.rounds[-1])

        begun = time.monotonic()
        source = _Looped(tracks, to_samples(3600 * hours) + TICK, each)
        asyncio.run(meeting.run(source, Sinks(lambda _who, _at: True, outcome.recording)))
        found.speed = 3600 * hours / (time.monotonic() - begun)
        outcome.close("soak", meeting.now, "the end", {}, {}, ())
        found.written_mb = sum(one.stat().st_size for one in out.iterdir()) / 1e6
    return found
