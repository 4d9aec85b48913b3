"""`moderator convert`, and the forms that a replay writes besides its own files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from integrations.files.disk.outdir import FORMATS, RESULTS
from integrations.files.inputs import open_inputs
from integrations.files.transcripts.words import MeetingWords
from integrations.files.transcripts.writing import WRITERS
from moderator.cli.app import run
from tests.integrations.files.test_replay import record, replay
from tests.integrations.files.transcripts.test_cases import lines

SRT = """1
00:00:01,000 --> 00:00:03,000
Ana Lee: good morning

2
00:00:03,500 --> 00:00:05,000
Ben: morning all
"""
SAID = [("Ana Lee", "good morning"), ("Ben", "morning all")]


@pytest.fixture
def srt(tmp_path: Path) -> Path:
    path = tmp_path / "talk.srt"
    path.write_text(SRT)
    return path


def opened(*paths: Path) -> MeetingWords:
    meeting = open_inputs([str(path) for path in paths])
    assert isinstance(meeting, MeetingWords)
    return meeting


@pytest.mark.parametrize("form", sorted(set(WRITERS) - {"uem", "rttm"}))
def test_every_form_is_written_and_read_again(srt: Path, form: str) -> None:
    out = srt.parent / ("data" if form == "kaldi" else f"out.{form}")
    assert run(["convert", str(srt), "--to", form, "--out", str(out)]) == 0
    meeting = opened(*(sorted(out.iterdir()) if out.is_dir() else [out]))
    called = {one.id: one.name for one in meeting.participants.values()}
    assert [(called[who], said) for who, said in lines(meeting)] == SAID
    assert [turn.start for turn in meeting.turns] == [16_000, 56_000]


def test_turns_and_stretches_go_with_words(srt: Path) -> None:
    folder = srt.parent
    for form in ("rttm", "uem", "ctm"):
        assert run(["convert", str(srt), "--to", form, "--out", str(folder / f"out.{form}")]) == 0
    meeting = opened(folder / "out.rttm", folder / "out.ctm", folder / "out.uem")
    assert lines(meeting) == SAID


def test_without_a_file_it_is_printed(srt: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["convert", str(srt), "--to", "srt"]) == 0
    printed = capsys.readouterr()
    assert printed.out == SRT
    assert "note: words have no times of their own" in printed.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["talk.srt", "--to", "doc"], "no form 'doc', --to, choose of record, seglst, vtt"),
        (["talk.srt", "--to", "kaldi"], "kaldi is several files, --to, add --out DIR"),
        (["talk.srt", "--to", "vtt", "--out", "talk.srt"], "it is there already, talk.srt"),
        (["none.srt", "--to", "vtt"], "no such file, none.srt"),
        (["bare.srt", "--to", "vtt"], "does not say who speaks, bare.srt, add the RTTM file"),
    ],
)
def test_what_cannot_be_converted_says_so_in_a_line(
    srt: Path,
    arguments: list[str],
    expected: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(srt.parent)
    (srt.parent / "bare.srt").write_text("1\n00:00:01,000 --> 00:00:03,000\ngood morning\n")
    assert run(["convert", *arguments]) == 2
    printed = capsys.readouterr()
    assert expected in printed.err
    assert printed.err.count("\n") == 1
    assert not printed.out
    assert srt.read_text() == SRT


def test_force_takes_the_place_of_a_file(srt: Path) -> None:
    out = str(srt.parent / "out.vtt")
    assert run(["convert", str(srt), "--to", "vtt", "--out", out]) == 0
    assert run(["convert", str(srt), "--to", "vtt", "--out", out]) == 2
    assert run(["convert", str(srt), "--to", "vtt", "--out", out, "--force"]) == 0


ALL = "vtt,srt,text,stm,uem,textgrid,eaf,audacity,minutes"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    meeting = record(tmp_path / "weekly.json")
    folder = tmp_path / "out"
    assert replay(meeting, "--role", "facilitator", "--out", folder, "--formats", ALL) == 0
    return folder


def test_a_replay_writes_the_forms_it_is_asked_for(out: Path) -> None:
    assert {path.name for path in out.iterdir()} == {*RESULTS, *FORMATS.values()}
    for name in ("srt", "text", "stm", "audacity", "textgrid", "eaf"):
        meeting = opened(out / FORMATS[name])
        assert {one.name for one in meeting.participants.values()} == {
            "ana",
            "ben",
            "cleo",
            "Robin",
        }
    assert (out / "transcript.uem").read_text() == "weekly 1 0.000000 60.000000\n"


def test_decisions_and_their_reasons_stand_above_the_talk(out: Path) -> None:
    for name in ("textgrid", "eaf"):
        text = (out / FORMATS[name]).read_text()
        assert "decisions" in text
        assert "spoke to answer ben: the floor was free" in text
        note = next(n for n in opened(out / FORMATS[name]).notes if "nobody's speech" in n)
        assert note.endswith("left out: decisions")


def test_who_is_forgotten_is_gone_from_all_forms(out: Path) -> None:
    assert "more question" in (out / "transcript.stm").read_text()
    assert run(["forget", str(out), "--speaker", "cleo"]) == 0
    for name in FORMATS.values():
        assert "more question" not in (out / name).read_text()
    assert "budget" in (out / "transcript.srt").read_text()


def test_what_a_killed_run_was_to_write_is_recovered(out: Path) -> None:
    before = {name: (out / name).read_text() for name in FORMATS.values()}
    for name in ("summary.json", *FORMATS.values()):
        (out / name).unlink()
    assert run(["recover", str(out)]) == 0
    assert {name: (out / name).read_text() for name in FORMATS.values()} == before


def test_an_unknown_form_is_refused_before_anything_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    meeting = record(tmp_path / "weekly.json")
    folder = tmp_path / "out"
    assert replay(meeting, "--role", "scribe", "--out", folder, "--formats", "srt,doc") == 2
    assert "no form 'doc', --formats, choose of vtt, srt" in capsys.readouterr().err
    assert not folder.exists()


def test_a_record_keeps_every_word_where_it_was(tmp_path: Path) -> None:
    meeting = record(tmp_path / "weekly.json")
    again = tmp_path / "again.json"
    assert run(["convert", str(meeting), "--to", "record", "--out", str(again)]) == 0
    assert opened(again).words == opened(meeting).words
    assert opened(again).duration == opened(meeting).duration
    assert list(json.loads(again.read_text())["speakers"]) == ["ana", "ben", "cleo"]
