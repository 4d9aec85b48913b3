"""`moderator learn` on what it cannot work with: one line each, and nothing is written."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from integrations.files import learn_command
from moderator.cli import app


@pytest.fixture(autouse=True)
def plugged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command, whether or not what is installed already has it."""
    point = EntryPoint("learn", f"{learn_command.__name__}:app", app.PLUGIN_GROUP)
    monkeypatch.setattr(app, "_plugins", lambda: {"learn": point})


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (["prepare", "{}", "--out", "{}/out"], "no meeting records"),
        (["train", "{}", "--run", "{}/run"], "no prepared meetings"),
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
