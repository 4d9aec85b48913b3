from __future__ import annotations

import numpy as np
import pytest
from faster_whisper.feature_extractor import FeatureExtractor

from moderator.audio import Waveform, silence
from moderator.ears import whisper


class FakeModel:
    """Keeps the features it was given."""

    is_multilingual = False

    def encode(self, features: object) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return np.array(features)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("samples", [100, 8_000, 8_001, 3 * 16_000 + 77, 14 * 16_000])
def test_silence_behind_a_window_is_as_if_it_had_been_computed(samples: int, full: bool) -> None:
    noise = np.random.default_rng(1).standard_normal(samples)
    audio: Waveform = (0.1 * noise).astype(np.float32)
    one = whisper.Whisper(FakeModel(), None, FeatureExtractor())
    found = one.encode(audio, full=full).view[0]
    length = 20 * 16_000 if full else 32_000 + samples + -samples % 8_000
    whole = FeatureExtractor()(np.concatenate([audio, silence(length - samples)]))
    assert found.shape == whole.shape
    np.testing.assert_allclose(found, whole, atol=1e-6)
