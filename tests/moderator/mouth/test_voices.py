"""The real voices, and what a recogniser-free ear can check of them."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderator.mouth.base import PacedVoice
from moderator.mouth.hibari import HibariVoice
from moderator.mouth.loading import HIBARI_SPEAKERS, VoiceLoader, load_voice
from moderator.mouth.shaping import CEILING
from roles.schema import VoiceChoice

pytestmark = pytest.mark.e2e

TEXT = "Maya, we have not heard from you: it costs $3.50, doesn't it? Let us move on."


class Packaged:
    """A store of what lies inside installed packages."""

    root = Path("store")

    def directory(self, name: str) -> Path:
        if name == "hibari-tts":
            spec = importlib.util.find_spec("hibari")
            assert spec is not None
            assert spec.origin is not None
            return Path(spec.origin).parent / "assets"
        folder = os.environ.get("MODERATOR_PIPER_VOICE")
        if not folder:
            pytest.skip("MODERATOR_PIPER_VOICE does not name the directory of a piper voice")
        return Path(folder)


@pytest.fixture(scope="module")
def load() -> VoiceLoader:
    return VoiceLoader(Packaged())


@pytest.fixture(params=["hibari", "piper"], scope="module")
def voice(request: pytest.FixtureRequest, load: VoiceLoader) -> PacedVoice:
    if request.param == "piper":
        pytest.importorskip("piper")
    return load(VoiceChoice(backend=request.param))


def digest(voice: PacedVoice, text: str = TEXT) -> str:
    sound = hashlib.sha256()
    for sentence in voice.say(text):
        sound.update(sentence.samples.tobytes())
    return sound.hexdigest()


def test_sentences_words_and_level(voice: PacedVoice) -> None:
    spoken = list(voice.say(TEXT))
    assert " ".join(sentence.text for sentence in spoken) == TEXT
    for sentence in spoken:
        assert sentence.text.split() == [word.text for word in sentence.words]
        times = [time for word in sentence.words for time in (word.start, word.end)]
        assert times == sorted(times)
        assert times[-1] <= len(sentence.samples)
        assert 0.2 < np.abs(sentence.samples).max() <= CEILING
        assert np.abs(sentence.samples[:800]).max() > 0.001, "silence at the start"
        # Seconds a word: outside these the voice has run away or hangs.
        assert 0.1 < len(sentence.samples) / 16_000 / len(sentence.words) < 1.0


def test_words_lie_where_the_sound_is(voice: PacedVoice) -> None:
    sentence = next(iter(voice.say("Wait, stop.")))
    wait, stop = sentence.words
    gap = sentence.samples[wait.end : stop.start]
    inside = np.concatenate([sentence.samples[word.start : word.end] for word in (wait, stop)])
    assert len(gap) > 500
    assert np.sqrt(np.mean(gap**2)) < 0.5 * np.sqrt(np.mean(inside**2))


def test_the_same_text_gives_the_same_samples(voice: PacedVoice) -> None:
    list(voice.say("Something else first."))
    assert digest(voice) == digest(voice)
    # A sentence sounds the same whatever was said before it.
    last = list(voice.say(TEXT))[-1]
    alone = next(iter(voice.say(last.text)))
    np.testing.assert_array_equal(last.samples, alone.samples)


def test_another_process_gives_the_same_samples(load: VoiceLoader) -> None:
    code = (
        "from tests.moderator.mouth.test_voices import *;"
        "print(digest(VoiceLoader(Packaged())(VoiceChoice())))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    root = Path(__file__).parents[3]
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        env=environment,
    )
    assert found.stdout.split()[-1] == digest(load(VoiceChoice()))


def test_speed_changes_the_duration(voice: PacedVoice) -> None:
    usual = sum(len(s.samples) for s in voice.say(TEXT))
    fast = sum(len(s.samples) for s in voice.at_speed(1.5).say(TEXT))
    slow = sum(len(s.samples) for s in voice.at_speed(0.75).say(TEXT))
    assert fast < 0.8 * usual < usual < 0.85 * slow


def test_speakers_differ_in_pitch_and_not_in_tempo(load: VoiceLoader) -> None:
    pitches, lengths = {}, {}
    for speaker in HIBARI_SPEAKERS:
        spoken = list(load(VoiceChoice(speaker=speaker)).say(TEXT))
        lengths[speaker] = sum(len(s.samples) for s in spoken)
        pitches[speaker] = _pitch(np.concatenate([s.samples for s in spoken]))
    ordered = sorted(HIBARI_SPEAKERS, key=lambda speaker: HIBARI_SPEAKERS[speaker])
    assert sorted(pitches, key=lambda speaker: pitches[speaker]) == ordered
    assert max(lengths.values()) < 1.25 * min(lengths.values())


def _pitch(samples: np.ndarray) -> float:
    """Median over 40 ms frames of the best autocorrelation lag of 80 to 500 Hz, as hertz."""
    found = []
    for start in range(0, len(samples) - 640, 640):
        frame = samples[start : start + 640].astype(np.float64)
        if np.sqrt(np.mean(frame**2)) < 0.05:
            continue
        correlation = np.correlate(frame, frame, "full")[639:]
        lag = 32 + int(np.argmax(correlation[32:200]))
        found.append(16_000 / lag)
    return float(np.median(found))


def test_without_durations_words_are_estimated(load: VoiceLoader) -> None:
    from hibari import Hibari

    plain = HibariVoice(Hibari(threads=1))
    exact = load(VoiceChoice())
    for estimated, measured in zip(plain.say(TEXT), exact.say(TEXT), strict=True):
        np.testing.assert_array_equal(estimated.samples, measured.samples)
        assert [w.text for w in estimated.words] == [w.text for w in measured.words]
        assert estimated.words != measured.words
        assert estimated.words[-1].end <= len(estimated.samples)


@pytest.mark.parametrize(
    "text",
    ["9" * 60, "x" * 400, "9,9" * 20, "?!", "\U0001f600", "", "שלום 你好", "[a](/b/)", "€£%&@1st"],
)
def test_strange_text_is_no_trouble(voice: PacedVoice, text: str) -> None:
    for sentence in voice.say(text):
        assert np.isfinite(sentence.samples).all()
        assert len(sentence.samples) < 16_000 * 120


@settings(max_examples=25)
@given(text=st.text(max_size=40))
def test_any_text_is_spoken_or_left_out(load: VoiceLoader, text: str) -> None:
    for sentence in load(VoiceChoice()).say(text):
        assert np.isfinite(sentence.samples).all()
        assert sentence.text.split() == [word.text for word in sentence.words]


def test_the_loaded_voice_caches(load: VoiceLoader) -> None:
    voice = load_voice(VoiceChoice(), Packaged())
    [first], [again] = voice.say("Hello."), voice.say("Hello.")
    assert again.samples is first.samples


@pytest.mark.parametrize("wrong", [{"speed": 0.1}, {"speed": 3.0}, {"pitch": 0.1}])
def test_impossible_voices_are_refused(load: VoiceLoader, wrong: dict[str, float]) -> None:
    engine = load(VoiceChoice()).engine
    with pytest.raises(ValueError, match="must lie in"):
        HibariVoice(engine, **wrong)  # type: ignore[arg-type]
