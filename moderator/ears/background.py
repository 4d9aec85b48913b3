"""Recognition beside the meeting: a live listener never waits for words.

Voices must be noticed within a tick, words may take longer. Here what a stream is given waits while
an earlier reading goes on, and a reading gives what has become ready. A reading that has not begun
takes what came since as well: where there is more to do than can be done, hypotheses become rarer.

A reading that fails, hangs or answers what cannot be is dropped with what it was given, and another
stream takes over in the middle of the utterance. Nobody's voice is missed by that, only words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import wait
from dataclasses import replace
from functools import partial
from typing import Any

from moderator.audio import Waveform
from moderator.ears.expecting import expect
from moderator.ears.health import Health
from moderator.ears.reading_pool import Reading, ReadingPool
from moderator.ears.recogniser import (
    Recognised,
    RecognisedWord,
    Recogniser,
    RecogniserSpec,
    RecogniserStream,
)
from moderator.errors import Substituted
from moderator.timeline import Samples, Stopwatch

PHASE = "recognition"
"""What a stopwatch calls the time spent here."""

HANGS_AFTER = 100
"""Calls of `read`, one each tick, after which a reading that goes on hangs: 10 s."""

NO_RECOGNITION = "what it answers is no recognition"

LAST_WORDS_WITHIN_S = 15.0
"""The meeting's end waits for so long."""


SPARING = 30
"""Calls of `read` between two guesses at what is being said, where computing is spared: 3 s."""


class Patience:
    """How much is to be recognised.

    Attributes:
        waits: readings are waited for until everything has been recognised.
        spares: what is being said is guessed less often; what has been said comes first.
    """

    def __init__(self) -> None:
        self.waits = self.spares = False


class BackgroundStream:
    """A stream whose readings run in another thread; satisfies `RecogniserStream`.

    Its owner calls it from one thread at a time. The inner stream is only touched by the reading
    under way, or by the owner when there is none.

    Args:
        opens: opens an inner stream, which recognises; another one when that failed.
        pool: where it does so.
        patience: says how much.
        stopwatch: gets the time that readings take, as phase `PHASE`.
        health: is told what fails.
        hangs_after: see `HANGS_AFTER`.
    """

    def __init__(
        self,
        opens: Callable[[], RecogniserStream],
        pool: ReadingPool,
        patience: Patience,
        stopwatch: Stopwatch,
        health: Health,
        hangs_after: int = HANGS_AFTER,
    ) -> None:
        self._opens, self._pool, self._patience = opens, pool, patience
        self._watch, self._health, self._hangs_after = stopwatch, health, hangs_after
        self._inner: RecogniserStream | None = None
        self._given: list[Callable[[RecogniserStream], None]] = []
        self._reading: Reading[Recognised] | None = None
        self._waited = 0
        self._found: Recognised | None = None  # without a reading: it was prepared
        self._partial = ""
        self._inside = False
        self._now: Samples = 0
        self._names: tuple[str, ...] = ()

    def expect(self, names: Sequence[str]) -> None:
        """Names that the inner stream is told with what it is given next."""
        self._names = tuple(names)

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
        self._inside, self._now = True, max(at, self._now)
        self._given.append(lambda inner: inner.begin(at))

    def push(self, audio: Waveform, voice: bool) -> None:
        """The utterance's next samples, shape ``(n,)``."""
        kept = audio.copy()
        self._now += len(kept)
        self._given.append(lambda inner: inner.push(kept, voice))

    def end(self, voice_end: Samples) -> None:
        """The utterance is over."""
        self._inside = False
        self._given.append(lambda inner: inner.end(voice_end))

    def read(self) -> Recognised:
        """What has become ready since the last call."""
        self._waited += 1
        words = self._collect()
        self._go_on()
        words += self._collect()  # what was prepared is there at once
        while self._busy and self._patience.waits:
            words += self._collect()
            self._go_on()
        return Recognised(tuple(words), self._partial)

    @property
    def _busy(self) -> bool:
        return self._reading is not None or self._found is not None

    def _collect(self) -> list[RecognisedWord]:
        """The words of the reading under way, if it is done or must be waited for."""
        reading = self._reading
        if reading is not None:
            if self._patience.waits and not wait([reading.future], LAST_WORDS_WITHIN_S).done:
                self._patience.waits = False
                self._give_up(reading)
            elif reading.future.done():
                self._reading = None
                self._take(reading)
            elif self._waited >= self._hangs_after:
                self._give_up(reading)
        found, self._found = self._found, None
        if found is None:
            return []
        try:
            words = believed(found, self._now)
        except ValueError as error:
            self._failed(str(error))
            return []
        if found.pending is not True:
            self._health.worked(self)
        if isinstance(self._inner, Substituted):
            self._health.told(self._inner.take_failures())
        self._partial = _on_one_line(found.partial)
        return words

    def _take(self, reading: Reading[Recognised]) -> None:
        error = reading.future.exception()
        if error is not None:
            self._failed(type(error).__name__)
            return
        self._found = reading.future.result()
        if self._found is None:
            self._failed(NO_RECOGNITION)

    def _give_up(self, reading: Reading[Recognised]) -> None:
        self._pool.abandon(reading)
        self._reading = None
        self._failed("it does not answer", hangs=True)

    def _failed(self, what: str, *, hangs: bool = False) -> None:
        """Drops what was given; another stream goes on where the utterance is now."""
        self._health.failed(self, what, hangs=hangs)
        self._inner, self._partial, self._waited = None, "", 0
        self._given.clear()
        if self._inside:
            now = self._now
            self._given.append(lambda inner: inner.begin(now))

    def _go_on(self) -> None:
        """Starts the next reading, unless one is under way or there is nothing to recognise."""
        place = None
        if self._reading is not None:
            if not self._given or not self._reading.future.cancel():
                return
            place, self._reading = self._reading.place, None
        try:
            self._give(place)
        except Exception as error:
            self._failed(type(error).__name__)

    def _give(self, place: int | None) -> None:
        inner = self._inner = self._inner or self._opens()
        expect(inner, self._names)
        given, self._given = self._given, []
        for call in given:
            call(inner)
        work = partial(_read, inner, self._watch)
        if inner.due and inner.prepared:
            self._found = work()
        elif inner.due and not (self._patience.spares and self._early(inner)):
            if place is None:
                self._waited = 0
            self._reading = self._pool.submit(work, urgent=inner.urgent, place=place)

    def _early(self, inner: RecogniserStream) -> bool:
        """A guess that was asked for sooner after the last one than computing is spared for."""
        return not inner.urgent and not self._patience.waits and self._waited < SPARING


def _read(inner: RecogniserStream, watch: Stopwatch) -> Recognised:
    """One reading, measured where it runs: waiting for a free thread is no computing."""
    with watch.phase(PHASE):
        return inner.read()


def believed(found: Any, now: Samples) -> list[RecognisedWord]:
    """The words of a reading, as a journal can hold them.

    Raises:
        ValueError: they are none, or lie where nothing was heard yet; nothing of them is repeated.
    """
    if not isinstance(found, Recognised) or not are(str, found.partial):
        raise ValueError(NO_RECOGNITION)
    if not are(tuple, found.words) or not are(RecognisedWord, *found.words):
        raise ValueError("what it answers are no words")
    words = []
    for word in found.words:
        known = word.speaker is None or are(str, word.speaker)
        if not (known and are(str, word.text) and are(int, word.start, word.end)):
            raise ValueError("what it answers are no words")
        if not 0 <= word.start <= word.end <= now:
            raise ValueError("its words lie where nothing was heard")
        text = _on_one_line(word.text)
        if text:
            words.append(replace(word, text=text, heard=None))
    return words


def are(kind: type, *values: object) -> bool:
    """Whether values are what their type says: what models answer may be anything."""
    return all(isinstance(value, kind) for value in values)


def _on_one_line(text: str) -> str:
    kept = (char if char.isprintable() else " " for char in text)
    return " ".join("".join(kept).split())


class BackgroundRecogniser:
    """Makes streams that recognise beside the meeting; satisfies `Recogniser`.

    Args:
        inner: makes the streams that do the work.
        pool: its threads.
        stopwatch: gets the time that recognition takes beside the meeting.
        health: is told what fails.
        hangs_after: see `HANGS_AFTER`.
    """

    def __init__(
        self,
        inner: Recogniser,
        pool: ReadingPool,
        stopwatch: Stopwatch,
        health: Health,
        hangs_after: int = HANGS_AFTER,
    ) -> None:
        self._inner, self._pool, self._health = inner, pool, health
        self._watch, self._hangs_after = stopwatch, hangs_after
        self._patience = Patience()

    @property
    def spec(self) -> RecogniserSpec:
        """Latency, step, languages of the inner one."""
        return self._inner.spec

    def wait(self) -> None:
        """From now on readings wait until everything has been recognised: the meeting ends."""
        self._patience.waits = True

    def spare(self, *, spares: bool) -> None:
        """From now on what is being said is guessed less often, or as often as before."""
        self._patience.spares = spares

    def open(self) -> BackgroundStream:
        """A new stream for one source."""
        return BackgroundStream(
            self._inner.open,
            self._pool,
            self._patience,
            self._watch,
            self._health,
            self._hangs_after,
        )
