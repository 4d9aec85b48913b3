"""A meeting in another language than English, from the transcript to the agent's turns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from moderator.cli.app import run

ROLE = """
id: leitung
summary: Leitet die Besprechung.
language: {language}
identity: {{name: {name}, title: Moderator}}
duties:
  - {{type: open, purpose: die Planung des Umzugs}}
  - {{type: time_check, minutes_left: [1], meeting_minutes: 3}}
  - {{type: answer}}
turn: {{eagerness: 0.8, share_ceiling: 0.9, cool_down_s: 1}}
"""
GERMAN = """
[00:00:14] Ana: Also gut, fangen wir mit dem Lager an.
[00:00:18] Ben: Die Miete für das neue Lager kostet dreitausend Euro im Monat.
[00:00:36] Ana: Robin, wie viel Zeit haben wir noch?
[00:00:46] Ben: Robin hat das vorhin schon gesagt.
[00:00:52] Ana: Robin, wie viel kostet die Miete für das neue Lager?
[00:01:20] Ana: Einverstanden, das machen wir so.
[00:02:30] Ben: Robin, bitte nur zuhören.
[00:02:40] Ana: Der Umzug ist am Freitag.
"""
JAPANESE = """
[00:00:14] アナ: では、倉庫の話から始めましょう。
[00:00:18] ベン: 新しい倉庫の家賃は月に三千ユーロです。
[00:00:36] アナ: ロビンさん、あと何分ですか。
[00:00:46] ベン: ロビンさんが先ほど言いました。
[00:00:52] アナ: ロビン、新しい倉庫の家賃はいくらですか。
[00:01:30] アナ: 分かりました。
[00:02:30] ベン: ロビン、聞くだけにしてください。
[00:02:40] アナ: 引っ越しは金曜日です。
"""


def replayed(folder: Path, language: str, name: str, text: str) -> list[dict[str, Any]]:
    (folder / "role.yaml").write_text(ROLE.format(language=language, name=name), encoding="utf-8")
    (folder / "meeting.txt").write_text(text, encoding="utf-8")
    command = ["replay", str(folder / "meeting.txt"), "--role", str(folder / "role.yaml")]
    assert run([*command, "--mind", "duties", "--offline", "--out", str(folder / "out")]) == 0
    journal = (folder / "out" / "journal.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in journal.splitlines()]


def said(journal: list[dict[str, Any]]) -> str:
    return " ".join(line["text"] for line in journal if line["kind"] == "word_played")


def commands(journal: list[dict[str, Any]]) -> list[str]:
    return [line["command"] for line in journal if line["kind"] == "command"]


def test_german(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = replayed(tmp_path, "de-AT", "Robin", GERMAN)
    words = said(journal)
    assert "Hallo zusammen, ich bin Robin, Moderator dieser Runde." in words
    assert "Wir haben noch 2 Minuten." in words
    assert "Ben sagte in der ersten Minute: Die Miete für das neue Lager kostet" in words
    assert commands(journal) == ["listen_only"]
    assert "hibari speaks en, not de-AT" in capsys.readouterr().err
    assert journal[0]["models"] == ["duties", "silent"]


def test_japanese(tmp_path: Path) -> None:
    journal = replayed(tmp_path, "ja", "ロビン", JAPANESE)
    words = said(journal)
    assert "残り2分です。" in words
    assert "ベンさんが最初の1分にこう言いました。 新しい倉庫の家賃は月に三千ユーロです。" in words
    assert commands(journal) == ["listen_only"]
