"""`moderator roles` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from moderator.cli.app import run
from roles.json_schema import json_schema
from roles.loader import library, load_role, parse_role, role_text


def test_list_names_every_role(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["roles", "list"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in library())
    assert run(["roles", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["roles"]
    assert [role["id"] for role in listed] == library()
    assert {role["id"]: role["speaks"] for role in listed}["observer"] == "never"


@pytest.mark.parametrize("name", library())
def test_show_has_a_card_the_file_and_json(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["roles", "show", name]) == 0
    assert load_role(name).identity.name in capsys.readouterr().out
    assert run(["roles", "show", name, "--yaml"]) == 0
    assert capsys.readouterr().out == role_text(name)
    assert run(["roles", "show", name, "--json"]) == 0
    assert parse_role(capsys.readouterr().out) == load_role(name)


def test_names_are_not_markup(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "f.yaml"
    file.write_text('id: x\nsummary: "[red]s[/red]"\nidentity: {name: A, aliases: ["[b]x"]}\n')
    assert run(["roles", "show", str(file)]) == 0
    out = capsys.readouterr().out
    assert "[red]s[/red]" in out
    assert "[b]x" in out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["show", "chiar"], "there is no role named 'chiar', role library, did you mean 'chair'?"),
        (["show", "no/such.yaml"], "error: there is no such file, no/such.yaml, "),
        (["show", "chair", "--yaml", "--json"], "error: --yaml and --json exclude each other"),
        (["check"], "error: Missing argument 'FILE...'"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["roles", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert expected in captured.err
    assert captured.err.count("\n") == 1


def test_check_tells_everything_and_exits_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = tmp_path / "bad.yaml", tmp_path / "deep" / "good.yml"
    good.parent.mkdir()
    good.write_text(role_text("scribe"))
    bad.write_text("id: x\nsummary: s\nidentity: {nam: A}\nturn: {eagernes: 1}\n")
    assert run(["roles", "check", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    where = f"{bad}:3:12"
    assert captured.err == (
        f"error: 1 of 2 roles cannot be used, {where}, correct what is listed on stdout\n"
    )
    assert captured.out.splitlines() == [
        f"{bad}:3:12: error: unknown key 'nam' in identity, did you mean 'name'?",
        f"{bad}:4:8: error: unknown key 'eagernes' in turn, did you mean 'eagerness'?",
        f"{good}: ok, role 'scribe'",
    ]
    assert run(["roles", "check", str(tmp_path), "--json"]) == 2
    files = json.loads(capsys.readouterr().out)["files"]
    assert [(file["ok"], file["id"], len(file["problems"])) for file in files] == [
        (False, None, 2),
        (True, "scribe", 0),
    ]
    assert files[0]["problems"][1] == {
        "level": "error",
        "line": 4,
        "column": 8,
        "path": ["turn", "eagernes"],
        "what": "unknown key 'eagernes' in turn",
        "todo": "did you mean 'eagerness'?",
    }


def test_check_is_content_with_notes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("id: x\nsummary: s\nidentity: {name: A}\n")
    assert run(["roles", "check", str(file), "chair"]) == 0
    note, *others = capsys.readouterr().out.splitlines()
    assert note.startswith(f"{file}:1:1: note: without instructions")
    assert others == [f"{file}: ok, role 'x', 1 note", "chair.yaml: ok, role 'chair'"]


def test_check_of_an_empty_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["roles", "check", str(tmp_path)]) == 2
    assert "there is no YAML file in this folder" in capsys.readouterr().err


def test_schema_is_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["roles", "schema"]) == 0
    assert json.loads(capsys.readouterr().out) == json_schema()


FINNISH = "id: tarkkailija\nsummary: Listens.\nidentity: {name: Robin}\nlanguage: fi\n"
GERMAN = FINNISH.replace("language: fi", "language: de")


def test_check_and_replay_agree_on_languages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent, speaking = tmp_path / "silent.yaml", tmp_path / "speaking.yaml"
    silent.write_text(FINNISH + "turn: {may_speak: false}\n")
    speaking.write_text(FINNISH)
    meeting = tmp_path / "words.seglst.json"
    line = {"session_id": "m", "speaker": "ana", "words": "Guten Morgen."}
    meeting.write_text(json.dumps([line | {"start_time": 0.0, "end_time": 1.0}]))
    for role, status in ((silent, 0), (speaking, 2)):
        assert run(["roles", "check", str(role)]) == status
        out = tmp_path / role.stem
        wanted = ["replay", str(meeting), "--role", str(role), "--mind", "duties", "--offline"]
        assert run([*wanted, "--out", str(out)]) == status
        assert out.exists() is (status == 0)
    assert capsys.readouterr().err.count("no phrases in language 'fi'") == 1


@pytest.mark.parametrize(
    ("voice", "told"),
    [
        ("", "hibari speaks en, not de"),
        ("voice: {backend: piper}\n", "piper speaks en, not de"),
        ("voice: {backend: piper, speaker: de_DE-thorsten-medium}\n", ""),
        ("turn: {may_speak: false}\n", ""),
    ],
)
def test_check_says_where_there_is_no_voice_for_the_language(
    voice: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    role = tmp_path / "role.yaml"
    role.write_text(GERMAN + voice)
    assert run(["roles", "check", str(role)]) == 0
    out = capsys.readouterr().out
    assert ("--tts" in out) is bool(told)
    assert told in out
