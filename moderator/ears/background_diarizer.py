"""Diarization beside the meeting: voices are noticed in time while telling them apart takes longer.

What fails, hangs or answers what cannot be is dropped with what it was given, and another diarizer
takes over in the middle of the stream. Whose voices those were nobody knows: nothing said in
between is given to anybody, and the new diarizer's voices get new labels, since it cannot know the
old ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import wait
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from diarize.base import Audio, Diarizer, DiarizerSpec, SpeakerActivity
from moderator.ears.background import HANGS_AFTER, LAST_WORDS_WITHIN_S, Patience, are
from moderator.ears.health import Health, Pause
from moderator.ears.reading_pool import Reading, ReadingPool
from moderator.timeline import Samples, Stopwatch

PHASE = "diarization"
"""What a stopwatch calls the time spent here."""

FLUSH_WITHIN_S = 0.05
"""The meeting goes on after so long when a microphone goes; who spoke last on it is lost then."""

_UNKNOWN = DiarizerSpec(0.0, 0.0, None)
_NUMBERED = re.compile(r"speaker_(\d{1,9})")
_LONGEST_LABEL = 300

NO_DIARIZATION = "what it answers is no diarization"


class _Found(NamedTuple):
    """What one call gave, in samples of the inner diarizer's own stream."""

    inner: Diarizer
    pieces: Any
    settled: Any


class BackgroundDiarizer:
    """A diarizer that runs in another thread; satisfies `diarize.base.Diarizer`.

    Its owner calls it from one thread at a time.

    Args:
        opens: opens the diarizer that does the work; another one when that failed.
        pool: where it works.
        patience: says whether `flush` waits until everything has been settled.
        stopwatch: gets the time that it takes, as phase `PHASE`.
        health: is told what fails.
        hangs_after: calls of `push`, one each tick, after which one that goes on hangs.
    """

    def __init__(
        self,
        opens: Callable[[], Diarizer],
        pool: ReadingPool,
        patience: Patience,
        stopwatch: Stopwatch,
        health: Health,
        hangs_after: int = HANGS_AFTER,
    ) -> None:
        self._opens, self._pool, self._patience = opens, pool, patience
        self._watch, self._health, self._hangs_after = stopwatch, health, hangs_after
        self._inner: Diarizer | None = None
        self._given: list[Audio] = []
        self._reading: Reading[_Found] | None = None
        self._waited = 0
        self._pause = Pause()
        self._received: Samples = 0
        self._base: Samples = 0  # where the inner one's stream begins
        self._taken: Samples = 0  # what it was given
        self._before, self._highest = 0, 0  # numbers of voices that earlier ones found
        self._lost: list[tuple[Samples, Samples]] = []
        self.settled: Samples = 0

    @property
    def spec(self) -> DiarizerSpec:
        """That of the diarizer that does the work, once it does."""
        return _UNKNOWN if self._inner is None else self._inner.spec

    def push(self, audio: Audio) -> list[SpeakerActivity]:
        """Takes the next samples, shape ``(n,)``; what has become ready since the last call."""
        self._received += len(audio)
        self._waited += 1
        if not self._pause.over(len(audio)):
            self._lose()
            return []
        self._given.append(audio.copy())
        found = self._collect()
        self._go_on()
        return found

    def flush(self) -> list[SpeakerActivity]:
        """Ends the stream: what is ready soon; at the meeting's end, everything."""
        found = [*self._wait(), *self._collect()]
        if self.settled < self._received and self._reading is None:
            self._go_on(last=True)
            found += self._wait()
        if self.settled < self._received:
            if self._reading is not None:
                self._pool.abandon(self._reading)
            self._lose()
        return found

    def take_lost(self) -> list[tuple[Samples, Samples]]:
        """Stretches of the stream, since the last call, of which nobody knows who spoke."""
        lost, self._lost = self._lost, []
        return lost

    def _wait(self) -> list[SpeakerActivity]:
        reading = self._reading
        if reading is None:
            return []
        within_s = LAST_WORDS_WITHIN_S if self._patience.waits else FLUSH_WITHIN_S
        if not wait([reading.future], within_s).done:
            self._patience.waits = False
        return self._collect()

    def _collect(self) -> list[SpeakerActivity]:
        reading = self._reading
        if reading is None:
            return []
        if not reading.future.done():
            if self._waited >= self._hangs_after:
                self._pool.abandon(reading)
                self._failed("it does not answer", hangs=True)
            return []
        self._reading = None
        error = reading.future.exception()
        if error is not None:
            self._failed(type(error).__name__)
            return []
        found = reading.future.result()
        settled = self.settled - self._base
        try:
            pieces, self.settled = self._believed(found, settled)
        except ValueError as error:
            self._failed(str(error))
            return []
        self._inner = found.inner
        self._health.worked(self)
        self._pause.worked()
        return pieces

    def _believed(self, found: _Found, before: Samples) -> tuple[list[SpeakerActivity], Samples]:
        """What was found, on the whole stream.

        Raises:
            ValueError: it is none, or lies where nothing was heard; nothing of it is repeated.
        """
        settled, pieces = found.settled, found.pieces
        if not isinstance(settled, int) or not before <= settled <= self._taken:
            raise ValueError(NO_DIARIZATION)
        if not isinstance(pieces, list) or not all(map(_sound, pieces)):
            raise ValueError(NO_DIARIZATION)
        end = self._taken
        if any(not 0 <= piece.start <= min(piece.end, end) for piece in pieces):
            raise ValueError("its voices lie where none were heard")
        base = self._base
        return [
            SpeakerActivity(self._label(p.speaker), p.start + base, min(p.end, end) + base)
            for p in pieces
        ], settled + base

    def _label(self, speaker: str) -> str:
        """Enrolled people keep their names."""
        numbered = _NUMBERED.fullmatch(speaker)
        if numbered is None:
            return speaker
        number = int(numbered[1]) + self._before
        self._highest = max(self._highest, number)
        return f"speaker_{number}"

    def _failed(self, what: str, *, hangs: bool = False) -> None:
        self._health.failed(self, what, hangs=hangs)
        self._pause.failed()
        self._before = self._highest
        self._lose()

    def _lose(self) -> None:
        """Drops all that was given; whoever takes over begins here."""
        self._inner, self._reading = None, None
        self._given.clear()
        if self.settled < self._received:
            self._lost.append((self.settled, self._received))
        self.settled = self._base = self._received
        self._taken = 0

    def _go_on(self, *, last: bool = False) -> None:
        """Has what was given diarized, unless that goes on already."""
        if self._reading is not None or not (self._given or last):
            return
        audio = np.concatenate([np.zeros(0, np.float32), *self._given])
        self._given.clear()
        self._taken += len(audio)
        self._waited = 0
        work = partial(_diarize, self._inner, self._opens, audio, last, self._watch)
        self._reading = self._pool.submit(work, urgent=True)


def _diarize(
    inner: Diarizer | None,
    opens: Callable[[], Diarizer],
    audio: Audio,
    last: bool,
    watch: Stopwatch,
) -> _Found:
    with watch.phase(PHASE):
        diarizer = inner or opens()
        found: Any = diarizer.push(audio)
        if last:
            found = [*found, *diarizer.flush()]
        return _Found(diarizer, found, diarizer.settled)


def _sound(piece: Any) -> bool:
    if not isinstance(piece, SpeakerActivity) or not are(int, piece.start, piece.end):
        return False
    label = piece.speaker
    return are(str, label) and label.isprintable() and 0 < len(label) <= _LONGEST_LABEL


class BackgroundDiarization:
    """Makes diarizers that work beside one meeting.

    Args:
        pool: where they work.
        stopwatch: gets the time that they take.
        health: is told what fails.
        hangs_after: as of `BackgroundDiarizer`.
    """

    def __init__(
        self, pool: ReadingPool, stopwatch: Stopwatch, health: Health, hangs_after: int
    ) -> None:
        self._pool, self._watch, self._health = pool, stopwatch, health
        self._hangs_after, self._patience = hangs_after, Patience()

    def wait(self) -> None:
        """From now on the end of a stream waits until all is settled: the meeting ends."""
        self._patience.waits = True

    def open(self, make: Callable[[], Diarizer]) -> BackgroundDiarizer:
        """A diarizer for one microphone; `make` makes what does the work."""
        return BackgroundDiarizer(
            make, self._pool, self._patience, self._watch, self._health, self._hangs_after
        )
