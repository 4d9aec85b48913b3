"""Recognition beside the meeting: a live listener never waits for words.

Voices must be noticed within a tick, words may take longer. Here what a stream is given waits while
an earlier reading goes on, and a reading gives what has become ready. A reading that has not begun
takes what came since as well: where there is more to do than can be done, hypotheses become rarer.
"""

from __future__ import annotations

from collections.abc import Callable

from moderator.audio import Waveform
from moderator.ears.reading_pool import Reading, ReadingPool
from moderator.ears.recogniser import (
    Recognised,
    RecognisedWord,
    Recogniser,
    RecogniserSpec,
    RecogniserStream,
)
from moderator.timeline import Samples, Stopwatch

PHASE = "recognition"
"""What a stopwatch calls the time spent here."""


class BackgroundStream:
    """A stream whose readings run in another thread; satisfies `RecogniserStream`.

    Its owner calls it from one thread at a time. The inner stream is only touched by the reading
    under way, or by the owner when there is none.

    Args:
        inner: recognises.
        pool: where it does so.
        patient: says whether `read` waits until everything has been recognised.
        stopwatch: gets the time that readings take, as phase `PHASE`.
    """

    def __init__(
        self,
        inner: RecogniserStream,
        pool: ReadingPool,
        patient: Callable[[], bool],
        stopwatch: Stopwatch,
    ) -> None:
        self._inner, self._pool, self._patient = inner, pool, patient
        self._watch = stopwatch
        self._given: list[Callable[[], None]] = []
        self._reading: Reading | None = None
        self._found: Recognised | None = None  # without a reading: it was prepared
        self._partial = ""

    @property
    def due(self) -> bool:
        """Something was given or is being recognised: `read` is cheap, so it may be asked."""
        return bool(self._given) or self._busy

    @property
    def prepared(self) -> bool:
        """Reading takes no time at all."""
        return True

    @property
    def urgent(self) -> bool:
        """Reading takes no time at all."""
        return False

    def begin(self, at: Samples) -> None:
        """An utterance begins at meeting time `at`."""
        self._given.append(lambda: self._inner.begin(at))

    def push(self, audio: Waveform, voice: bool) -> None:
        """The utterance's next samples, shape ``(n,)``."""
        kept = audio.copy()
        self._given.append(lambda: self._inner.push(kept, voice))

    def end(self, voice_end: Samples) -> None:
        """The utterance is over."""
        self._given.append(lambda: self._inner.end(voice_end))

    def read(self) -> Recognised:
        """What has become ready since the last call."""
        words = self._collect()
        self._go_on()
        words += self._collect()  # what was prepared is there at once
        while self._busy and self._patient():
            words += self._collect()
            self._go_on()
        return Recognised(tuple(words), self._partial)

    @property
    def _busy(self) -> bool:
        return self._reading is not None or self._found is not None

    def _collect(self) -> list[RecognisedWord]:
        """The words of the reading under way, if it is done or must be waited for."""
        if self._reading is not None and (self._reading.future.done() or self._patient()):
            self._found, self._reading = self._reading.future.result(), None
        if self._found is None:
            return []
        found, self._found = self._found, None
        self._partial = found.partial
        return list(found.words)

    def _go_on(self) -> None:
        """Starts the next reading, unless one is under way or there is nothing to recognise."""
        place = None
        if self._reading is not None:
            if not self._given or not self._reading.future.cancel():
                return
            place, self._reading = self._reading.place, None
        given, self._given = self._given, []
        for call in given:
            call()
        if self._inner.due and self._inner.prepared:
            self._found = self._recognise()
        elif self._inner.due:
            urgent = self._inner.urgent
            self._reading = self._pool.submit(self._recognise, urgent=urgent, place=place)

    def _recognise(self) -> Recognised:
        """One reading, measured where it runs: waiting for a free thread is no computing."""
        with self._watch.phase(PHASE):
            return self._inner.read()


class BackgroundRecogniser:
    """Makes streams that recognise beside the meeting; satisfies `Recogniser`.

    Args:
        inner: makes the streams that do the work.
        pool: its threads.
        stopwatch: gets the time that recognition takes beside the meeting.

    Attributes:
        patient: readings wait until everything has been recognised; for the meeting's end.
    """

    def __init__(
        self, inner: Recogniser, pool: ReadingPool, stopwatch: Stopwatch | None = None
    ) -> None:
        self._inner, self._pool = inner, pool
        self._watch = stopwatch or Stopwatch()
        self.patient = False

    @property
    def spec(self) -> RecogniserSpec:
        """Latency, step, languages of the inner one."""
        return self._inner.spec

    def open(self) -> BackgroundStream:
        """A new stream for one source."""
        return BackgroundStream(self._inner.open(), self._pool, lambda: self.patient, self._watch)
