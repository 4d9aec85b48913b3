"""Many meetings replayed: each as if alone, whatever becomes of the others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from integrations.files.batch.meetings import Meeting
from integrations.files.batch.run import Outcome, Task, outcomes
from integrations.files.disk.lock import LOCK
from integrations.files.disk.outdir import BATCH, RESULTS
from integrations.files.request import ReplayRequest
from moderator.cli.app import run
from moderator.workers import Spread
from roles.loader import load_role
from tests.integrations.files.test_replay import record

TIMES = ("real_time_factor", "peak_rss_mb", "load_s", "phases_s")
"""Of a summary, and so of a report: what differs from run to run."""


def replay(*arguments: object) -> int:
    common = ["--role", "facilitator", "--mind", "duties", "--offline"]
    return run(["replay", *map(str, arguments), *common])


@pytest.fixture
def week(tmp_path: Path) -> Path:
    """A folder of two meetings."""
    folder = tmp_path / "week"
    folder.mkdir()
    record(folder / "mon.json", meeting_id="monday")
    record(folder / "tue.json", meeting_id="tuesday", duration=50.0)
    return folder


def results(out: Path) -> Mapping[str, Any]:
    """What a replay wrote, without what differs from run to run."""
    found: dict[str, Any] = {path.name: path.read_bytes() for path in out.iterdir()}
    summary = json.loads(found["summary.json"])
    found["summary.json"] = {key: summary[key] for key in summary if key not in TIMES}
    assert found.pop("report.html").startswith(b"<!doctype html>")
    return found


def journals(out: Path) -> dict[str, int]:
    return {path.parent.name: path.stat().st_mtime_ns for path in out.glob("*/journal.jsonl")}


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(capsys.readouterr().out)
    return content


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_are_those_of_single_replays(week: Path, tmp_path: Path, jobs: int) -> None:
    out = tmp_path / "out"
    assert replay(week, "--out", out, "--jobs", jobs, "--formats", "srt") == 0
    assert {path.name for path in out.iterdir()} == {"mon", "tue", BATCH}
    for name in ("mon", "tue"):
        alone = tmp_path / name
        assert replay(week / f"{name}.json", "--out", alone, "--formats", "srt") == 0
        assert {path.name for path in alone.iterdir()} == {*RESULTS, "transcript.srt"}
        assert results(out / name) == results(alone)


def test_one_bad_meeting_does_not_stop_the_others(
    week: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (week / "bad.json").write_text('{"turns": [')
    (week / "README.md").write_text("What the week brought.\n")
    out = tmp_path / "out"
    assert replay(week, "--out", out) == 1
    shown = capsys.readouterr()
    assert "error: invalid JSON" in shown.out
    assert "2 finished, 1 failed" in shown.out
    assert "note: passed over, as no meetings: " in shown.err
    assert set(journals(out)) == {"mon", "tue"}
    assert replay(week, "--out", out, "--json") == 1
    found = told(capsys)
    assert {key: found[key] for key in ("finished", "kept", "failed")} == {
        "finished": 0,
        "kept": 2,
        "failed": 1,
    }
    bad, monday, _ = found["meetings"]
    assert (bad["meeting"], bad["state"]) == ("bad", "failed")
    assert "bad.json" in bad["error"]
    assert monday["summary"] == json.loads((out / "mon" / "summary.json").read_text())
    assert monday["out"] == str(out / "mon")


def test_what_is_finished_is_kept_and_the_rest_is_done(
    week: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert replay(week, "--out", out) == 0
    first = journals(out)
    (out / "tue" / "summary.json").unlink()  # as a run that was killed leaves it
    (out / "tue" / LOCK).touch()
    record(week / "wed.json", meeting_id="wednesday")
    capsys.readouterr()
    assert replay(week, "--out", out, "--json") == 0
    states = {one["meeting"]: one["state"] for one in told(capsys)["meetings"]}
    assert states == {"mon": "kept", "tue": "finished", "wed": "finished"}
    second = journals(out)
    assert second["mon"] == first["mon"]
    assert second["tue"] != first["tue"]
    assert not (out / "tue" / LOCK).exists()
    record(week / "mon.json", meeting_id="monday", duration=70.0)  # it is another meeting now
    assert replay(week, "--out", out) == 0
    third = journals(out)
    assert [third[one] == second[one] for one in ("mon", "tue", "wed")] == [False, True, True]
    assert replay(week, "--out", out, "--force") == 0
    assert not set(journals(out).items()) & set(third.items())


def test_results_of_other_options_are_refused_unless_forced(
    week: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert replay(week, "--out", out) == 0
    before = journals(out)
    assert replay(week, "--out", out, "--step", 1.0, "--seat", "ben") == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "made with another --seat, another --step, " in line
    assert line.endswith("choose another directory or add --force")
    assert journals(out) == before
    assert replay(week, "--out", out, "--step", 1.0, "--force") == 0
    assert replay(week / "mon.json", week / "tue.json", "--out", out, "--step", 1.0) == 0
    assert "2 kept" in capsys.readouterr().out


def test_results_of_somebody_else_are_never_replaced(week: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert replay(week / "mon.json", "--out", out / "mon") == 0
    before = journals(out)
    for _ in range(2):  # what was refused once is refused again
        assert replay(week, "--out", out) == 1
        assert journals(out)["mon"] == before["mon"]
    assert set(journals(out)) == {"mon", "tue"}


def test_recordings_in_a_folder_are_one_meeting_or_one_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    noise = np.random.default_rng(1).normal(0, 0.1, 16_000).astype(np.float32)
    for name in ("mon", "tue"):
        soundfile.write(folder / f"{name}.wav", noise, 16_000)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))  # no models: nothing is heard
    assert replay(folder, "--out", tmp_path / "out") == 2
    assert "note: the recordings are taken as one meeting; with --each" in capsys.readouterr().err
    assert replay(folder, "--out", tmp_path / "out", "--each", "--json") == 1
    found = told(capsys)["meetings"]
    assert [one["meeting"] for one in found] == ["mon", "tue"]
    assert all("moderator models pull" in one["error"] for one in found)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["{week}", "--role", "king"], "king"),
        (["{week}", "--mind", "oracle"], "--mind"),
        (["{week}", "--channels", "left"], "--channels"),
        (["{week}", "--formats", "pdf"], "--formats"),
        (["{week}", "--on", "moon"], "no place to work 'moon'"),
        (["{week}", "--enrol", "ann=none.wav"], "none.wav"),
        (["{week}/mon.json", "--jobs", "2"], "this is one meeting, --jobs"),
        (["{week}/mon.json", "--on", "ray"], "this is one meeting, --on"),
        (["{week}", "{week}/none"], "no such file"),
        (["{week}", "--out", "{week}/mon.json"], "cannot be written to"),
    ],
)
def test_bad_options_are_one_line_and_leave_nothing(
    arguments: list[str],
    says: str,
    week: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if "ray" in arguments:
        pytest.importorskip("ray", reason="Ray is not installed")
    given = [one.format(week=week) for one in arguments]
    out = [] if "--out" in given else ["--out", str(tmp_path / "out")]
    role = [] if "--role" in given else ["--role", "facilitator"]
    mind = [] if "--mind" in given else ["--mind", "duties"]
    assert run(["replay", *given, *out, *role, *mind, "--offline"]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("error: ")
    assert says in line
    assert not (tmp_path / "out").exists()


def test_a_directory_of_one_meeting_is_none_for_many(
    week: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert replay(week / "mon.json", "--out", tmp_path / "out") == 0
    assert replay(week, "--out", tmp_path / "out", "--force") == 2
    assert "it already holds the results of one meeting" in capsys.readouterr().err


def test_a_broken_list_of_results_is_one_line(
    week: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for text in ("[]", "{", '{"options": {}, "meetings": {"a": 3}}', "[" * 100_000):
        (out / BATCH).write_text(text)
        assert replay(week, "--out", out) == 2
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert "no list of a batch's results" in line
    assert replay(week, "--out", out, "--force") == 0


class Dying(Task):
    """A replay whose process dies, for ever or only if others are beside it."""

    def __call__(self) -> Outcome:
        if self.meeting.name == "dies" or (self.meeting.name == "dies once" and not self.force):
            os._exit(1)
        return Outcome(self.meeting.name, {})


def test_a_process_that_dies_does_not_stop_the_others(tmp_path: Path) -> None:
    request = ReplayRequest(
        role=load_role("observer"),
        seat=None,
        enrol=(),
        channels="mix",
        accept_damage=False,
        realtime=False,
        honest_latency=False,
        step_s=0.5,
        recogniser=None,
        mind="duties",
        mind_url=None,
        embed_audio=True,
        formats=(),
        offline=True,
    )
    names = ("one", "dies", "two", "dies once")
    tasks = [Dying(Meeting(name, ()), request, tmp_path / name, False) for name in names]
    found = {one.name: one for one in outcomes(tasks, Spread(2))}
    assert set(found) == set(names)
    assert found["dies"].error.startswith("a working process was killed")
    assert all(found[name].summary == {} for name in names if name != "dies")


def test_an_interrupted_batch_goes_on_with_the_same_command(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for number in range(30):
        record(folder / f"{number:02}.json", meeting_id=f"m{number}")
    command = [sys.executable, "-m", "moderator", "replay", str(folder), "--out", str(out)]
    command += ["--role", "facilitator", "--mind", "duties", "--offline", "--jobs", "1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 120
    # Of three, one at least is noted as finished.
    while len(list(out.glob("*/summary.json"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert b"Traceback" not in errors
    assert b" of 30 meetings are finished, the same command goes on" in errors
    ledger = json.loads((out / BATCH).read_text())
    kept = [name for name, inputs in ledger["meetings"].items() if inputs]
    before = journals(out)
    assert 0 < len(kept) < 30
    assert replay(folder, "--out", out) == 0
    after = journals(out)
    assert len(after) == 30
    assert all(after[name] == before[name] for name in kept)


@pytest.mark.e2e
def test_recordings_are_heard_as_if_alone(recorded_meetings: Path, tmp_path: Path) -> None:
    calls, room = tmp_path / "calls", recorded_meetings / "audio" / "ami_mix" / "EN2001a.wav"
    if not room.is_file():
        pytest.skip("no recordings there")
    sound, rate = soundfile.read(room, frames=10 * 16_000)
    calls.mkdir()
    for name in ("room", "again"):
        soundfile.write(calls / f"{name}.wav", sound, rate)
    assert replay(calls, "--each", "--out", tmp_path / "out") == 0
    assert replay(calls / "room.wav", "--out", tmp_path / "alone") == 0
    assert results(tmp_path / "out" / "room") == results(tmp_path / "alone")


@pytest.mark.e2e
def test_a_ray_cluster_gives_the_same_bytes(
    week: Path, tmp_path: Path, ray_cluster: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (week / "bad.json").write_text('{"turns": [')
    assert replay(week, "--out", tmp_path / "here") == 1
    assert replay(week, "--out", tmp_path / "there", "--on", ray_cluster) == 1
    for name in ("mon", "tue"):
        assert results(tmp_path / "here" / name) == results(tmp_path / "there" / name)
    capsys.readouterr()
    assert replay(week, "--out", tmp_path / "there", "--on", ray_cluster, "--json") == 1
    assert [one["state"] for one in told(capsys)["meetings"]] == ["failed", "kept", "kept"]
