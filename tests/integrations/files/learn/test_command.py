"""`moderator learn` on what it cannot work with: one line each, and nothing is written."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from integrations.files.bench.records import find_seats, read_meetings
from integrations.files.learn import command
from integrations.files.transcripts.records import read_record
from moderator.cli import app
from moderator.errors import InputError


@pytest.fixture(autouse=True)
def plugged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command, whether or not what is installed already has it."""
    point = EntryPoint("learn", f"{command.__name__}:app", app.PLUGIN_GROUP)
    monkeypatch.setattr(app, "_plugins", lambda: {"learn": point})


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (["prepare", "{}", "--out", "{}/out"], "no meeting records"),
        (["prepare", "{}", "--out", "{}/out", "--on", "moon"], "no place to work 'moon'"),
        (["role-play", "{}", "--out", "{}/out"], "no meeting records"),
        (["role-play", "{}", "--out", "{}/out", "--role", "scribe"], "nobody can play 'scribe'"),
        (["train", "{}", "--run", "{}/run"], "no prepared meetings"),
        (
            ["train", "{}", "--run", "{}/run", "--seed", "4294967296"],
            "less than or equal to 4294967295",
        ),
        (["think", "{}/run", "{}", "{}"], "no prepared meetings"),
        (["align", "{}", "--run", "{}/run"], "no meeting records"),
        (["hear", "{}/run", "{}"], "not an alignment"),
        (["eval", "{}/run", "{}"], "no prepared meetings"),
        (["export", "{}/run", "--tune", "{}", "--out", "{}/w"], "no prepared meetings"),
    ],
)
def test_one_line(
    command: list[str], what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = app.run(["learn", *(part.format(tmp_path) for part in command)])
    error = capsys.readouterr().err
    assert code == 2
    assert what in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def record(path: Path, text: str) -> Path:
    """Ana reads a text, a word every 0.4 s."""
    words = [
        {"w": word, "s": round(1 + 0.4 * index, 2), "e": round(1.35 + 0.4 * index, 2)}
        for index, word in enumerate(text.split())
    ]
    turn = {"speaker": "ana", "start": 1.0, "end": words[-1]["e"], "text": text, "words": words}
    content = {"meeting_id": path.stem, "duration": 9.0, "speakers": {"ana": {}}, "turns": [turn]}
    path.write_text(json.dumps(content))
    return path


def test_a_role_play_is_a_record_with_one_more_participant(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    real = record(tmp_path / "one.json", "so we have five minutes left and then we must go")
    content = json.loads(real.read_text()) | {"licence": "CC BY 4.0"}
    real.write_text(json.dumps(content))
    out, roles = tmp_path / "plays", ["--role", "timekeeper", "--role", "interviewer"]
    assert app.run(["learn", "role-play", str(real), str(tmp_path), "--out", str(out), *roles]) == 0
    told = capsys.readouterr().out
    assert "timekeeper: 1 meetings, 1 turns" in told
    assert "1 left out" in told  # the same once more: nobody asks anything
    [path] = out.iterdir()
    assert json.loads(path.read_text())["licence"] == "CC BY 4.0"
    before, after = read_record(real), read_record(path)
    assert [word.text for word in after.words] == [word.text for word in before.words]
    [seat] = find_seats(read_meetings([out]), "played")
    assert (seat.speaker, seat.position) == ("ana-timekeeper", "Timekeeper")
    assert {word.speaker for word in after.words} == {seat.speaker}
    assert app.run(["learn", "role-play", str(path), "--out", str(out)]) == 2
    assert "a role-play already" in capsys.readouterr().err
    assert len(list(out.iterdir())) == 1


def test_a_role_play_names_who_plays(tmp_path: Path) -> None:
    path = record(tmp_path / "one.json", "so")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"played": "bob"}))
    with pytest.raises(InputError, match="none of the speakers"):
        read_record(path)


@pytest.mark.e2e
def test_a_ray_cluster_prepares_the_same_bytes(tmp_path: Path, ray_cluster: str) -> None:
    for name in ("one", "two"):
        record(tmp_path / f"{name}.json", f"so we begin with part {name} of the budget")
    here, there = tmp_path / "here", tmp_path / "there"
    command = ["learn", "prepare", str(tmp_path), "--out"]
    assert app.run([*command, str(here), "--jobs", "1"]) == 0
    assert app.run([*command, str(there), "--on", ray_cluster]) == 0
    prepared = {path.name: path.read_bytes() for path in here.iterdir()}
    assert set(prepared) == {"one.safetensors", "two.safetensors"}
    assert {path.name: path.read_bytes() for path in there.iterdir()} == prepared


@pytest.mark.e2e
def test_the_real_models_are_aligned_and_heard_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taught = record(tmp_path / "one.json", "so we begin with the budget for the next year and then")
    other = record(tmp_path / "two.json", "the remote control should be small and have few buttons")
    run = str(tmp_path / "run")
    steps = ["--matching", "30", "--predicting", "2", "--window", "9", "--batch", "1"]
    assert app.run(["learn", "align", str(taught), "--run", run, *steps]) == 0
    capsys.readouterr()
    assert app.run(["learn", "hear", run, str(other), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["meetings"] == 1
    assert found["tokens"] > 8
    assert 2 < found["none"] < 8
    assert found["own"] != found["other"]
    assert app.run(["learn", "hear", run, str(taught)]) == 2
    assert "learned from 'one'" in capsys.readouterr().err
    assert app.run(["learn", "hear", run, str(other), "--recorded"]) == 2
    assert "two.wav" in capsys.readouterr().err
