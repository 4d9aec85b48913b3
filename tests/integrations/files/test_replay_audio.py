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
from tests.integrations.files.sound.making import record, tone

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
    begun = [a for line in lines for a in line.get("activities", [])]
    segments = json.loads((outs[0] / "transcript.seglst.json").read_text())
    for who in ("ana", "ben"):  # what is written begins where the voice does, and not before
        text = next(s["start_time"] for s in segments if s["speaker"] == who)
        voice = next(start for speaker, start, _ in begun if speaker == who)
        assert float(text) == pytest.approx(to_seconds(voice), abs=0.1)
    summary = json.loads((outs[0] / "summary.json").read_text())
    assert summary["models"] == ["silero-vad", "whisper-tiny.en", "duties", "hibari"]


def test_what_was_done_to_a_recording_is_said_in_every_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At once where it shows at once; a gap after a minute, when it was come to."""
    hum = tone(48_000, 70)
    path = record(
        tmp_path / "a.webm", "libopus", [hum], 48_000, kind="webm", keep=lambda at: not 65 < at < 68
    )
    late = record(tmp_path / "b.mka", "libopus", [hum[:, :96_000]], 48_000, starts=[4.0])
    out = tmp_path / "out"
    options = ["--role", "observer", "--mind", "duties", "--out", str(out), "--json"]
    assert run(["replay", f"Ana={path}", f"Ben={late}@3", *options]) == 0
    notes = [
        "Ana: a gap in its timestamps, filled with silence (3.0 s)",
        "Ben: begins 4.0 s late by its timestamps: silence before it",
    ]
    assert json.loads((out / "summary.json").read_text())["notes"] == notes
    told = [one for one in capsys.readouterr().err.splitlines() if one.startswith("note: ")]
    assert told == [f"note: {note}" for note in reversed(notes)]
    page = (out / "report.html").read_text()
    assert all(f"About the input: {note}." in page for note in notes)
    (opened,) = [line for line in read(out / "journal.jsonl") if line["kind"] == "opened"]
    assert opened["notes"] == notes[1:]


def test_damage_is_refused_with_nothing_written_or_accepted(
    tracks: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = next(iter(tracks.values())).read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[: len(whole) // 2])
    out = tmp_path / "out"
    command = ["replay", str(tmp_path / "cut.wav"), "--role", "observer", "--mind", "duties"]
    command += ["--out", str(out)]
    assert run(command) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: truncated recording: ")
    assert not out.exists()
    assert run([*command, "--accept-damage"]) == 0
    notes = json.loads((out / "summary.json").read_text())["notes"]
    assert notes == ["its end is missing; what there is is used"]


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
