"""`moderator learn` on what it cannot work with: one line each, and nothing is written."""

from __future__ import annotations

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
