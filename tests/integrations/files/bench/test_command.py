"""`moderator bench` on records: the same figures from any number of processes, and bad input."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from integrations.files.bench import run as bench_run
from integrations.files.bench.command import bench
from integrations.files.bench.records import find_seats, read_meetings
from moderator.cli import app
from moderator.timeline import SAMPLE_RATE
from tests.integrations.files.test_replay import record
from tests.moderator.measure.bench.rooms import chat


@pytest.fixture(autouse=True)
def plugged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command, whether or not what is installed already has it."""
    point = EntryPoint("bench", f"{bench.__module__}:bench", app.PLUGIN_GROUP)
    monkeypatch.setattr(app, "_plugins", lambda: {"bench": point})


def write(folder: Path, seeds: Sequence[int], prefix: str = "", minutes: float = 3.0) -> Path:
    """Records of random chats, whose people are named by the first letter of the file."""
    folder.mkdir()
    for seed in seeds:
        room = chat(seed, minutes)
        turns = [
            {
                "speaker": word.speaker,
                "start": word.start / SAMPLE_RATE,
                "end": word.end / SAMPLE_RATE,
                "words": [{"w": "so", "s": word.start / SAMPLE_RATE, "e": word.end / SAMPLE_RATE}],
            }
            for word in room.words
        ]
        name = f"{prefix}{seed}"
        content = {
            "meeting_id": name,
            "duration": room.duration / SAMPLE_RATE,
            "moderator": ["a"],
            "speakers": {
                one: {"role": "PM" if one == "a" else "UI", "global_name": f"{prefix}{seed // 2}"}
                for one in "abc"
            },
            "turns": turns,
        }
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def run(*arguments: object) -> int:
    return app.run(["bench", *map(str, arguments)])


def figures(out: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(out.read_text())
    return content


def row(result: dict[str, Any], protocol: str, name: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = result["protocols"][protocol]["rows"]
    return next(one for one in rows if one["name"] == name)


def test_any_number_of_processes_gives_the_same_bytes(tmp_path: Path) -> None:
    scored = write(tmp_path / "scored", range(4))
    train = write(tmp_path / "train", range(10, 13))
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    for out, jobs in ((one, 1), (two, 2)):
        assert run(scored, "--train", train, "--jobs", jobs, "--json", out) == 0
    assert one.read_bytes() == two.read_bytes()
    result = figures(one)
    assert list(result["protocols"]) == ["stream", "boundary", "dynamic"]
    names = [each["name"] for each in result["protocols"]["stream"]["rows"]]
    assert names == [
        "always silent",
        "always speak",
        "silence >= 0.7 s",
        "timing",
        "timing, no role",
        "duties",
        "duties, no role",
    ]
    assert result["threshold"].startswith("cross-validation: chosen on the other teams")
    assert set(result["protocols"]["stream"]["role_gain"]) == {"timing", "duties"}
    speak = row(result, "stream", "always speak")["pooled"]
    assert (speak["recall"], speak["fp"], speak["a"]) == (1.0, 1.0, 0.5)
    # Chats in which `a` follows `b`: timing finds that out, on meetings it has not seen.
    timing = row(result, "stream", "timing")["pooled"]
    assert timing["auc"] > 0.6 > row(result, "stream", "always silent")["pooled"]["auc"]


@pytest.mark.e2e
def test_a_ray_cluster_gives_the_same_bytes(tmp_path: Path, ray_cluster: str) -> None:
    scored = write(tmp_path / "scored", range(4))
    train = write(tmp_path / "train", range(10, 13))
    here, there = tmp_path / "here.json", tmp_path / "there.json"
    arguments = [scored, "--train", train, "--protocol", "boundary"]
    assert run(*arguments, "--json", here) == 0
    assert run(*arguments, "--json", there, "--on", ray_cluster) == 0
    assert here.read_bytes() == there.read_bytes()


def test_thresholds_never_come_from_the_meeting_that_is_scored(tmp_path: Path) -> None:
    scored, tune = write(tmp_path / "scored", range(4)), write(tmp_path / "tune", range(20, 22))
    out = tmp_path / "out.json"
    arguments = [scored, "--protocol", "stream", "--jobs", 1, "--json", out]
    assert run(*arguments, "--tune", tune) == 0
    tuned = figures(out)
    assert tuned["threshold"] == "chosen on 2 other meetings"
    assert len(set(row(tuned, "stream", "duties")["thresholds"].values())) == 1
    assert run(*arguments, "--tune", scored) == 0
    assert figures(out)["threshold"] == "cross-validation: chosen on the other teams, for each of 2"
    assert run(*arguments, "--threshold", "0.25") == 0
    given = figures(out)
    assert set(row(given, "stream", "duties")["thresholds"].values()) == {0.25}
    assert set(row(given, "stream", "always speak")["thresholds"].values()) == {0.5}


def test_plots_and_cost(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    scored, out, plots = write(tmp_path / "s", [1, 2]), tmp_path / "o.json", tmp_path / "plots"
    arguments = ["--protocol", "stream", "--jobs", 1, "--json", out]
    assert run(scored, *arguments, "--plots", plots, "--cost", "0.1") == 0
    costs = figures(out)["cost"]
    assert [cost["name"] for cost in costs] == ["duties", "duties, no role"]
    assert 0 < costs[0]["decision_ms_p50"] <= costs[0]["decision_ms_p95"]
    assert 0 < costs[0]["real_time_factor"] < 1
    assert 0 < costs[0]["memory_mb_minute_1"] <= costs[0]["memory_mb_end"]
    first = {path.name: path.read_bytes() for path in plots.iterdir()}
    assert set(first) == {"precision-recall.svg", "kinds.svg"}
    assert run(scored, *arguments, "--plots", plots) == 0
    assert {path.name: path.read_bytes() for path in plots.iterdir()} == first
    assert "cost" not in figures(out)


def test_a_position_may_be_abbreviated(tmp_path: Path) -> None:
    meetings = read_meetings([write(tmp_path / "scored", [1])])
    assert [seat.speaker for seat in find_seats(meetings, "PM")] == ["a"]
    assert [seat.speaker for seat in find_seats(meetings, "UI")] == ["b"]
    assert [seat.speaker for seat in find_seats(meetings, "interface designer")] == ["b"]
    assert [seat.speaker for seat in find_seats(meetings, "c")] == ["c"]


def broken(path: Path, what: str) -> Path:
    turn = {"speaker": "ana", "start": 1.0, "end": 3.0}
    words: list[dict[str, object]] = [{"w": "so", "s": 2.0, "e": 3.0}, {"w": "so", "s": 1, "e": 2}]
    if what == "times":
        words = [{"w": "so"}, {"w": "so"}]
    return record(path, turns=[{**turn, "words": words}])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["empty"], "no meeting records (*.json) in it"),
        (["missing"], "no such file"),
        (["order"], "word out of order"),
        (["times"], "missing key"),
        (["good", "--seat", "chef"], "nobody has the seat 'chef'"),
        (["leaderless"], "nobody has the seat 'moderator[0]'"),
        (["more", "--seat", "chef"], "nobody has the seat 'chef' in any of 2 meetings"),
        (["good", "--mind-url", "http://127.0.0.1:1/v1"], "no mind to ask there"),
        (["good", "--plots", "p", "--protocol", "boundary"], "plots are of the stream"),
        (["good", "--minds", "oracle"], "unknown mind"),
        (["good", "--on", "moon"], "no place to work 'moon'"),
        (["good", "--protocol", "guess"], "unknown protocol 'guess'"),
        (["good", "--role", "king"], "king"),
        (["good", "good"], "twice"),
        (["good", "--train", "good"], "is also scored"),
        (["good", "--tune", "more"], "is also scored"),
        (["good", "--json", "missing/out.json"], "no such directory"),
        (["good", "--json", "empty"], "a directory"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("empty", "order", "times", "leaderless", "good", "more"):
        Path(folder).mkdir()
    broken(Path("order/m.json"), "order")
    broken(Path("times/m.json"), "times")
    record(Path("leaderless/m.json"), moderator=[])
    record(Path("good/m.json"))
    record(Path("more/m.json"))
    record(Path("more/n.json"), meeting_id="another")
    assert run(*arguments, "--jobs", 1) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert says in lines[0]


def test_meetings_without_the_seat_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scored, out = write(tmp_path / "scored", [1, 2]), tmp_path / "o.json"
    record(scored / "other.json", moderator=[])
    arguments = ["--minds", "none", "--protocol", "stream", "--jobs", 1, "--json", out]
    assert run(scored, *arguments) == 0
    assert figures(out)["left_out"] == ["weekly"]
    assert [one["id"] for one in figures(out)["meetings"]] == ["1", "2"]
    assert "note: left out, as nobody has the seat: weekly" in capsys.readouterr().err


def test_a_full_disk_loses_neither_the_table_nor_the_last_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scored, out = write(tmp_path / "scored", [1]), tmp_path / "o.json"
    out.write_text("before")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert run(scored, "--minds", "none", "--jobs", 1, "--json", out) == 2
    shown = capsys.readouterr()
    assert "always speak" in shown.out
    assert shown.err.splitlines()[-1].startswith("error: the disk is full")
    assert out.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["o.json", "scored"]


def test_what_is_not_installed_is_missed_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_run, "find_spec", lambda name: None)
    for option in ("--train", "--plots"):
        assert run(tmp_path / "missing", option, tmp_path / "x") == 2
        assert f"is not installed, {option}, pip install" in capsys.readouterr().err


def test_known_figures_of_recorded_meetings(recorded_meetings: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    dev = recorded_meetings / "ami" / "dev"
    arguments = ["--minds", "none", "--protocol", "stream", "--jobs", 1, "--json", out]
    assert run(dev, *arguments) == 0
    silence = row(figures(out), "stream", "silence >= 0.7 s")["pooled"]
    # As measured independently of this code.
    assert silence["precision"] == pytest.approx(0.088, abs=0.001)
    assert silence["recall"] == pytest.approx(0.293, abs=0.001)
    assert silence["fp"] == pytest.approx(0.203, abs=0.002)
