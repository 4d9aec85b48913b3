"""Replays of words: the files they write, what they repeat, and what bad input does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from integrations.files.disk.outdir import RESULTS
from moderator.cli.app import run
from moderator.errors import InputError
from moderator.journal.lines import read
from moderator.journal.rerun import rerun
from moderator.mind.duties.session import Duties
from moderator.timeline import SAMPLE_RATE

TALK = [
    ("ana", 3.0, "So I think that we should begin with the budget for this year."),
    ("ben", 9.0, "Robin, how much time do we have left?"),
    ("ana", 20.0, "Then let us go on with the second item on the list."),
    ("cleo", 40.0, "I have one more question about that."),
]


def record(path: Path, **changes: object) -> Path:
    """A meeting record of three people."""
    turns = []
    for speaker, start, text in TALK:
        words = [
            {"w": word, "s": round(start + 0.3 * i, 2), "e": round(start + 0.3 * i + 0.3, 2)}
            for i, word in enumerate(text.split())
        ]
        end = words[-1]["e"]
        turns.append({"speaker": speaker, "start": start, "end": end, "text": text, "words": words})
    content: dict[str, object] = {
        "meeting_id": "weekly",
        "duration": 60.0,
        "moderator": ["ana"],
        "speakers": {"ana": {"role": "PM"}, "ben": {"role": "UI"}, "cleo": {"role": "ME"}},
        "turns": turns,
    }
    path.write_text(json.dumps(content | changes))
    return path


def replay(*arguments: object) -> int:
    return run(["replay", "--mind", "duties", *map(str, arguments), "--offline"])


def test_a_meeting_that_no_wav_can_hold_is_refused_before_anything_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import moderator.mind.loading

    monkeypatch.setattr(moderator.mind.loading, "load_mind", None)  # not even a model is loaded
    meeting = record(tmp_path / "long.json", duration=40 * 3600.0)
    assert replay(meeting, "--role", "chair", "--out", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert error.startswith("error: longer than 37 hours, of which no wav file holds the sound")
    assert "long.json, split the meeting" in error
    assert not (tmp_path / "out").exists()


def summary(out: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((out / "summary.json").read_text())
    return content


@pytest.fixture
def weekly(tmp_path: Path) -> Path:
    return record(tmp_path / "weekly.json")


def test_a_replay_writes_all_its_files(weekly: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    assert replay(weekly, "--role", "facilitator", "--out", out) == 0
    assert {entry.name for entry in out.iterdir()} == set(RESULTS)
    found = summary(out)
    assert found["meeting_id"] == "weekly"
    assert found["duration_s"] == 60.0
    assert found["role"] == "facilitator"
    assert found["agent"]["turns"] >= 2
    assert set(found["speakers"]) == {"ana", "ben", "cleo"}
    assert abs(sum(entry["share"] for entry in found["speakers"].values()) - 1) < 0.001
    counted = sum(n for reasons in found["decisions"].values() for n in reasons.values())
    lines = list(read(out / "journal.jsonl"))
    decisions = sum(line["kind"] == "decision" for line in lines)
    assert counted == decisions + sum(line.get("waits", 0) for line in lines)
    for name in ("agent.wav", "meeting.wav"):
        with wave.open(str(out / name)) as sound:
            assert sound.getframerate() == SAMPLE_RATE
            assert sound.getnframes() == 60 * SAMPLE_RATE
    spoken = json.loads((out / "transcript.seglst.json").read_text())
    assert {segment["speaker"] for segment in spoken} == {"ana", "ben", "cleo", "Robin"}
    assert "<v Robin>" in (out / "transcript.vtt").read_text()


def test_the_agent_answers_in_the_recording_and_can_be_heard(weekly: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert replay(weekly, "--role", "scribe", "--out", out) == 0
    lines = list(read(out / "journal.jsonl"))
    opened = lines[0]
    name = opened["agent"]
    asked = record(tmp_path / "asked.json")
    asked.write_text(asked.read_text().replace("Robin,", f"{name},"))
    assert replay(asked, "--role", "scribe", "--out", tmp_path / "asked") == 0
    turns = [
        line for line in read(tmp_path / "asked/journal.jsonl") if line["kind"] == "turn_ended"
    ]
    started = [
        line for line in read(tmp_path / "asked/journal.jsonl") if line["kind"] == "turn_started"
    ]
    assert len(turns) == 1
    assert started[0]["addressee"] == "ben"
    audio, _ = soundfile.read(tmp_path / "asked/agent.wav")
    assert np.abs(audio[started[0]["at"] : turns[0]["at"]]).max() > 0.05
    assert not audio[: started[0]["at"]].any()


def test_an_observer_never_speaks(weekly: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert replay(weekly, "--role", "observer", "--out", out) == 0
    assert summary(out)["agent"] == {"turns": 0, "backchannels": 0, "seconds": 0.0}
    assert set(summary(out)["decisions"]) == {"wait"}


def test_the_same_replay_twice_is_the_same_to_the_byte(weekly: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert replay(weekly, "--role", "facilitator", "--out", tmp_path / name) == 0
    for file in ("journal.jsonl", "agent.wav", "meeting.wav", "transcript.vtt"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_the_journal_of_a_real_meeting_runs_again_to_the_same_decisions(
    recorded_meetings: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    meeting = recorded_meetings / "ami/dev/ES2003a.json"
    assert replay(meeting, "--role", "facilitator", "--out", out, "--seat", "B") == 0
    assert rerun(out / "journal.jsonl") == []
    assert "B" not in summary(out)["speakers"]


def test_the_seats_person_is_not_heard(weekly: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert replay(weekly, "--role", "facilitator", "--out", out, "--seat", "ben") == 0
    assert set(summary(out)["speakers"]) == {"ana", "cleo"}
    assert "much time" not in (out / "transcript.vtt").read_text()


def test_an_interrupted_run_leaves_a_valid_journal_that_says_how_far_it_came(
    weekly: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "moderator", "replay", str(weekly), "--offline"]
    command += ["--mind", "duties"]
    process = subprocess.Popen(
        [*command, "--role", "facilitator", "--out", str(out), "--realtime"],
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    deadline = time.monotonic() + 60
    while not (out / "agent.part.wav").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(2.0)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert b"Traceback" not in errors
    assert b"stopped at " in errors
    lines = list(read(out / "journal.jsonl"))
    assert lines[-1]["kind"] == "closed"
    assert lines[-1]["complete"] is False
    assert lines[-1]["why"] == "interrupted"
    assert 0 < lines[-1]["at"] < 60 * SAMPLE_RATE
    assert not (out / "summary.json").exists()
    with wave.open(str(out / "agent.part.wav")) as sound:
        assert sound.getframerate() == SAMPLE_RATE
    assert run(["report", str(out)]) == 0


def test_a_server_that_is_not_there_is_told_about(
    weekly: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = ["--mind", "openai:m", "--mind-url", "http://127.0.0.1:9/v1", "--json"]
    assert replay(weekly, "--role", "facilitator", "--out", tmp_path / "out", *server) == 0
    captured = capsys.readouterr()
    assert captured.err.startswith("note: openai: the server cannot be reached")
    assert json.loads(captured.out)["role"] == "facilitator"


def test_honest_latency_moves_the_agent_later_and_nothing_else(
    weekly: Path, tmp_path: Path
) -> None:
    for name, extra in (("fast", []), ("honest", ["--honest-latency"])):
        assert replay(weekly, "--role", "facilitator", "--out", tmp_path / name, *extra) == 0
    starts = {
        name: [
            line["at"]
            for line in read(tmp_path / name / "journal.jsonl")
            if line["kind"] == "turn_started"
        ]
        for name in ("fast", "honest")
    }
    assert starts["honest"][0] >= starts["fast"][0]
    assert rerun(tmp_path / "honest" / "journal.jsonl") == []


BAD = {
    "missing": ("gone.wav", None, "gone.wav"),
    "empty": ("empty.wav", b"", "empty"),
    "text named wav": ("text.wav", b"this is no sound at all, only text\n" * 50, "text.wav"),
    "negative times in rttm": (
        "bad.rttm",
        b"SPEAKER m 1 -5.0 2.0 <NA> <NA> ana <NA> <NA>\n",
        "bad.rttm:1",
    ),
    "reversed rttm": (
        "bad.rttm",
        b"SPEAKER m 1 5.0 -2.0 <NA> <NA> ana <NA> <NA>\n",
        "bad.rttm:1",
    ),
    "seglst without a key": (
        "bad.json",
        b'[{"session_id": "m", "speaker": "ana", "start_time": 0, "words": "hello"}]',
        "end_time",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_leaves_nothing(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, content, named = BAD[case]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    out = tmp_path / "out"
    (tmp_path / "words.ctm").write_text("m 1 0.0 0.5 hello\n")
    inputs = [tmp_path / name, *([tmp_path / "words.ctm"] if name.endswith("rttm") else [])]
    assert replay(*inputs, "--role", "facilitator", "--out", out) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.strip().splitlines()
    assert line.startswith("error: ")
    assert named in line
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--role", "facilitater"], "facilitator"),
        (["--role", "facilitator", "--seat", "zoe"], "ana"),
        (["--role", "facilitator", "--step", "9"], "step"),
        (["--role", "facilitator", "--mind", "oracle"], "--mind"),
        (["--role", "{tmp}/typo.yaml"], "eagerness"),
    ],
)
def test_bad_options_are_one_line_and_leave_nothing(
    options: list[str],
    named: str,
    weekly: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "typo.yaml").write_text(
        "id: typo\nsummary: x\nidentity: {name: Robin}\nturn: {eagernes: 0.5}\n"
    )
    given = [option.format(tmp=tmp_path) for option in options]
    assert replay(weekly, "--out", tmp_path / "out", *given) == 2
    captured = capsys.readouterr()
    (line,) = captured.err.strip().splitlines()
    assert line.startswith("error: ")
    assert named in line
    assert not (tmp_path / "out").exists()


def test_a_used_directory_is_refused_unless_forced(
    weekly: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert replay(weekly, "--role", "observer", "--out", out) == 0
    before = (out / "journal.jsonl").read_bytes()
    assert replay(weekly, "--role", "facilitator", "--out", out) == 2
    assert "--force" in capsys.readouterr().err
    assert (out / "journal.jsonl").read_bytes() == before
    assert replay(weekly, "--role", "facilitator", "--out", out, "--force") == 0
    assert summary(out)["role"] == "facilitator"


@pytest.mark.parametrize("broken", ["the mind", "the input"])
def test_a_forced_run_that_fails_before_it_begins_leaves_the_earlier_one(
    weekly: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def unreadable(*_: object) -> None:
        raise InputError("the model cannot be read", where="x.gguf", todo="get it again")

    out = tmp_path / "out"
    assert replay(weekly, "--role", "observer", "--out", out) == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    if broken == "the mind":
        monkeypatch.setattr(Duties, "open", unreadable)
    else:
        weekly.write_text("[]")
    assert replay(weekly, "--role", "facilitator", "--out", out, "--force") == 2
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_missing_model_names_the_command_that_gets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    track = tmp_path / "track.wav"
    noise = np.random.default_rng(1).normal(0, 0.1, SAMPLE_RATE).astype(np.float32)
    soundfile.write(track, noise, SAMPLE_RATE)
    out = tmp_path / "out"
    assert replay(track, "--role", "facilitator", "--out", out) == 2
    *loading, line = capsys.readouterr().err.strip().splitlines()
    assert loading == ["loading whisper-tiny.en"]
    assert "moderator models pull whisper-tiny.en" in line
    assert not out.exists()


def test_a_full_disk_is_one_line_and_leaves_a_journal_that_can_be_read(
    weekly: Path, tiny_disk: Path
) -> None:
    out = tiny_disk / "out"
    command = [sys.executable, "-m", "moderator", "replay", str(weekly), "--offline"]
    command += ["--mind", "duties"]
    done = subprocess.run(
        [*command, "--role", "facilitator", "--out", str(out)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    *loading, line = done.stderr.strip().splitlines()
    assert loading == ["loading hibari"]
    assert line.startswith("error: the disk is full")
    assert {entry.name for entry in out.iterdir()} == {"journal.jsonl"}
    lines = list(read(out / "journal.jsonl"))
    assert lines[0]["kind"] == "opened"


def test_two_of_one_name_are_told_apart(tmp_path: Path) -> None:
    speakers = {
        "ana": {"name": "Camille Martin"},
        "ben": {"name": "Camille Martin"},
        "cleo": {"name": "Robin"},
    }
    path = record(tmp_path / "weekly.json", speakers=speakers, moderator=[])
    assert replay(path, "--role", "facilitator", "--out", tmp_path / "out") == 0
    captions = (tmp_path / "out" / "transcript.vtt").read_text()
    for voice in ("Camille Martin", "Camille Martin (2)", "Robin", "Robin (agent)"):
        assert f"<v {voice}>" in captions
    opened = next(read(tmp_path / "out" / "journal.jsonl"))
    assert opened["participants"]["ben"]["name"] == "Camille Martin (2)"


def test_who_says_what_the_report_says_by_itself_can_be_forgotten(
    weekly: Path, tmp_path: Path
) -> None:
    """Ana says "go on with", and so does a comment in the page's script: no words of hers."""
    out = tmp_path / "out"
    assert replay(weekly, "--role", "facilitator", "--out", out, "--formats", "eaf,minutes") == 0
    assert "go on with" in (out / "report.html").read_text()
    assert run(["forget", str(out), "--speaker", "ana"]) == 0
    for name in ("journal.jsonl", "transcript.vtt", "transcript.eaf", "minutes.md"):
        assert "the budget for" not in (out / name).read_text()
    assert "the budget for" not in (out / "report.html").read_text()
