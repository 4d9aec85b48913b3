"""Voices are noticed whatever a detector does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from moderator.audio import Waveform, silence
from moderator.ears.detecting import SteadyDetector
from moderator.ears.health import Health
from moderator.ears.loudness import LoudnessDetector
from moderator.testing.ears import EnergyVad
from moderator.timeline import to_samples

FRAME = 512
SECOND = to_samples(1.0) // FRAME


def noise(frames: int, level: float) -> Waveform:
    chance = np.random.default_rng(frames)
    return (level * chance.standard_normal(frames * FRAME)).astype(np.float32)


class Doing(EnergyVad):
    """Answers what it is told to."""

    def __init__(self, answer: Callable[[Waveform], Any]) -> None:
        super().__init__()
        self._answer = answer

    def push(self, audio: Waveform) -> Any:
        return self._answer(audio)


def crash(_: Waveform) -> Any:
    raise RuntimeError("SECRET")


@pytest.mark.parametrize(
    "answer",
    [
        crash,
        lambda _: None,
        lambda audio: np.ones(len(audio), np.float32),
        lambda audio: np.full(len(audio) // FRAME, np.nan, np.float32),
        lambda audio: np.full(len(audio) // FRAME, 1.5, np.float32),
        lambda audio: [1.0] * (len(audio) // FRAME),
    ],
)
def test_loudness_stands_in_for_a_detector_that_fails(answer: Callable[[Waveform], Any]) -> None:
    opened: list[object] = []

    def opens() -> EnergyVad:
        opened.append(None)
        return Doing(answer) if len(opened) < 4 else EnergyVad()

    health = Health()
    detector = SteadyDetector(opens, health)
    found: list[float] = []
    for tick in range(10 * SECOND):
        level = 0.1 if tick % SECOND < SECOND // 2 else 0.0001
        found += detector.push(noise(1, level)).tolist()
        if len(opened) == 3:
            assert health.down == (tick >= 3 * SECOND)
    spoke = [tick % SECOND < SECOND // 2 for tick in range(10 * SECOND)]
    assert [one > 0.5 for one in found] == spoke
    failures = health.take_failures()
    assert len(failures) == 3, "tried after 1, 2 and 4 s"
    assert "SECRET" not in str(failures)
    assert len(opened) == 4
    assert not health.down


def test_a_detector_that_cannot_be_made_is_made_later() -> None:
    opened: list[object] = []

    def opens() -> EnergyVad:
        opened.append(None)
        if len(opened) == 1:
            raise OSError("SECRET")
        return EnergyVad(FRAME)

    health = Health()
    detector = SteadyDetector(opens, health)
    assert detector.push(noise(2, 0.1)).tolist() == [1, 1]
    for _ in range(SECOND + 1):
        detector.push(silence(FRAME))
    assert len(opened) == 2
    assert health.take_failures() == ["OSError"]


def test_a_background_is_no_voice_and_a_voice_stands_out_of_it() -> None:
    detector = LoudnessDetector(FRAME)
    detector.push(noise(6 * SECOND, 0.01))  # at first it may be anything
    assert not detector.push(noise(SECOND, 0.01)).any()
    assert detector.push(noise(SECOND, 0.05)).all()
    assert not detector.push(noise(SECOND, 0.012)).any()


def test_a_voice_between_digital_silence_is_heard_again_and_again() -> None:
    """As where a noise suppressor gates the track."""
    detector = LoudnessDetector(FRAME)
    for _ in range(5):
        assert detector.push(noise(SECOND, 0.05)).all()
        assert not detector.push(silence(SECOND * FRAME)).any()
