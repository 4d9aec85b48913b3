"""Speech in chunks, each on its own."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from moderator.cli.models import open_store
from moderator.mind.moderator_lm.shape import Shape
from moderator.mind.moderator_lm.speech import CHUNK, FRAMES, MODEL, Mixture, load_speech_encoder
from moderator.timeline import SAMPLE_RATE, to_samples


def ramp(start: int, end: int) -> NDArray[np.float32]:
    return (np.arange(start, end) / 1e6).astype(np.float32)


@pytest.mark.parametrize("step_s", [0.4, 0.5, 1.0, 1.3, 3.0])
def test_chunks_lie_on_their_grid_whatever_the_percepts(step_s: float) -> None:
    mixture, step, found = Mixture(), to_samples(step_s), []
    for start in range(0, to_samples(9.0), step):
        audio = {"a": ramp(start, start + step), "b": 2 * ramp(start, start + step)}
        found += list(mixture.add(start, start + step, audio))
    assert [end for _, end in found] == [CHUNK * (i + 1) for i in range(len(found))]
    assert len(found) >= 8
    for chunk, end in found:
        np.testing.assert_allclose(chunk, np.clip(3 * ramp(end - CHUNK, end), -1, 1), atol=1e-6)


def test_a_gap_is_silence() -> None:
    mixture = Mixture()
    late = list(mixture.add(to_samples(5.5), to_samples(6.0), {"a": np.ones(8000, np.float32)}))
    assert [end for _, end in late] == [to_samples(6.0)]
    assert late[0][0].sum() == 8000


@pytest.mark.e2e
def test_the_encoder_gives_the_frames_that_the_projector_takes() -> None:
    encoder = load_speech_encoder(open_store(offline=True).directory(MODEL))
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tone = (0.3 * np.sin(2 * np.pi * 300 * time)).astype(np.float32)
    frames = encoder.frames(tone)
    shape = Shape()
    assert frames.shape == (FRAMES, shape.speech)
    assert FRAMES % shape.stacked == 0
    assert np.isfinite(frames).all()
    np.testing.assert_array_equal(frames, encoder.frames(tone))
    assert np.abs(frames - encoder.frames(np.zeros_like(tone))).mean() > 0.05
    with pytest.raises(ValueError, match="samples"):
        encoder.frames(tone[:-1])
