from __future__ import annotations

import numpy as np
import pytest

from moderator.audio import AudioChunk, Waveform
from moderator.ears.intake import Intake
from moderator.errors import InputError


def chunk(start: int, values: list[float] | Waveform) -> AudioChunk:
    return AudioChunk("ana", start, np.asarray(values, np.float32))


def test_gaps_become_silence_and_repeated_audio_is_dropped() -> None:
    intake = Intake(0)
    intake.take(chunk(0, [0.1, 0.2]), 100)
    intake.take(chunk(4, [0.3, 0.4]), 100)
    intake.take(chunk(5, [0.9, 0.5]), 100)
    intake.take(chunk(0, [0.9, 0.9]), 100)
    np.testing.assert_allclose(intake.frames(1), [0.1, 0.2, 0, 0, 0.3, 0.4, 0.5], atol=1e-6)


def test_whole_frames_only_and_the_rest_later() -> None:
    intake = Intake(0)
    intake.take(chunk(0, [0.1] * 5), 100)
    assert len(intake.frames(4)) == 4
    intake.take(chunk(5, [0.1] * 3), 100)
    assert len(intake.frames(4)) == 4


def test_what_is_no_number_or_too_loud_is_made_harmless() -> None:
    intake = Intake(0)
    intake.take(chunk(0, [float("nan"), float("inf"), -7.0]), 100)
    assert intake.frames(1).tolist() == [0.0, 1.0, -1.0]


def test_a_track_that_sends_nothing_is_silent() -> None:
    intake = Intake(0)
    intake.wait_no_longer(16_000)
    assert 10_000 < intake.now < 16_000


def test_audio_from_the_future_is_refused() -> None:
    with pytest.raises(InputError, match="meeting time"):
        Intake(0).take(chunk(10**12, [0.0]), 1_600)


def test_stereo_is_refused() -> None:
    with pytest.raises(InputError, match="mono"):
        Intake(0).take(AudioChunk("ana", 0, np.zeros((2, 4), np.float32)), 1_600)
