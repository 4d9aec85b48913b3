"""Recognition beside the meeting: a live listener never waits for words.

Voices must be noticed within a tick, words may take longer. Here what a stream is given waits while
an earlier reading goes on, and a reading gives what has become ready.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future

from moderator.audio import Waveform
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
        workers: where it does so.
        patient: says whether `read` waits until everything has been recognised.
        stopwatch: gets the time that readings take, as phase `PHASE`.
    """

    def __init__(
        self,
        inner: RecogniserStream,
        workers: Executor,
        patient: Callable[[], bool],
        stopwatch: Stopwatch,
    ) -> None:
        self._inner, self._workers, self._patient = inner, workers, patient
        self._watch = stopwatch
        self._given: list[Callable[[], None]] = []
        self._reading: Future[Recognised] | None = None
        self._partial = ""

    @property
    def due(self) -> bool:
        """Something was given or is being recognised: `read` is cheap, so it may be asked."""
        return bool(self._given) or self._reading is not None

    @property
    def prepared(self) -> bool:
        """Reading takes no time at all."""
        return True

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
        while self._reading is not None and self._patient():
            words += self._collect()
            self._go_on()
        return Recognised(tuple(words), self._partial)

    def _collect(self) -> list[RecognisedWord]:
        """The words of the reading under way, if it is done or must be waited for."""
        if self._reading is None or not (self._reading.done() or self._patient()):
            return []
        found = self._reading.result()
        self._reading = None
        self._partial = found.partial
        return list(found.words)

    def _go_on(self) -> None:
        """Starts the next reading, if none is under way and there is something to recognise."""
        if self._reading is not None:
            return
        given, self._given = self._given, []
        for call in given:
            call()
        if self._inner.due and self._inner.prepared:
            self._reading = Future()
            self._reading.set_result(self._recognise())
        elif self._inner.due:
            self._reading = self._workers.submit(self._recognise)

    def _recognise(self) -> Recognised:
        """One reading, measured where it runs: waiting for a free thread is no computing."""
        with self._watch.phase(PHASE):
            return self._inner.read()


class BackgroundRecogniser:
    """Makes streams that recognise beside the meeting; satisfies `Recogniser`.

    Args:
        inner: makes the streams that do the work.
        workers: its threads.
        stopwatch: gets the time that recognition takes beside the meeting.

    Attributes:
        patient: readings wait until everything has been recognised; for the meeting's end.
    """

    def __init__(
        self, inner: Recogniser, workers: Executor, stopwatch: Stopwatch | None = None
    ) -> None:
        self._inner, self._workers = inner, workers
        self._watch = stopwatch or Stopwatch()
        self.patient = False

    @property
    def spec(self) -> RecogniserSpec:
        """Latency, step, languages of the inner one."""
        return self._inner.spec

    def open(self) -> BackgroundStream:
        """A new stream for one source."""
        return BackgroundStream(
            self._inner.open(), self._workers, lambda: self.patient, self._watch
        )
