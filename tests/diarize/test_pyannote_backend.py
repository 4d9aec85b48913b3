from types import SimpleNamespace
from typing import Any

import numpy as np
from pyannote.core import Annotation, Segment

from diarize.base import SAMPLE_RATE, SpeakerActivity
from diarize.pyannote_backend import PyannoteDiarizer


def annotation() -> Annotation:
    made = Annotation()
    made[Segment(1.0, 2.0), "a"] = "SPEAKER_07"
    made[Segment(1.5, 9.0), "b"] = "SPEAKER_00"
    made[Segment(-0.5, 0.5), "c"] = "SPEAKER_00"
    made[Segment(8.0, 9.0), "d"] = "SPEAKER_01"
    return made


def test_hears_all_then_says_all() -> None:
    seen: list[dict[str, Any]] = []

    def pipeline(file: dict[str, Any]) -> Annotation:
        seen.append(file)
        return annotation()

    diarizer = PyannoteDiarizer(pipeline)
    for _ in range(3):
        assert diarizer.push(np.full(SAMPLE_RATE, 0.1, np.float32)) == []
    assert diarizer.settled == 0
    assert diarizer.flush() == [
        SpeakerActivity("speaker_1", 0, SAMPLE_RATE // 2),
        SpeakerActivity("speaker_2", SAMPLE_RATE, 2 * SAMPLE_RATE),
        SpeakerActivity("speaker_1", 3 * SAMPLE_RATE // 2, 3 * SAMPLE_RATE),
    ]
    assert diarizer.settled == 3 * SAMPLE_RATE
    assert seen[0]["waveform"].shape == (1, 3 * SAMPLE_RATE)
    assert seen[0]["sample_rate"] == SAMPLE_RATE
    assert not diarizer.spec.online


def test_takes_the_newer_pipelines_output() -> None:
    diarizer = PyannoteDiarizer(lambda _: SimpleNamespace(speaker_diarization=annotation()))
    diarizer.push(np.full(10 * SAMPLE_RATE, 0.1, np.float32))
    assert {piece.speaker for piece in diarizer.flush()} == {"speaker_1", "speaker_2", "speaker_3"}


def test_silence_is_not_asked_about() -> None:
    def pipeline(_: dict[str, Any]) -> Annotation:
        raise AssertionError("asked")

    diarizer = PyannoteDiarizer(pipeline)
    assert diarizer.flush() == []
    diarizer.push(np.zeros(SAMPLE_RATE, np.float32))
    assert diarizer.flush() == []
