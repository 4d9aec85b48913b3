"""Hearing ahead gives what hearing tick by tick gives."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from diarize.base import SpeakerActivity
from integrations.files.sound.audio import AudioFile
from integrations.files.sound.recorded_source import AHEAD, RecordedSource
from moderator.audio import AudioChunk, Waveform, silence
from moderator.ears.ahead import LEAST, ListenerAhead
from moderator.ears.leakage import LeakageGuard
from moderator.ears.listener import Listener
from moderator.ears.loading import load_ear_models
from moderator.ears.recogniser import Recognised, RecognisedWord, RecogniserSpec
from moderator.ears.sources import OwnTrack, SharedMic
from moderator.events import Heard
from moderator.models.store import ModelStore
from moderator.testing.ears import EnergyVad, FakeDiarizer
from moderator.timeline import SAMPLE_RATE, TICK, Stopwatch, to_samples
from tests.moderator.ears.test_listener import voice

STEP = to_samples(0.5)


class Stream:
    """Says at every step of an utterance how loud it was, and at its end how long."""

    prepared = urgent = False

    def __init__(self, failing: bool) -> None:
        self._failing = failing
        self._parts: list[Waveform] = []
        self._start = self._read = 0
        self._ended: list[RecognisedWord] = []

    @property
    def _length(self) -> int:
        return sum(map(len, self._parts))

    @property
    def due(self) -> bool:
        return bool(self._ended) or self._length - self._read >= STEP

    def begin(self, at: int) -> None:
        self._parts, self._start, self._read = [], at, 0

    def push(self, audio: Waveform, voice: bool) -> None:
        self._parts.append(audio)

    def end(self, voice_end: int) -> None:
        """What ended is kept until it is read, also where the next begins in the same tick."""
        self._ended += [self._loud(), RecognisedWord(str(self._length), voice_end, voice_end)]
        self._parts, self._read = [], 0

    def _loud(self) -> RecognisedWord:
        loud = f"{np.abs(np.concatenate(self._parts)).sum():.4f}"
        return RecognisedWord(loud, self._start + self._read, self._start + self._length)

    def read(self) -> Recognised:
        if self._failing:
            raise RuntimeError("this recogniser is broken")
        words, self._ended = self._ended, []
        if self._length - self._read < STEP:
            return Recognised(tuple(words))
        word = self._loud()
        self._read = self._length
        return Recognised((*words, word), f"{word.text} so far")


class Sums:
    """Makes such streams."""

    spec = RecogniserSpec("sums", 1.0, 0.5, ("en",))

    def __init__(self, *, failing: bool = False) -> None:
        self._failing = failing

    def open(self) -> Stream:
        return Stream(self._failing)


def own(name: str) -> OwnTrack:
    known = [SpeakerActivity("x", 0, to_samples(600))]
    return OwnTrack(name, EnergyVad(), Sums().open(), lambda vad: FakeDiarizer(known))


def diarizer() -> FakeDiarizer:
    known = [("s1", 0.5, 2.0), ("s2", 2.0, 9.0)]
    pieces = [SpeakerActivity(who, to_samples(a), to_samples(b)) for who, a, b in known]
    return FakeDiarizer(pieces, to_samples(1.0))


def ticks(tracks: dict[str, Waveform]) -> Iterator[tuple[int, list[AudioChunk]]]:
    for at in range(0, max(map(len, tracks.values())), TICK):
        yield (
            at + TICK,
            [
                AudioChunk(name, at, audio[at : at + TICK])
                for name, audio in tracks.items()
                if at < len(audio)
            ],
        )


def at_once(
    listener: Listener, some: Iterable[tuple[int, Sequence[AudioChunk]]]
) -> Iterator[Heard]:
    now = 0
    for now, chunks in some:
        yield listener.hear(now, chunks)
    yield listener.finish(now)


def ahead(
    ears: ListenerAhead,
    some: Sequence[tuple[int, Sequence[AudioChunk]]],
    room: int,
    until: int | None = None,
) -> Iterator[Heard]:
    """What is heard up to tick `until`, where the meeting ends, while `room` ticks are foreseen."""
    for index, (now, chunks) in enumerate(some):
        ears.foresee(now, chunks)
        if index >= room:
            yield ears.hear(*some[index - room])
            if until is not None and index - room + 1 >= until:
                yield ears.finish(some[index - room][0])
                return
    ears.foresee(some[-1][0], (), last=True)
    for now, chunks in some[-room:]:
        yield ears.hear(now, chunks)
    yield ears.finish(some[-1][0])


SPANS = st.lists(
    st.tuples(st.floats(0.0, 7.0), st.floats(0.05, 3.0)).map(lambda one: (one[0], sum(one))),
    max_size=5,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(SPANS, min_size=1, max_size=3), st.integers(LEAST, 60), st.floats(5.0, 8.0))
def test_it_hears_what_is_heard_tick_by_tick(
    spans: list[list[tuple[float, float]]], room: int, short_s: float
) -> None:
    """Any talk, tracks of different lengths, with and without a microphone for several."""
    tracks = {
        f"t{number}": voice(*some, length_s=short_s if number else 8.0, seed=number)
        for number, some in enumerate(spans)
    }
    mic = {"room": voice((0.5, 3.0), (3.6, 5.2), length_s=7.0, seed=9)}
    for shared in ({}, mic):
        names = tuple(tracks)
        guard = LeakageGuard() if len(names) > 1 else None
        sources = [*(own(name) for name in names)]
        mics = [SharedMic("room", EnergyVad(), Sums().open(), diarizer()) for _ in shared]
        expected = list(at_once(Listener([*sources, *mics], guard=guard), ticks(tracks | shared)))
        ears = ListenerAhead(
            EnergyVad, Sums(), names, {name: diarizer() for name in shared}, 2, Stopwatch()
        )
        found = list(ahead(ears, list(ticks(tracks | shared)), room))
        ears.close()
        assert [one.words for one in found] == [one.words for one in expected]
        assert [one.partials for one in found] == [one.partials for one in expected]
        assert [one.speaking for one in found] == [one.speaking for one in expected]


@pytest.mark.parametrize("until", [1, 7, 12, 21, 30, 47])
def test_a_meeting_that_ends_early_ends_as_if_nothing_had_been_foreseen(until: int) -> None:
    tracks = {
        "ana": voice((0.4, 2.2), (3.1, 5.5), length_s=6.0),
        "ben": voice((2.0, 2.6), length_s=2.7, seed=1),
    }
    some = list(ticks(tracks))
    guard = LeakageGuard()
    expected = list(at_once(Listener([own("ana"), own("ben")], guard=guard), some[:until]))
    ears = ListenerAhead(EnergyVad, Sums(), ("ana", "ben"), {}, 2, Stopwatch())
    found = list(ahead(ears, some, 40 if until < 20 else 8, until))
    ears.close()
    assert [one.words for one in found] == [one.words for one in expected]


def test_a_recogniser_that_fails_is_heard_of_where_it_failed() -> None:
    ears = ListenerAhead(EnergyVad, Sums(failing=True), ("ana",), {}, 2, Stopwatch())
    some = list(ticks({"ana": voice((0.4, 2.2), length_s=3.0)}))
    for now, chunks in some:
        ears.foresee(now, chunks)
    for now, chunks in some[:4]:  # the voice has been there for 0.2 s, with a lead of 0.3 s
        ears.hear(now, chunks)
    with pytest.raises(RuntimeError, match="this recogniser is broken"):
        [ears.hear(now, chunks) for now, chunks in some[4:]]
    ears.close()


def test_nothing_more_is_recognised_when_it_is_closed() -> None:
    began, go_on = threading.Event(), threading.Event()
    read: list[int] = []

    class Slow(Stream):
        def read(self) -> Recognised:
            read.append(1)
            began.set()
            assert go_on.wait(10)
            return super().read()

    class Slowly(Sums):
        def open(self) -> Stream:
            return Slow(False)

    ears = ListenerAhead(EnergyVad, Slowly(), ("ana",), {}, 1, Stopwatch())
    talk = [(at, at + 0.5) for at in np.arange(0.5, 9.0, 1.5).tolist()]
    for now, chunks in ticks({"ana": voice(*talk, length_s=10.0)}):
        ears.foresee(now, chunks)
    assert began.wait(10)
    ears.close()
    go_on.set()
    for thread in threading.enumerate():
        if thread.name == "recognise":
            thread.join(10)
    assert read == [1]


class Seer:
    """Writes down what it is told, and fails where it is to."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.told: list[int] = []
        self.last: int | None = None
        self._fails_at = fails_at

    def foresee(self, now: int, chunks: Sequence[AudioChunk], *, last: bool = False) -> None:
        if now == self._fails_at:
            raise OSError("the recording went away")
        if last:
            self.last = now
        else:
            self.told.append(now)


@pytest.fixture
def recording(tmp_path: Path) -> AudioFile:
    path = tmp_path / "long.wav"
    soundfile.write(path, voice((1.0, 2.0), length_s=200.0), SAMPLE_RATE)
    return AudioFile(path)


def play(recording: AudioFile, seer: Seer, heard: list[int]) -> None:
    """Hears all of it; after each tick, how many more are foreseen."""

    async def run() -> None:
        source = RecordedSource({"ana": recording}, 0, lambda seconds: None, seer)
        async for now, _ in source.ticks():
            assert now == (len(heard) + 1) * TICK
            heard.append(len(seer.told) - len(heard) - 1)

    asyncio.run(run())


def test_a_recorded_source_tells_what_comes_and_begins_at_once(recording: AudioFile) -> None:
    seer, heard = Seer(), list[int]()
    play(recording, seer, heard)
    assert len(heard) == len(seer.told) == 2000
    assert seer.last == 2000 * TICK
    assert min(heard[:-AHEAD]) == heard[0] == LEAST
    assert max(heard) == AHEAD


def test_what_came_before_a_failure_is_heard_first(recording: AudioFile) -> None:
    heard: list[int] = []
    with pytest.raises(OSError, match="went away"):
        play(recording, Seer(fails_at=100 * TICK), heard)
    assert len(heard) == 99


@pytest.mark.e2e
def test_recorded_headsets_are_understood_alike(recorded_meetings: Path) -> None:
    models = load_ear_models(ModelStore.default(), workers=2)
    path = sorted((recorded_meetings / "audio" / "ami_headsets").glob("*.wav"))[0]
    audio, _ = soundfile.read(path, dtype="float32", frames=30 * SAMPLE_RATE)
    names = ("0", "1")
    some = list(ticks({name: audio[:, int(name)] for name in names}))
    listener = Listener([models.own_track(name) for name in names], guard=LeakageGuard())
    expected = list(at_once(listener, some))
    ears = ListenerAhead(models.detector, models.recogniser, names, {}, 2, Stopwatch())
    found = list(ahead(ears, some, 150))
    ears.close()
    assert sum(len(one.words) for one in found) > 20
    assert found == expected


def test_silence_is_foreseen_as_silence() -> None:
    ears = ListenerAhead(EnergyVad, Sums(), ("ana",), {}, 1, Stopwatch())
    found = list(ahead(ears, list(ticks({"ana": silence(to_samples(3.0))})), LEAST))
    ears.close()
    assert not [one for one in found if one.words or one.speaking or one.partials]
