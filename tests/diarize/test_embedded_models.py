"""The real models on real speech; needs both in the model store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.diarization import (
    Clip,
    Models,
    Score,
    exported_models,
    read_clips,
    run_clip,
    weight_paths,
)
from diarize.base import SAMPLE_RATE
from diarize.embedding import SpeakerEmbedder
from diarize.enrolment import enrol
from diarize.loading import (
    import_pyannote,
    load_campplus,
    load_pyannote_model,
    load_segmentation,
    single_thread,
    stand_in_for_extension,
)
from diarize.online import OnlineDiarizer
from diarize.pyannote_backend import PyannoteDiarizer, embedded_pipeline
from diarize.segmentation import FRAME_CENTRE, FRAME_STEP, LocalSegmentation
from moderator.errors import InputError

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def weights() -> list[Path]:
    try:
        return weight_paths(None)
    except InputError as error:
        pytest.skip(f"no weights: {error}")


@pytest.fixture(scope="module")
def models(weights: Sequence[Path]) -> Models:
    single_thread()
    return exported_models(*weights)


@pytest.fixture(scope="module")
def segmentation(models: Models) -> LocalSegmentation:
    return models.segmentation


@pytest.fixture(scope="module")
def embedder(models: Models) -> SpeakerEmbedder:
    return models.embedder


@pytest.fixture(scope="module")
def clips(recorded_meetings: Path) -> dict[str, Clip]:
    return {clip.name: clip for clip in read_clips(recorded_meetings / "audio" / "ami_mix")}


def test_frames_lie_where_the_constants_say(segmentation: LocalSegmentation) -> None:
    for samples in (2 * FRAME_CENTRE + 1 + FRAME_STEP, 16_000, 80_190):
        frames = (samples - 2 * FRAME_CENTRE - 1) // FRAME_STEP + 1
        assert segmentation(np.zeros(samples, np.float32)).shape == (frames, 3)


def test_the_network_gives_the_numbers_that_pyannotes_own_gives(
    weights: Sequence[Path], segmentation: LocalSegmentation, clips: dict[str, Clip]
) -> None:
    single_thread()
    import_pyannote()
    from pyannote.audio.utils.powerset import Powerset

    ours, theirs = load_segmentation(weights[0]), load_pyannote_model(weights[0])
    about = theirs.specifications
    assert not isinstance(about, tuple)
    assert ours.duration_s == about.duration
    assert about.classes is not None
    assert len(about.classes) == 3
    powerset = Powerset(len(about.classes), about.powerset_max_classes or 1)
    members = powerset.get_buffer("mapping").numpy()
    audio = clips["ES2003a"].audio
    for begin, length in ((0, 80_000), (100_000, 80_000), (200_000, 16_000), (300_000, 160_000)):
        window = audio[begin : begin + length]
        with torch.inference_mode():
            expected = theirs(torch.from_numpy(window)[None, None])[0].numpy()
            found = ours(torch.from_numpy(window)[None, None])[0].numpy()
        np.testing.assert_array_equal(found, expected)
        voices = segmentation(window)
        np.testing.assert_allclose(voices, np.exp(found) @ members, atol=2e-3)


def test_the_exported_embedder_gives_what_torch_and_kaldi_give(
    weights: Sequence[Path], embedder: SpeakerEmbedder, clips: dict[str, Clip]
) -> None:
    stand_in_for_extension()
    from torchaudio.compliance import kaldi

    network, audio = load_campplus(weights[1]), clips["ES2003a"].audio
    for begin, length in ((100_000, 6_000), (200_000, 20_000), (300_000, 160_000)):
        waveform = torch.from_numpy(audio[begin : begin + length])[None]
        expected = kaldi.fbank(waveform, num_mel_bins=80, dither=0.0).numpy()
        features = embedder.features(audio[begin : begin + length])
        np.testing.assert_allclose(features, expected, atol=2e-3)
        with torch.inference_mode():
            vector = network(torch.from_numpy(expected - expected.mean(axis=0))[None])[0].numpy()
        found = embedder.embed(features)
        assert found is not None
        np.testing.assert_allclose(found, vector / np.linalg.norm(vector), atol=2e-3)


def test_online_at_one_second_and_twice_the_same(
    segmentation: LocalSegmentation, embedder: SpeakerEmbedder, clips: dict[str, Clip]
) -> None:
    scores = []
    for _ in range(2):
        score = Score("")
        run_clip(clips["ES2003a"], OnlineDiarizer(segmentation, embedder), score)
        scores.append(score.clips)
    assert scores[0] == scores[1]
    assert scores[0]["ES2003a"] < 0.4


def test_names_by_enrolment(
    segmentation: LocalSegmentation, embedder: SpeakerEmbedder, clips: dict[str, Clip]
) -> None:
    clip = clips["ES2003a"]
    longest = max(clip.turns, key=lambda turn: turn.end - turn.start)
    known = enrol(embedder, {"Anna": clip.audio[longest.start : longest.end]})
    diarizer = OnlineDiarizer(segmentation, embedder, enrolled=known.voices)
    pieces = diarizer.push(clip.audio) + diarizer.flush()
    named = [piece for piece in pieces if piece.speaker == "Anna"]
    true = sum(
        max(0, min(piece.end, turn.end) - max(piece.start, turn.start))
        for piece in named
        for turn in clip.turns
        if turn.speaker == longest.speaker
    )
    assert sum(piece.end - piece.start for piece in named) > 5 * SAMPLE_RATE
    assert true > 0.7 * sum(piece.end - piece.start for piece in named)


def test_batch_through_pyannotes_own_pipeline(
    weights: Sequence[Path], clips: dict[str, Clip]
) -> None:
    pipeline = embedded_pipeline(load_pyannote_model(weights[0]), load_campplus(weights[1]))
    score = Score("")
    run_clip(clips["EN2004a"], PyannoteDiarizer(pipeline), score)
    assert score.clips["EN2004a"] < 0.2
