"""Names that ears are told reach whoever recognises, and what they misheard is put right."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from diarize.tracks import TrackDiarizer
from moderator.audio import AudioChunk, Waveform
from moderator.ears.ahead import ListenerAhead
from moderator.ears.background import BackgroundRecogniser
from moderator.ears.expecting import Expecting, expect
from moderator.ears.health import EarsHealth
from moderator.ears.listener import Listener
from moderator.ears.reading_pool import ReadingPool
from moderator.ears.recogniser import Recognised, RecognisedWord, RecogniserSpec
from moderator.ears.sources import OwnTrack
from moderator.ears.substituted import SubstitutedRecogniser
from moderator.ears.vocabulary import vocabulary
from moderator.events import Word
from moderator.testing.ears import EnergyVad
from moderator.timeline import TICK, Samples, Stopwatch

MISHEARD = ("Hello", "Joe", "Quinn.", "Robyn,", "hi.")


class Stream:
    """Understands the same words of each utterance when it ends."""

    prepared = urgent = True

    def __init__(self) -> None:
        self.due = False
        self.names: tuple[str, ...] = ()
        self._at: Samples = 0

    def expect(self, names: Sequence[str]) -> None:
        self.names = tuple(names)

    def begin(self, at: Samples) -> None:
        self._at = at

    def push(self, audio: Waveform, voice: bool) -> None:
        """Nothing is understood before the end."""

    def end(self, voice_end: Samples) -> None:
        self.due = True

    def read(self) -> Recognised:
        self.due = False
        times = [self._at + n * 1_000 for n in range(len(MISHEARD))]
        words = (
            RecognisedWord(text, at, at + 1_000) for text, at in zip(MISHEARD, times, strict=True)
        )
        return Recognised(tuple(words), "Yes, Robyn,")


class Recogniser:
    """Makes such streams and keeps them."""

    def __init__(self) -> None:
        self.streams: list[Stream] = []

    @property
    def spec(self) -> RecogniserSpec:
        return RecogniserSpec("misheard", 0.0, 0.1, ("en",))

    def open(self) -> Stream:
        self.streams.append(Stream())
        return self.streams[-1]


def chunks(tick: int) -> list[AudioChunk]:
    level = 0.5 if tick < 10 else 0.0
    return [AudioChunk("ana", tick * TICK, np.full(TICK, level, np.float32))]


def own_track(stream: Stream) -> OwnTrack:
    def diarizer(vad: EnergyVad) -> TrackDiarizer:
        return TrackDiarizer("ana", vad)

    make: Callable[..., TrackDiarizer] = diarizer
    return OwnTrack("ana", EnergyVad(), stream, make, known=vocabulary(("en",)))


def test_words_that_are_names_are_told_as_both() -> None:
    listener, stream = Listener(), Stream()
    listener.expect(["Robin", "Joaquin"])
    listener.add(own_track(stream))
    heard = [listener.hear((tick + 1) * TICK, chunks(tick)) for tick in range(20)]
    words = [word for one in heard for word in one.words]
    assert stream.names == ("Robin", "Joaquin")
    assert [(word.text, word.heard) for word in words] == [
        ("Hello", None),
        ("Joaquin.", "Joe Quinn."),
        ("Robin,", "Robyn,"),
        ("hi.", None),
    ]
    assert words[1].end - words[1].start == 2_000
    assert any(one.partials.get("ana") == "Yes, Robin," for one in heard)


def test_names_may_change() -> None:
    stream = Stream()
    listener = Listener([own_track(stream)])
    listener.expect(["Robin"])
    listener.expect(["Joaquin"])
    assert stream.names == ("Joaquin",)
    heard = [listener.hear((tick + 1) * TICK, chunks(tick)) for tick in range(20)]
    texts = [word.text for one in heard for word in one.words]
    assert texts == ["Hello", "Joaquin.", "Robyn,", "hi."]


def test_ears_that_hear_ahead_expect_the_same() -> None:
    recogniser = Recogniser()
    ears = ListenerAhead(EnergyVad, recogniser, ["ana"], {}, 1, Stopwatch())
    assert isinstance(ears, Expecting)
    ears.expect(["Robin", "Joaquin"])
    for tick in range(20):
        ears.foresee((tick + 1) * TICK, chunks(tick), last=tick == 19)
    words: list[Word] = []
    for tick in range(20):
        words += ears.hear((tick + 1) * TICK, chunks(tick)).words
    assert [word.text for word in words] == ["Hello", "Joaquin.", "Robin,", "hi."]
    assert {stream.names for stream in recogniser.streams} == {("Robin", "Joaquin")}
    ears.close()


def test_a_stream_that_is_opened_later_is_told() -> None:
    first, second = Recogniser(), Recogniser()
    stream = SubstitutedRecogniser(first, second).open()
    expect(stream, ["Robin"])
    stream.begin(0)
    assert first.streams[0].names == ("Robin",)
    pool, health = ReadingPool(1), EarsHealth()
    beside = BackgroundRecogniser(first, pool, Stopwatch(), health.recogniser).open()
    expect(beside, ["Ana"])
    beside.begin(0)
    beside.read()
    assert first.streams[1].names == ("Ana",)


def test_who_cannot_make_use_of_names_is_not_told() -> None:
    expect(object(), ["Robin"])
