"""Ears of a meeting that happens now: heavy work beside it, and parts that may fail."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from moderator.ears.background import HANGS_AFTER, BackgroundRecogniser
from moderator.ears.background_diarizer import BackgroundDiarization
from moderator.ears.detecting import SteadyDetector
from moderator.ears.health import EarsHealth
from moderator.ears.leakage import LeakageGuard
from moderator.ears.listener import Listener
from moderator.ears.loading import EarModels
from moderator.ears.reading_pool import ReadingPool
from moderator.ears.sources import Source
from moderator.events import Heard, Part
from moderator.timeline import Samples, Stopwatch


class LiveParts:
    """What hears one meeting, and goes on when a part of it fails.

    Args:
        models: of all meetings.
        pool: recognises beside them.
        diarizing: tells voices apart beside them.
        stopwatch: gets the time that both take.
        hangs_after: see `HANGS_AFTER`.

    Attributes:
        models: for this meeting's sources.
        diarization: makes the diarizers of its shared microphones.
    """

    def __init__(
        self,
        models: EarModels,
        pool: ReadingPool,
        diarizing: ReadingPool,
        stopwatch: Stopwatch,
        hangs_after: int = HANGS_AFTER,
    ) -> None:
        health = self._health = EarsHealth()
        self._recogniser = BackgroundRecogniser(
            models.recogniser, pool, stopwatch, health.recogniser, hangs_after
        )
        detector = partial(SteadyDetector, models.detector, health.detector)
        self.models = EarModels(detector, self._recogniser)
        self.diarization = BackgroundDiarization(diarizing, stopwatch, health.diarizer, hangs_after)

    def wait(self) -> None:
        """From now on everything is waited for: the meeting ends."""
        self._recogniser.wait()
        self.diarization.wait()

    def spare(self, *, spares: bool) -> None:
        """From now on what is being said is guessed less often, or as often as before."""
        self._recogniser.spare(spares=spares)

    def failures(self) -> list[tuple[Part, str]]:
        """What failed since the last call."""
        return self._health.take_failures()

    @property
    def down(self) -> frozenset[Part]:
        """The parts that keep failing at present."""
        return self._health.down


class LiveListener(Listener):
    """Hears with such parts; satisfies `moderator.ears.base.Fallible` as well.

    Args:
        parts: of the meeting.
        sources: made of the parts' models.
        guard: as for `Listener`.
    """

    def __init__(
        self, parts: LiveParts, sources: Iterable[Source] = (), *, guard: LeakageGuard | None = None
    ) -> None:
        super().__init__(sources, guard=guard)
        self._parts = parts

    def finish(self, now: Samples) -> Heard:
        """Ends all streams and waits for their last words."""
        self._parts.wait()
        return super().finish(now)

    def spare(self, *, spares: bool) -> None:
        """From now on what is being said is guessed less often, or as often as before."""
        self._parts.spare(spares=spares)

    def failures(self) -> list[tuple[Part, str]]:
        """What failed since the last call."""
        return self._parts.failures()

    @property
    def down(self) -> frozenset[Part]:
        """The parts that keep failing at present; voices are noticed all the same."""
        return self._parts.down
