import numpy as np
import pytest

from diarize.base import SAMPLE_RATE
from diarize.embedding import unit
from diarize.enrolment import enrol, known_voices
from diarize.errors import DiarizeError
from tests.diarize.tones import TONES_HZ, ToneEmbedder, speech


def recording(voice: int, length_s: float = 6.0) -> np.ndarray:
    return speech([(voice, 0, length_s)], length_s)


def test_names_the_voice_that_was_enrolled() -> None:
    enrolment = enrol(ToneEmbedder(), {"Anna": recording(0), "Ben": recording(1)})
    embedder = ToneEmbedder()
    assert enrolment.name(embedder.embed(embedder.features(recording(1)))) == "Ben"
    assert enrolment.name(embedder.embed(embedder.features(recording(2)))) is None
    assert enrolment.voices["Anna"][1] == pytest.approx(6.0)


@pytest.mark.parametrize(
    "bad", [None, np.zeros(len(TONES_HZ)), np.full(len(TONES_HZ), np.nan), np.ones(3)]
)
def test_a_bad_vector_means_no_name(bad: np.ndarray | None) -> None:
    assert enrol(ToneEmbedder(), {"Anna": recording(0)}).name(bad) is None


def test_a_voice_between_two_people_is_nobodys() -> None:
    enrolment = enrol(ToneEmbedder(), {"Anna": recording(0), "Ben": recording(1)})
    assert enrolment.name(unit(np.array([1.0, 1.0, 0.0, 0.0]))) is None


def test_pauses_are_no_speech() -> None:
    audio = np.concatenate([recording(0, 4), np.zeros(20 * SAMPLE_RATE, np.float32)])
    assert enrol(ToneEmbedder(), {"Anna": audio}).voices["Anna"][1] == pytest.approx(4.0)


@pytest.mark.parametrize("audio", [recording(0, 1.0), np.zeros(0), np.zeros(5 * SAMPLE_RATE)])
def test_too_little_speech_is_refused(audio: np.ndarray) -> None:
    with pytest.raises(DiarizeError, match="enrolment of Anna"):
        enrol(ToneEmbedder(), {"Anna": audio})


def test_several_voices_in_one_recording_are_refused() -> None:
    crowd = speech([(0, 0, 2), (1, 2, 4), (2, 4, 6), (3, 6, 8)], 8)
    with pytest.raises(DiarizeError, match="not one clear voice"):
        enrol(ToneEmbedder(), {"Anna": crowd})


def test_one_voice_under_two_names_is_refused() -> None:
    with pytest.raises(DiarizeError, match="Anna"):
        enrol(ToneEmbedder(), {"Anna": recording(0), "Ben": recording(0)})


def test_stored_vectors_that_are_broken_are_left_out() -> None:
    stored = {
        "Anna": (np.array([3.0, 0.0], np.float32), 4.0),
        "Ben": (np.array([np.nan, 0.0], np.float32), 4.0),
        "Cem": (np.zeros(3, np.float32), 4.0),
        "Dua": (np.ones(2, np.float32), float("nan")),
    }
    good = known_voices(stored, 2)
    assert list(good) == ["Anna"]
    assert good["Anna"][0].tolist() == [1.0, 0.0]
