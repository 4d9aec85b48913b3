"""Recognition beside the meeting."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable

import pytest

from moderator.audio import Waveform, silence
from moderator.ears.background import (
    HANGS_AFTER,
    PHASE,
    SPARING,
    BackgroundStream,
    Patience,
)
from moderator.ears.health import IN_A_ROW, Health
from moderator.ears.reading_pool import ReadingPool
from moderator.ears.recogniser import Recognised, RecognisedWord, RecogniserStream
from moderator.timeline import Samples, Stopwatch


class SlowStream:
    """Recognises one word for each utterance, when it is let."""

    def __init__(self) -> None:
        self.let, self.begun = threading.Event(), threading.Event()
        self.calls: list[str] = []
        self.ended = 0

    @property
    def due(self) -> bool:
        return self.ended > 0

    @property
    def prepared(self) -> bool:
        return False

    @property
    def urgent(self) -> bool:
        return True

    def begin(self, at: Samples) -> None:
        self.calls.append("begin")

    def push(self, audio: Waveform, voice: bool) -> None:
        self.calls.append("push")

    def end(self, voice_end: Samples) -> None:
        self.calls.append("end")
        self.ended += 1

    def read(self) -> Recognised:
        self.begun.set()
        assert self.let.wait(5)
        words = tuple(RecognisedWord(f"word{n}", 0, 1) for n in range(self.ended))
        self.ended = 0
        return Recognised(words, "more")


def stream_over(
    *inner: RecogniserStream,
    pool: ReadingPool | None = None,
    health: Health | None = None,
    hangs_after: int = HANGS_AFTER,
) -> BackgroundStream:
    """A stream over an inner one, and those that take its place when it fails."""
    opened = iter(inner)
    return BackgroundStream(
        lambda: next(opened),
        pool or ReadingPool(1),
        Patience(),
        Stopwatch(),
        health or Health(),
        hangs_after,
    )


def utterance(stream: BackgroundStream) -> None:
    stream.begin(0)
    stream.push(silence(160), True)
    stream.end(160)


def test_reading_never_waits_and_nothing_is_lost() -> None:
    inner = SlowStream()
    stream = stream_over(inner)
    assert not stream.due
    utterance(stream)
    assert stream.read() == Recognised((), "")
    assert inner.begun.wait(5)
    utterance(stream)
    assert stream.read() == Recognised((), "")
    assert inner.calls == ["begin", "push", "end"]  # the rest waits until the reading is done
    inner.let.set()
    words: list[str] = []
    while len(words) < 2:
        assert stream.due
        time.sleep(0.001)  # a tick
        words += [word.text for word in stream.read().words]
    assert inner.calls == ["begin", "push", "end"] * 2
    assert stream.read().partial == "more"


def test_at_the_end_everything_is_waited_for() -> None:
    inner = SlowStream()
    patience, watch = Patience(), Stopwatch()
    stream = BackgroundStream(lambda: inner, ReadingPool(1), patience, watch, Health())
    utterance(stream)
    stream.read()
    utterance(stream)
    patience.waits = True
    threading.Timer(0.05, inner.let.set).start()
    assert len(stream.read().words) == 2
    assert not stream.due
    assert 0.04 < watch.spent()[PHASE] < 5.0  # measured in the thread that recognises


def test_what_was_recognised_ahead_is_read_at_once() -> None:
    class Ahead(SlowStream):
        @property
        def prepared(self) -> bool:
            return True

    inner = Ahead()
    inner.let.set()
    stream = stream_over(inner)
    utterance(stream)
    assert [word.text for word in stream.read().words] == ["word0"]


def test_a_reading_that_waits_takes_what_came_since() -> None:
    inner, busy = SlowStream(), threading.Event()
    pool = ReadingPool(1)
    begun = threading.Event()

    def other() -> Recognised:
        begun.set()
        assert busy.wait(5)
        return Recognised()

    pool.submit(other, urgent=True)
    assert begun.wait(5)
    stream = stream_over(inner, pool=pool)
    utterance(stream)
    stream.read()
    utterance(stream)
    stream.read()  # nothing of this one has begun: both are recognised at once
    assert inner.calls == ["begin", "push", "end"] * 2
    inner.let.set()
    busy.set()
    words: list[str] = []
    while stream.due:
        time.sleep(0.001)  # a tick
        words += [word.text for word in stream.read().words]
    assert words == ["word0", "word1"]


class Broken(SlowStream):
    """Does at once what it is told to, when it reads."""

    def __init__(self, read: Callable[[], Recognised]) -> None:
        super().__init__()
        self._read = read

    def read(self) -> Recognised:
        self.ended = 0
        return self._read()


def crash() -> Recognised:
    raise ValueError("somebody said: the budget")


def answers(*words: tuple[object, object, object]) -> Callable[[], Recognised]:
    return lambda: Recognised(tuple(RecognisedWord(*word) for word in words))  # type: ignore[arg-type]


def read_on(stream: BackgroundStream) -> list[str]:
    """The words of what it was given."""
    words: list[str] = []
    while stream.due:
        time.sleep(0.001)  # a tick
        words += [word.text for word in stream.read().words]
    return words


RUBBISH: list[Callable[[], object]] = [
    lambda: None,
    lambda: "words",
    lambda: Recognised((), 3),  # type: ignore[arg-type]
    answers((7, 0, 1)),
    answers(("word", 0.5, 1)),
    answers(("word", 5, 1)),
    answers(("word", -5, 1)),
    answers(("word", 0, 10_000)),
]


@pytest.mark.parametrize("read", [crash, *RUBBISH])
def test_a_reading_that_fails_is_dropped_and_another_stream_goes_on(
    read: Callable[[], Recognised],
) -> None:
    after, health = SlowStream(), Health()
    after.let.set()
    stream = stream_over(Broken(read), after, health=health)
    utterance(stream)
    assert read_on(stream) == []
    [what] = health.take_failures()
    assert "budget" not in what
    assert not health.down
    utterance(stream)
    assert read_on(stream) == ["word0"]


def test_one_that_fails_in_the_middle_of_an_utterance_goes_on_where_it_is() -> None:
    begun: list[Samples] = []

    class After(SlowStream):
        def begin(self, at: Samples) -> None:
            begun.append(at)

    broken, after = Broken(crash), After()
    after.let.set()
    broken.ended = 1  # a hypothesis is due
    stream = stream_over(broken, after)
    stream.begin(0)
    stream.push(silence(160), True)
    read_on(stream)
    stream.push(silence(160), True)
    stream.end(300)
    assert read_on(stream) == ["word0"]
    assert begun == [160]
    assert after.calls == ["push", "end"]


def test_what_keeps_failing_is_deaf_until_it_works() -> None:
    health = Health()
    after = SlowStream()
    after.let.set()
    stream = stream_over(*[Broken(crash) for _ in range(IN_A_ROW)], after, health=health)
    for _ in range(IN_A_ROW):
        assert not health.down
        utterance(stream)
        read_on(stream)
    assert health.down
    utterance(stream)
    assert read_on(stream) == ["word0"]
    assert not health.down


def test_a_reading_that_hangs_is_given_up_and_keeps_no_thread() -> None:
    hanging, after, health = SlowStream(), SlowStream(), Health()
    after.let.set()
    stream = stream_over(hanging, after, health=health, hangs_after=5)
    utterance(stream)
    for _ in range(7):
        assert stream.read() == Recognised()
    assert health.take_failures() == ["it does not answer"]
    assert health.down
    utterance(stream)
    assert read_on(stream) == ["word0"]
    assert not health.down
    hanging.let.set()
    assert stream.read() == Recognised((), "more")  # what came too late is nobody's


def test_a_stream_that_has_gone_is_not_deaf() -> None:
    health = Health()
    hanging = SlowStream()
    stream = stream_over(hanging, SlowStream(), health=health, hangs_after=2)
    utterance(stream)
    for _ in range(4):
        stream.read()
    assert health.down
    hanging.let.set()
    del stream
    gc.collect()
    assert not health.down


def test_where_computing_is_spared_guesses_are_rare_and_ends_are_not() -> None:
    class Guesses(SlowStream):
        """Has something to guess with every sample; what has ended comes first."""

        reads = 0

        @property
        def due(self) -> bool:
            return bool(self.calls)

        @property
        def urgent(self) -> bool:
            return self.ended > 0

        def read(self) -> Recognised:
            self.reads += 1
            self.calls.clear()
            self.ended = 0
            return Recognised((), "guess")

    def ticks(spares: bool) -> int:
        inner, patience = Guesses(), Patience()
        patience.spares = spares
        stream = BackgroundStream(lambda: inner, ReadingPool(1), patience, Stopwatch(), Health())
        stream.begin(0)
        for _ in range(2 * SPARING):
            stream.push(silence(160), True)
            stream.read()
            time.sleep(0.002)
        guessed = inner.reads
        stream.end(160)
        until = time.monotonic() + 5.0
        while inner.reads == guessed and time.monotonic() < until:
            stream.read()
            time.sleep(0.002)
        assert inner.reads == guessed + 1  # at once
        return guessed

    assert ticks(spares=False) > SPARING
    assert 1 <= ticks(spares=True) <= 2


def test_a_stream_that_cannot_be_opened_is_opened_with_the_next_utterance() -> None:
    inner, opened, health = SlowStream(), list[object](), Health()
    inner.let.set()

    def opens() -> RecogniserStream:
        opened.append(None)
        if len(opened) == 1:
            raise OSError("SECRET")
        return inner

    stream = BackgroundStream(opens, ReadingPool(1), Patience(), Stopwatch(), health)
    utterance(stream)
    assert stream.read() == Recognised()
    assert health.take_failures() == ["OSError"]
    utterance(stream)
    words: list[str] = []
    while not words:
        time.sleep(0.001)
        words += [word.text for word in stream.read().words]
    assert len(opened) == 2
