import json
from pathlib import Path

import pytest

from benchmarks import diarization
from benchmarks.diarization import Clip, Models, Score, cross_validate, run_clip
from diarize.base import SAMPLE_RATE, SpeakerActivity
from diarize.online import OnlineSettings
from moderator.errors import InputError
from tests.diarize.tones import ToneEmbedder, ToneSegmentation, speech

TURNS = [(0, 0.5, 3.5), (1, 4.0, 7.0), (0, 7.5, 10.0)]
MODELS = Models(ToneSegmentation(), ToneEmbedder())


def clip(name: str) -> Clip:
    turns = tuple(
        SpeakerActivity("AB"[voice], round(start * SAMPLE_RATE), round(end * SAMPLE_RATE))
        for voice, start, end in TURNS
    )
    return Clip(name, speech(TURNS, 11), turns)


class Says:
    """A diarizer that says what it was told."""

    spec = MODELS.online(1.0).spec
    settled = 0

    def __init__(self, *pieces: SpeakerActivity) -> None:
        self._pieces = list(pieces)

    def push(self, audio: object) -> list[SpeakerActivity]:
        return []

    def flush(self) -> list[SpeakerActivity]:
        return self._pieces


def test_errors_are_shares_of_the_speech() -> None:
    true = Clip("c", speech([], 10), (SpeakerActivity("A", 0, 4 * SAMPLE_RATE),))
    score = Score("")
    said = (
        SpeakerActivity("x", SAMPLE_RATE, 3 * SAMPLE_RATE),
        SpeakerActivity("y", 3 * SAMPLE_RATE, 6 * SAMPLE_RATE),
    )
    run_clip(true, Says(*said), score)
    summary = score.summary()
    assert (summary["missed"], summary["false_alarm"], summary["confused"]) == (0.25, 0.5, 0.25)
    assert summary["der"] == 1.0


def test_reference_joins_words_over_short_pauses(tmp_path: Path) -> None:
    words = [{"w": w, "s": s, "e": s + 0.3} for w, s in (("so", 1.0), ("we", 1.7), ("go", 3.0))]
    turn = {"speaker": "A", "start": 1.0, "end": 3.3, "text": "so we go", "words": words}
    record = {
        "meeting_id": "m",
        "moderator": [],
        "speakers": {"A": {"role": None}},
        "turns": [turn],
    }
    path = tmp_path / "m.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    assert diarization.reference_turns(path) == (
        SpeakerActivity("A", SAMPLE_RATE, 2 * SAMPLE_RATE),
        SpeakerActivity("A", 3 * SAMPLE_RATE, round(3.3 * SAMPLE_RATE)),
    )


def test_cross_validation_scores_with_settings_of_the_other_clips(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deaf = OnlineSettings(onset=1.0, offset=1.0)
    monkeypatch.setattr(diarization, "candidates", lambda: [deaf, OnlineSettings()])
    (score,) = cross_validate([clip("one"), clip("two")], MODELS, [1.0])
    assert set(score.clips) == {"one", "two"}
    assert score.error < 0.2


def test_cross_validation_needs_two_clips() -> None:
    with pytest.raises(InputError, match="one clip"):
        cross_validate([clip("one")], MODELS, [1.0])


def test_a_directory_without_clips_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=str(tmp_path)):
        diarization.read_clips(tmp_path)
