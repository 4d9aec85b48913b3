"""Recognition beside the meeting."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from moderator.audio import Waveform, silence
from moderator.ears.background import PHASE, BackgroundStream
from moderator.ears.reading_pool import ReadingPool
from moderator.ears.recogniser import Recognised, RecognisedWord
from moderator.timeline import Samples, Stopwatch


class SlowStream:
    """Recognises one word for each utterance, when it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()
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
        assert self.let.wait(5)
        words = tuple(RecognisedWord(f"word{n}", 0, 1) for n in range(self.ended))
        self.ended = 0
        return Recognised(words, "more")


def utterance(stream: BackgroundStream) -> None:
    stream.begin(0)
    stream.push(silence(160), True)
    stream.end(160)


def test_reading_never_waits_and_nothing_is_lost() -> None:
    inner = SlowStream()
    with ThreadPoolExecutor(1) as threads:
        stream = BackgroundStream(inner, ReadingPool(threads, 1), lambda: False, Stopwatch())
        assert not stream.due
        utterance(stream)
        assert stream.read() == Recognised((), "")
        utterance(stream)
        assert stream.read() == Recognised((), "")
        assert inner.calls == ["begin", "push", "end"]  # the rest waits until the reading is done
        inner.let.set()
        words: list[str] = []
        while len(words) < 2:
            assert stream.due
            words += [word.text for word in stream.read().words]
        assert inner.calls == ["begin", "push", "end"] * 2
        assert stream.read().partial == "more"


def test_at_the_end_everything_is_waited_for() -> None:
    inner = SlowStream()
    patient, watch = False, Stopwatch()
    with ThreadPoolExecutor(1) as threads:
        stream = BackgroundStream(inner, ReadingPool(threads, 1), lambda: patient, watch)
        utterance(stream)
        stream.read()
        utterance(stream)
        patient = True
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
    with ThreadPoolExecutor(1) as threads:
        stream = BackgroundStream(inner, ReadingPool(threads, 1), lambda: False, Stopwatch())
        utterance(stream)
        assert [word.text for word in stream.read().words] == ["word0"]


def test_a_reading_that_waits_takes_what_came_since() -> None:
    inner, busy = SlowStream(), threading.Event()
    with ThreadPoolExecutor(1) as threads:
        pool = ReadingPool(threads, 1)
        begun = threading.Event()

        def other() -> Recognised:
            begun.set()
            assert busy.wait(5)
            return Recognised()

        pool.submit(other, urgent=True)
        assert begun.wait(5)
        stream = BackgroundStream(inner, pool, lambda: False, Stopwatch())
        utterance(stream)
        stream.read()
        utterance(stream)
        stream.read()  # nothing of this one has begun: both are recognised at once
        assert inner.calls == ["begin", "push", "end"] * 2
        inner.let.set()
        busy.set()
        words: list[str] = []
        while stream.due:
            words += [word.text for word in stream.read().words]
    assert words == ["word0", "word1"]
