from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarize.base import SAMPLE_RATE, Audio, SpeakerActivity
from diarize.embedding import unit
from diarize.errors import DiarizeError
from diarize.online import OnlineDiarizer, OnlineSettings
from diarize.segmentation import Activity
from tests.diarize.tones import TONES_HZ, ToneEmbedder, ToneSegmentation, joined, seconds, speech

TALK = speech([(0, 1, 4), (1, 4.5, 7), (0, 6.5, 9), (2, 9.5, 12)], 13)


def make(latency_s: float = 1.0, **more: object) -> OnlineDiarizer:
    return OnlineDiarizer(ToneSegmentation(), ToneEmbedder(), latency_s=latency_s, **more)  # type: ignore[arg-type]


def run(diarizer: OnlineDiarizer, audio: Audio, packet: int = 1600) -> list[SpeakerActivity]:
    pieces = []
    for start in range(0, len(audio), packet):
        pieces += diarizer.push(audio[start : start + packet])
    return pieces + diarizer.flush()


@pytest.mark.parametrize("latency_s", [0.5, 1.0, 2.0, 5.0])
def test_tells_voices_apart_and_hears_overlap(latency_s: float) -> None:
    found = seconds(run(make(latency_s), TALK))
    expected = [
        ("speaker_1", 1, 4),
        ("speaker_2", 4.5, 7),
        ("speaker_1", 6.5, 9),
        ("speaker_3", 9.5, 12),
    ]
    assert [speaker for speaker, _, _ in found] == [speaker for speaker, _, _ in expected]
    for (_, start, end), (_, true_start, true_end) in zip(found, expected, strict=True):
        # A new voice has no label before it was heard for a second.
        assert true_start - 0.15 <= start <= true_start + 1.3 - min(latency_s, 1.15)
        assert end == pytest.approx(true_end, abs=0.15)


def test_a_new_voice_of_less_than_a_second_is_nobody_new() -> None:
    audio = speech([(0, 1, 4), (1, 5, 5.4), (0, 6, 8)], 9)
    assert {piece.speaker for piece in run(make(), audio)} == {"speaker_1"}


@pytest.mark.parametrize("latency_s", [0.5, 1.0, 5.0])
def test_settles_within_the_declared_latency_and_never_twice(latency_s: float) -> None:
    diarizer, before = make(latency_s), 0
    for start in range(0, len(TALK), 1000):
        pieces = diarizer.push(TALK[start : start + 1000])
        heard = min(start + 1000, len(TALK))
        assert diarizer.settled >= heard - diarizer.spec.latency_s * SAMPLE_RATE
        assert all(before <= piece.start < piece.end <= diarizer.settled for piece in pieces)
        before = diarizer.settled
    assert all(piece.start >= before for piece in diarizer.flush())
    assert diarizer.settled == len(TALK)


@settings(max_examples=10)
@given(st.lists(st.integers(1, 30_000), min_size=1, max_size=8))
def test_how_audio_is_cut_does_not_matter(packets: list[int]) -> None:
    audio, diarizer, pieces, at = TALK[: 6 * SAMPLE_RATE], make(), [], 0
    for packet in packets:
        pieces += diarizer.push(audio[at : at + packet])
        at += packet
    pieces += diarizer.push(audio[at:]) + diarizer.flush()
    assert joined(pieces) == joined(run(make(), audio))


def test_memory_is_bounded_and_labels_last() -> None:
    turns = [(turn % 2, 3.0 * turn, 3.0 * turn + 2.5) for turn in range(40)]
    diarizer = make()
    pieces = run(diarizer, speech(turns, 120), packet=16_000)
    assert {piece.speaker for piece in pieces} == {"speaker_1", "speaker_2"}
    assert all(
        (piece.speaker == "speaker_1") == (round(piece.start / SAMPLE_RATE) // 3 % 2 == 0)
        for piece in joined(pieces)
    )
    window = diarizer.settings.window_s * SAMPLE_RATE
    assert len(diarizer._windows._audio) <= window + SAMPLE_RATE
    assert len(diarizer._votes._sums) <= 2 * diarizer.settings.window
    assert len(diarizer._memory._last) < 20


def test_a_stretch_that_hardly_changed_is_not_embedded_again() -> None:
    embedded = []
    for stretch_s in (1.0, 2.0):  # a step of 0.25 s changes a quarter or an eighth of it
        embedder = ToneEmbedder()
        settings = OnlineSettings(stretch_s=stretch_s)
        run(
            OnlineDiarizer(ToneSegmentation(), embedder, settings=settings),
            speech([(0, 0, 20)], 20),
        )
        embedded.append(embedder.embedded)
    assert 0 < embedded[1] < 0.7 * embedded[0]


def test_enrolled_voices_have_names_and_strangers_none() -> None:
    anna = unit(np.eye(len(TONES_HZ))[1])
    assert anna is not None
    found = {p.speaker for p in run(make(enrolled={"Anna": (anna, 5.0)}), TALK)}
    assert found == {"Anna", "speaker_1", "speaker_2"}


def test_silence_and_broken_samples_say_nothing() -> None:
    assert run(make(), np.zeros(3 * SAMPLE_RATE, np.float32)) == []
    assert run(make(), np.full(3 * SAMPLE_RATE, np.nan, np.float32)) == []
    assert make().flush() == []
    short = make()
    assert short.push(np.zeros(10, np.float32)) == []
    assert short.flush() == []
    assert short.settled == 10


def test_refuses_what_it_cannot_do() -> None:
    for latency_s in (0.1, 6.0, float("nan")):
        with pytest.raises(DiarizeError, match="latency"):
            make(latency_s)
    with pytest.raises(DiarizeError, match="mono"):
        make().push(np.zeros((2, 10), np.float32))


def test_more_people_than_the_limit_share_labels() -> None:
    diarizer = make(settings=OnlineSettings(max_speakers=2))
    assert {piece.speaker for piece in run(diarizer, TALK)} == {"speaker_1", "speaker_2"}


class Counted(ToneSegmentation):
    """Counts the windows that it segments."""

    count = 0

    def __call__(self, audio: Audio) -> Activity:
        self.count += 1
        return super().__call__(audio)


@pytest.mark.parametrize("heard_s", [13.0, 9.37])
def test_segmenting_ahead_changes_nothing(heard_s: float) -> None:
    """Neither where the stream ends as foreseen nor where it ends before that."""
    audio, packet = TALK[: round(heard_s * SAMPLE_RATE)], 1600
    segmentation, ahead = Counted(), Counted()
    diarizer = OnlineDiarizer(segmentation, ToneEmbedder())
    with ThreadPoolExecutor(2) as threads:

        def submit(work: Callable[[], Activity]) -> Future[Activity]:
            ahead.count += 1
            return threads.submit(work)

        found: list[SpeakerActivity] = []
        for start in range(0, len(TALK), packet):
            last = start + packet >= len(TALK)
            diarizer.segment_ahead(TALK[start : start + packet], submit, last=last)
        for start in range(0, len(audio), packet):
            found += diarizer.push(audio[start : start + packet])
        found += diarizer.flush()
    assert found == run(make(), audio, packet)
    assert segmentation.count - ahead.count == (len(audio) < len(TALK))
