"""Directories after a run: recovered, erased from, searched, and left alone while it goes on."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.reliability import kills
from benchmarks.reliability.meeting import Room, canaries, sound_of
from integrations.files.disk.lock import LOCK, InUse, locked
from integrations.files.disk.outdir import RESULTS
from integrations.files.recovery.command import forget, recover, report
from integrations.files.recovery.recovering import forget_in, recover_if_needed
from moderator.cli.app import run
from moderator.errors import InputError
from moderator.events import ConsentGiven
from moderator.journal.lines import read, text_of, to_line
from moderator.timeline import to_samples
from tests.integrations.files.recovery.conftest import LENGTH_S

END = to_samples(LENGTH_S)


def interrupt(out: Path) -> None:
    """Makes of a finished run what a killed one leaves."""
    for name in RESULTS:
        path = out / name
        if path.suffix == ".wav":
            path.rename(path.with_name(path.stem + ".part.wav"))
        elif name != "journal.jsonl":
            path.unlink()
    journal = out / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    assert '"kind":"closed"' in lines[-1]
    journal.write_text("".join(lines[:-1]) + '{"kind":"heard","at":79')
    (out / LOCK).touch()


def everything(out: Path) -> str:
    return "".join(path.read_text("utf-8", errors="replace") for path in out.iterdir())


def test_a_run_that_broke_off_is_made_whole(finished: Path, out: Path) -> None:
    interrupt(out)
    with (out / "agent.part.wav").open("r+b") as file:
        file.truncate(100_001)  # in the middle of a sample, and seconds behind the journal
    found = recover_if_needed(out)
    assert found is not None
    assert found["seconds"] == pytest.approx(LENGTH_S, abs=0.5)
    assert {path.name for path in out.iterdir()} == set(RESULTS)
    for name in ("transcript.seglst.json", "transcript.vtt", "diarization.rttm"):
        assert (out / name).read_bytes() == (finished / name).read_bytes()
    before, after = (json.loads((one / "summary.json").read_text()) for one in (finished, out))
    assert after["complete"] is False
    for key in ("decisions", "agent", "speakers", "role"):
        assert after[key] == before[key]
    for name in ("agent.wav", "meeting.wav"):
        assert soundfile.info(out / name).duration == pytest.approx(found["seconds"])
    assert [line["kind"] for line in read(out / "journal.jsonl")][-1] == "closed"
    assert recover_if_needed(out) is None


def test_what_is_owed_comes_before_anything_else(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupt(out)
    owed = ConsentGiven(END, "ben", "chat", False, ("ben",), END)
    journal = out / "journal.jsonl"
    text = journal.read_text()
    journal.write_text(text[: text.rindex("\n") + 1] + text_of(to_line(owed)))
    (out / "journal.jsonl.part").write_text(text)
    report(out, embed_audio=False)
    kept = everything(out)
    assert not [word for word in canaries("ben", "before") if word in kept]
    assert any(word in kept for word in canaries("cem", "before"))
    assert "erased, as was promised: what ben had said" in capsys.readouterr().err
    assert '"kind":"erased"' in journal.read_text()
    assert not (out / "journal.jsonl.part").exists()


def test_the_next_run_erases_before_it_refuses_the_directory(out: Path, tmp_path: Path) -> None:
    interrupt(out)
    owed = ConsentGiven(END, "ben", "chat", False, ("ben",), END)
    journal = out / "journal.jsonl"
    text = journal.read_text()
    journal.write_text(text[: text.rindex("\n") + 1] + text_of(to_line(owed)))
    with pytest.raises(InputError, match="already holds an unfinished run"):
        asyncio.run(Room(out, 1.0, {}).run())
    assert not [word for word in canaries("ben", "before") if word in everything(out)]
    words = tmp_path / "words.json"
    kills.record(words)
    journal.write_text(text[: text.rindex("\n") + 1] + text_of(to_line(owed)))
    arguments = ["replay", str(words), "--role", "observer", "--out", str(out), "--mind", "duties"]
    assert run(arguments) != 0
    assert not [word for word in canaries("ben", "before") if word in everything(out)]


def test_a_person_is_forgotten_with_words_sound_and_what_quotes_them(out: Path) -> None:
    before = soundfile.read(out / "meeting.wav", dtype="float32")[0]
    turns = [line for line in read(out / "journal.jsonl") if line["kind"] == "turn_ended"]
    quoting = [line for line in turns if "ana" in line.get("quotes", ())]
    assert quoting
    taken = forget_in(out, "Ana")
    assert taken.words > 20
    assert taken.turns == len(quoting)
    kept = everything(out)
    assert not [word for word in canaries("ana", "before") if word in kept]
    assert any(word in kept for word in canaries("ben", "before"))
    after = soundfile.read(out / "meeting.wav", dtype="float32")[0]
    assert sound_of(before, "ana") > 0.01
    assert sound_of(after, "ana") < 1e-4
    assert sound_of(after, "ben") > 0.8 * sound_of(before, "ben")
    agent = soundfile.read(out / "agent.wav", dtype="float32")[0]
    for line in read(out / "journal.jsonl"):
        if line["kind"] == "turn_started" and "ana" in line.get("quotes", ()):
            assert not np.any(agent[line["at"] : line["at"] + 1_600])
    assert {path.name for path in out.iterdir()} == set(RESULTS)


def test_voices_on_a_shared_microphone_are_forgotten_with_it(out: Path) -> None:
    forget_in(out, "hall/speaker_1")
    kept = everything(out)
    assert not [word for word in canaries("hall/speaker_1", "before") if word in kept]
    assert any(word in kept for word in canaries("hall/?", "before"))


def test_several_directories_and_what_is_said_of_them(
    finished: Path, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Path(shutil.copytree(finished, tmp_path / "other"))
    forget([out, other], speaker="cem", as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {str(out), str(other)}
    assert found[str(out)] == found[str(other)]
    assert found[str(out)]["words"] > 20


def test_what_a_crash_left_of_a_page_goes_before_anybody_is_forgotten(out: Path) -> None:
    (out / ".report-0123456789ab.part").write_bytes((out / "report.html").read_bytes())
    forget_in(out, "Ana")
    assert {path.name for path in out.iterdir()} == set(RESULTS)


def test_nobody_of_that_name(out: Path) -> None:
    with pytest.raises(InputError, match="nobody is called 'zoe'") as caught:
        forget_in(out, "zoe")
    assert "Ana" in caught.value.todo


def test_a_run_that_goes_on_is_left_alone(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    interrupt(out)
    before = (out / "journal.jsonl").read_bytes()
    with locked(out):
        with pytest.raises(InUse):
            recover_if_needed(out)
        report(out, embed_audio=False)
    assert "goes on" in capsys.readouterr().err
    assert (out / "journal.jsonl").read_bytes() == before
    assert not (out / "summary.json").exists()


def test_there_is_nothing_to_recover(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recover(out)
    assert "nothing to recover" in capsys.readouterr().err
    with pytest.raises(InputError, match="no journal"):
        recover_if_needed(out.parent)


@pytest.mark.parametrize(
    "content", ["", '{"kind":"heard","at":1}\n', '{"kind":"opened"}\n', "[]\n", "{\n{\n"]
)
def test_what_cannot_be_recovered_says_so_in_a_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "journal.jsonl").write_text(content)
    with pytest.raises(InputError) as caught:
        recover_if_needed(tmp_path)
    assert "\n" not in str(caught.value)


def test_the_command_writes_the_page_and_prints_its_path(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (out / "report.html").unlink()
    report(out, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"report": str(out / "report.html")}
    assert (out / "report.html").is_file()
