"""Replays of sound with the real models: recogniser, diarization, voice."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from integrations.files.demo import Script, render
from integrations.files.sound.render import write_tracks
from moderator.cli.app import run
from moderator.journal.lines import read
from moderator.journal.rerun import rerun
from moderator.models.store import ModelStore
from moderator.mouth.loading import VoiceLoader
from moderator.timeline import SAMPLE_RATE, to_seconds
from roles.schema import VoiceChoice

pytestmark = pytest.mark.e2e

SCRIPT = Script.model_validate(
    {
        "meeting_id": "short",
        "speakers": {
            "ana": {"name": "Ana"},
            "ben": {"name": "Ben", "voice": {"speaker": "heart-low"}},
        },
        "lines": [
            {"speaker": "ana", "text": "The garden party is in June."},
            {"speaker": "ben", "text": "We still need music and some chairs."},
            {"speaker": "ana", "text": "Robin, who has spoken most?"},
            {"speaker": "ben", "pause_s": 7, "text": "Thank you."},
        ],
    }
)
ROLE = """
id: helper
summary: Answers.
identity: {name: Robin}
duties: [{type: answer}]
turn: {minimum_gap_s: 0.6, cool_down_s: 0}
"""


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    meeting = render(VoiceLoader(ModelStore.default()), script=SCRIPT)
    return write_tracks(meeting, tmp_path_factory.mktemp("tracks"))


@pytest.fixture(scope="module")
def role(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("role") / "helper.yaml"
    path.write_text(ROLE)
    return path


def test_a_question_by_name_on_a_track_is_heard_and_answered(
    tracks: dict[str, Path], role: Path, tmp_path: Path
) -> None:
    inputs = [f"{name}={path}" for name, path in tracks.items()]
    outs = [tmp_path / "one", tmp_path / "two"]
    for out in outs:
        assert run(["replay", *inputs, "--role", str(role), "--out", str(out)]) == 0
    lines = list(read(outs[0] / "journal.jsonl"))
    said = " ".join(word[1] for line in lines for word in line.get("words", [])).lower()
    assert "garden party" in said
    assert "music" in said
    (started,) = [line for line in lines if line["kind"] == "turn_started"]
    (ended,) = [line for line in lines if line["kind"] == "turn_ended"]
    assert started["addressee"] == "ana"
    assert "percent of the talk" in ended["heard"]
    asked = max(
        end
        for line in lines
        for speaker, _, end in line.get("activities", [])
        if speaker == "ana" and end < started["at"]
    )
    assert 0.6 <= to_seconds(started["at"] - asked) <= 1.6
    for name in ("journal.jsonl", "agent.wav", "meeting.wav"):
        assert (outs[0] / name).read_bytes() == (outs[1] / name).read_bytes()
    assert rerun(outs[0] / "journal.jsonl") == []
    summary = json.loads((outs[0] / "summary.json").read_text())
    assert summary["models"] == ["silero-vad", "whisper-tiny.en", "duties", "hibari"]


def enrolment(speaker: str | None, path: Path) -> Path:
    """A few seconds of one voice."""
    text = "Every morning I walk along the river, and in the evening I read a book about birds."
    voice = VoiceLoader(ModelStore.default())(VoiceChoice(speaker=speaker))
    samples = np.concatenate([sentence.samples for sentence in voice.say(text)])
    soundfile.write(path, samples, SAMPLE_RATE)
    return path


def test_enrolled_people_on_a_shared_microphone_are_told_apart_and_named(
    tracks: dict[str, Path], role: Path, tmp_path: Path
) -> None:
    sounds = [soundfile.read(path, dtype="float32")[0] for path in tracks.values()]
    both = sounds[0] + sounds[1]
    room = tmp_path / "room.flac"
    soundfile.write(room, both[: 12 * SAMPLE_RATE], SAMPLE_RATE)
    out = tmp_path / "out"
    known = [
        "--enrol",
        f"Ana={enrolment(None, tmp_path / 'ana.wav')}",
        "--enrol",
        f"Ben={enrolment('heart-low', tmp_path / 'ben.wav')}",
    ]
    assert run(["replay", str(room), "--role", str(role), "--out", str(out), *known]) == 0
    summary = json.loads((out / "summary.json").read_text())
    assert set(summary["speakers"]) == {"Ana", "Ben"}
    segments = json.loads((out / "transcript.seglst.json").read_text())
    party = {s["speaker"] for s in segments if "party" in s["words"].lower()}
    music = {s["speaker"] for s in segments if "music" in s["words"].lower()}
    assert party == {"Ana"}
    assert music == {"Ben"}


def test_a_real_recording_of_a_meeting_is_replayed(recorded_meetings: Path, tmp_path: Path) -> None:
    clip = recorded_meetings / "audio/ami_mix/ES2003a.wav"
    audio, rate = soundfile.read(clip, stop=15 * SAMPLE_RATE, dtype="float32")
    short = tmp_path / "clip.wav"
    soundfile.write(short, audio, rate)
    out = tmp_path / "out"
    assert run(["replay", str(short), "--role", "observer", "--out", str(out)]) == 0
    summary = json.loads((out / "summary.json").read_text())
    assert summary["duration_s"] == 15.0
    assert summary["speakers"]
    assert len((out / "transcript.vtt").read_text().split()) > 20
