"""Role-plays are records again: what JSON cannot hold is told, not written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from integrations.files.learn.role_plays import write_role_plays
from moderator.errors import InputError
from roles.loader import load_role

RECORD = {
    "meeting_id": "real",
    "duration": 70.0,
    "moderator": ["pm"],
    "speakers": {name: {"role": name.upper()} for name in ("pm", "ui", "me")},
    "turns": [
        {"speaker": "pm", "start": 1.0, "end": 3.0, "text": "let us look at the buttons now"},
        {"speaker": "ui", "start": 14.0, "end": 17.0, "text": "less than a euro all in all"},
        {"speaker": "pm", "start": 24.0, "end": 27.0, "text": "we have five minutes left then"},
    ],
    "dialogue_acts": [
        {"speaker": "pm", "start": 24.0, "end": 27.0, "type": "el.inf", "to": ["ui", "me"]}
    ],
}


def cast(tmp_path: Path, extra: str) -> str:
    """What is written of a record with something else in it."""
    path = tmp_path / "real.json"
    path.write_text(json.dumps(RECORD)[:-1] + f', "extra": {extra}}}')
    write_role_plays([path], tmp_path / "out", [load_role("facilitator")])
    (written,) = (tmp_path / "out").glob("*.json")
    return written.read_text()


def test_all_else_in_a_record_stays(tmp_path: Path) -> None:
    assert json.loads(cast(tmp_path, '{"licence": "CC BY 4.0"}'))["extra"]["licence"] == "CC BY 4.0"


@pytest.mark.parametrize("extra", ["1e999", "NaN", "9" * 5000])
def test_a_number_without_end_is_refused_in_one_line(tmp_path: Path, extra: str) -> None:
    with pytest.raises(InputError, match=r"(cannot hold|out of range).*real\.json"):
        cast(tmp_path, extra)
