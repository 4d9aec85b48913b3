from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderator.audio import Waveform
from moderator.mouth.shaping import CEILING, TARGET_RMS, level, shape
from moderator.timeline import SAMPLE_RATE


def tone(seconds: float, rate: int, amplitude: float = 0.3) -> Waveform:
    time = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * 220 * time)).astype(np.float32)


@pytest.mark.parametrize("amplitude", [1e-4, 0.05, 0.9, 5.0])
def test_every_voice_comes_out_equally_loud(amplitude: float) -> None:
    levelled = level(tone(1.0, SAMPLE_RATE, amplitude))
    assert np.sqrt(np.mean(levelled**2)) == pytest.approx(TARGET_RMS, rel=0.02)


def test_a_pause_does_not_make_the_rest_louder() -> None:
    speech = tone(1.0, SAMPLE_RATE)
    with_pause = np.concatenate([speech, np.zeros(SAMPLE_RATE // 2, np.float32)])
    assert np.abs(level(with_pause)).max() == pytest.approx(np.abs(level(speech)).max(), rel=0.02)


@given(st.lists(st.floats(-100, 100, width=32), max_size=200))
def test_nothing_clips(values: list[float]) -> None:
    levelled = level(np.array(values, np.float32))
    assert np.abs(levelled).max(initial=0.0) <= CEILING
    assert np.isfinite(levelled).all()


def test_a_peak_above_the_ceiling_lowers_the_whole() -> None:
    samples = tone(1.0, SAMPLE_RATE, 0.01)
    samples[4_000] = 1.0
    levelled = level(samples)
    assert levelled[4_000] == pytest.approx(CEILING)
    assert levelled[100] / levelled[4_000] == pytest.approx(samples[100] / samples[4_000], rel=1e-4)


def test_rate_and_silence_and_word_times_change_together() -> None:
    rate = 24_000
    quiet = np.zeros(rate // 2, np.float32)
    raw = np.concatenate([quiet, tone(0.5, rate), quiet, tone(0.5, rate), quiet])
    sentence = shape("one two", raw, rate, [("one", 0.5, 1.0), ("two", 1.5, 2.4)])
    # 10 ms are left before the sound, 50 ms behind it.
    assert len(sentence.samples) == pytest.approx(1.56 * SAMPLE_RATE, abs=200)
    one, two = sentence.words
    assert one.start == pytest.approx(0.01 * SAMPLE_RATE, abs=60)
    assert one.end - one.start == pytest.approx(0.5 * SAMPLE_RATE, abs=2)
    assert two.start - one.end == pytest.approx(0.5 * SAMPLE_RATE, abs=2)
    assert two.end == len(sentence.samples)
    assert np.abs(sentence.samples[two.start + 200 : two.start + 4_000]).max() > 0.05
    assert np.abs(sentence.samples[one.end + 200 : two.start - 200]).max() < 0.001


def test_silence_becomes_an_empty_sentence() -> None:
    sentence = shape("nothing", np.zeros(9_000, np.float32), 24_000, [("nothing", 0.0, 0.3)])
    assert len(sentence.samples) == 0
    assert sentence.words[0].end == 0
