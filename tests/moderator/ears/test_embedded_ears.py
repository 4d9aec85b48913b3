"""The embedded models on speech made by the embedded voice, and on recorded headsets."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.recognition import TRACK, Clip, hear, rendered_clips
from benchmarks.recognition_text import equal_words, normal
from moderator.audio import AudioChunk
from moderator.ears.leakage import LeakageGuard
from moderator.ears.listener import Listener
from moderator.ears.loading import EarModels, load_ear_models
from moderator.ears.loudness import LoudnessDetector
from moderator.ears.vad import FRAME, load_silero
from moderator.ears.whisper import load_whisper
from moderator.errors import InputError
from moderator.models.store import ModelStore
from moderator.testing.ears import FakeRecogniser
from moderator.timeline import SAMPLE_RATE, TICK, to_seconds

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def store() -> ModelStore:
    return ModelStore.default()


@pytest.fixture(scope="module")
def models(store: ModelStore) -> EarModels:
    return load_ear_models(store)


@pytest.fixture(scope="module")
def clips(store: ModelStore) -> list[Clip]:
    return list(rendered_clips(store))


def test_rendered_speech_is_understood_soon_and_the_same_every_time(
    models: EarModels, clips: list[Clip]
) -> None:
    errors = words = 0
    delays = []
    with ThreadPoolExecutor(2) as workers:
        for clip in clips[:2]:
            found = hear(models.own_track(TRACK), clip.audio, workers)
            assert hear(models.own_track(TRACK), clip.audio, workers) == found
            said = [text for word in clip.words for text in normal(word.text)]
            heard = [text for word, _ in found for text in normal(word.text)]
            errors += sum(equal_words(said, heard)[1])
            words += len(said)
            delays += [to_seconds(at - word.end) for word, at in found]
            assert all(word.end <= at for word, at in found)
    assert errors / words <= 0.07
    assert np.median(delays) <= 1.5


def test_no_word_is_made_up_for_silence_or_noise(models: EarModels) -> None:
    rng = np.random.default_rng(0)
    for level in (0.0, 0.001, 0.1):
        noise = (level * rng.standard_normal(5 * SAMPLE_RATE)).astype(np.float32)
        found = hear(models.own_track(TRACK), noise, ThreadPoolExecutor(1))
        assert found == []


def test_the_detector_gives_the_same_however_audio_is_cut(
    models: EarModels, clips: list[Clip]
) -> None:
    audio = clips[3].audio
    whole = models.detector().push(audio)
    pieces = models.detector()
    cut = [pieces.push(audio[at : at + 777]) for at in range(0, len(audio), 777)]
    np.testing.assert_allclose(np.concatenate(cut), whole, atol=1e-5)
    assert whole.max() > 0.9
    assert whole[:8].max() < 0.3


@pytest.mark.parametrize(
    ("by", "heard_of_it", "too_much"), [("model", 0.85, 5), ("loudness", 0.75, 5)]
)
def test_recorded_headsets_speak_where_their_wearers_do(
    models: EarModels, recorded_meetings: Path, by: str, heard_of_it: float, too_much: int
) -> None:
    detector = models.detector if by == "model" else lambda: LoudnessDetector(FRAME)
    deaf = EarModels(detector, FakeRecogniser())
    inside = outside = labelled = 0
    for path in sorted((recorded_meetings / "audio" / "ami_headsets").glob("*.json")):
        truth = json.loads(path.read_text())["reference_render"]
        audio, _ = soundfile.read(path.with_suffix(".wav"), dtype="float32")
        listener = Listener([deaf.own_track("0"), deaf.own_track("1")], guard=LeakageGuard())
        for at in range(0, len(audio), TICK):
            part = audio[at : at + TICK]
            chunks = [AudioChunk(str(channel), at, part[:, channel]) for channel in (0, 1)]
            heard = listener.hear(at + TICK, chunks)
            middle = to_seconds(at + TICK // 2)
            for channel, key in enumerate(("caller_segments_sec", "agent_segments_sec")):
                speaks = str(channel) in heard.speaking
                spans = truth[key]
                labelled += (said := any(a <= middle < b for a, b in spans))
                inside += said and speaks
                outside += speaks and not any(a - 0.2 <= middle < b + 0.4 for a, b in spans)
    assert inside / labelled >= heard_of_it
    assert outside <= too_much


def test_files_that_are_no_models_are_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "model.onnx"
    wrong.write_bytes(b"no model")
    with pytest.raises(InputError, match="voice activity"):
        load_silero(wrong)
    with pytest.raises(InputError, match="cannot load whisper"):
        load_whisper(tmp_path)


def test_the_english_whisper_is_not_taken_for_another_language(store: ModelStore) -> None:
    with pytest.raises(InputError, match="English only"):
        load_ear_models(store, whisper="whisper-tiny.en", language="de")
