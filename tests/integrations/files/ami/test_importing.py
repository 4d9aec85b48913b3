"""`moderator data ami` on miniatures of the release, and on records turned back into one."""

from __future__ import annotations

import errno
import json
import os
import zipfile
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from integrations.files.ami import command, release
from integrations.files.ami.splits import SPLITS, split_of
from integrations.files.bench.command import bench
from integrations.files.transcripts.records import read_record
from moderator.cli import app
from tests.integrations.files.ami.releases import MINIATURE, Rewritten, pack, root

ENTITIES = """<!DOCTYPE nite:root [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;">]>
<nite:root xmlns:nite="http://nite.sourceforge.net/"><w nite:id="w">&b;</w></nite:root>"""
WORDS_B = "words/ES2003a.B.words.xml"
MEETINGS = "corpusResources/meetings.xml"


@pytest.fixture(autouse=True)
def plugged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands, whether or not what is installed already has them."""
    points = {
        "data": EntryPoint("data", f"{command.__name__}:app", app.PLUGIN_GROUP),
        "bench": EntryPoint("bench", f"{bench.__module__}:bench", app.PLUGIN_GROUP),
    }
    monkeypatch.setattr(app, "_plugins", lambda: points)


def run(*arguments: object) -> int:
    return app.run(list(map(str, arguments)))


def load(path: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return record


def test_a_miniature_becomes_records(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = pack(tmp_path / "ami.zip", MINIATURE)
    assert run("data", "ami", archive, "--out", tmp_path / "ami") == 0
    written = sorted(str(p.relative_to(tmp_path / "ami")) for p in tmp_path.glob("ami/**/*"))
    assert written == ["dev", "dev/ES2003a.json", "other", "other/EN2001a.json"]
    shown = capsys.readouterr()
    assert "CC BY 4.0" in shown.out
    notes = shown.err.splitlines()
    assert "note: left out: words without times: 1" in notes
    assert "note: left out: meetings without words: 1" in notes
    assert "note: left out: dialogue acts without times: 1" in notes
    assert "note: left out: addressees who are nobody: 1" in notes
    assert "note: left out: references to words that are not there: 1" in notes
    record = load(tmp_path / "ami" / "dev" / "ES2003a.json")
    facts = ["meeting_id", "corpus", "licence", "duration", "split_scenario", "moderator"]
    assert [record[key] for key in facts] == ["ES2003a", "AMI", "CC BY 4.0", 40.0, "dev", ["B"]]
    assert record["speakers"]["A"] == {
        "role": "UI", "global_name": "FEE005", "sex": "F", "native_language": "English",
    }  # fmt: skip
    # A pause of 0.4 s joins; one of 0.5 s parts.
    assert record["turns"] == [
        {"speaker": "B", "start": 1.0, "end": 3.4, "text": "Right, let's sta-", "words": [
            {"w": "Right,", "s": 1.0, "e": 1.5}, {"w": "let's", "s": 1.9, "e": 2.5},
            {"w": "sta-", "s": 2.9, "e": 3.4}]},
        {"speaker": "B", "start": 3.9, "end": 4.4, "text": "start.", "words": [
            {"w": "start.", "s": 3.9, "e": 4.4}]},
        {"speaker": "A", "start": 5.0, "end": 6.8, "text": "café L_C_D_", "words": [
            {"w": "café", "s": 5.0, "e": 6.0}, {"w": "L_C_D_", "s": 6.2, "e": 6.8}]},
    ]  # fmt: skip
    assert record["dialogue_acts"] == [
        {"speaker": "B", "start": 1.0, "end": 1.5, "type": "inf"},
        {"speaker": "B", "start": 1.9, "end": 4.4, "type": "el.inf", "to": ["A"]},
    ]
    assert record["topics"] == [
        {"start": 1.0, "end": 6.0, "type": "other", "depth": 0, "desc": "names"},
        {"start": 3.9, "end": 6.0, "type": "opening", "depth": 1},
        {"start": 6.2, "end": 6.8, "type": None, "depth": 0, "desc": "the end"},
    ]
    assert record["vocal"] == [
        {"speaker": "B", "type": "laugh", "start": 2.6, "end": 3.1},
        {"speaker": "B", "type": "other", "start": 22.0, "end": 22.0},
    ]
    assert load(tmp_path / "ami" / "other" / "EN2001a.json")["moderator"] == []


def test_the_bench_runs_on_what_was_imported(tmp_path: Path) -> None:
    out = tmp_path / "ami"
    archive = pack(tmp_path / "ami.zip", MINIATURE, folder="ami_public_manual_1.6.2/")
    assert run("data", "ami", archive, "--out", out, "--split", "dev") == 0
    assert run("bench", out / "dev", "--jobs", 1, "--json", tmp_path / "bench.json") == 0
    result = load(tmp_path / "bench.json")
    assert result["meetings"] == [{"id": "ES2003a", "seat": "B", "position": "project manager"}]
    assert result["protocols"]["dynamic"]["positives"] == 1  # B begins at 1.0 s: before the grid


def test_records_of_recorded_meetings_survive_the_way_back(
    recorded_meetings: Path, tmp_path: Path
) -> None:
    """What is made of a record's words, acts and topics as NXT is that record again."""
    there = recorded_meetings / "ami" / "dev" / "IS1008a.json"
    known = load(there)
    rewritten = Rewritten(known)
    archive = pack(tmp_path / "ami.zip", rewritten.files())
    assert run("data", "ami", archive, "--out", tmp_path / "ami") == 0
    made = load(tmp_path / "ami" / "dev" / "IS1008a.json")
    for key in ("meeting_id", "corpus", "licence", "type", "split_scenario", "moderator"):
        assert made[key] == known[key]
    assert made["speakers"] == known["speakers"]
    assert made["turns"] == known["turns"]

    def ordered(parts: list[dict[str, Any]]) -> list[str]:
        return sorted(json.dumps(part, sort_keys=True) for part in parts)

    assert ordered(made["vocal"]) == ordered(known["vocal"])
    assert ordered(made["dialogue_acts"]) == ordered(rewritten.acts())
    assert len(rewritten.acts()) > 0.9 * len(known["dialogue_acts"])
    assert made["topics"] == rewritten.topics()
    assert len(rewritten.topics()) == len(known["topics"])
    assert read_record(there).words == read_record(tmp_path / "ami/dev/IS1008a.json").words


def test_the_partition_is_the_published_one(recorded_meetings: Path) -> None:
    assert split_of("ES2004a") == "test"
    for split in ("train", "dev"):
        for path in (recorded_meetings / "ami" / split).glob("*.json"):
            assert split_of(path.stem) == split
    assert SPLITS == ("train", "dev", "test", "other")


def test_nothing_is_replaced_without_force(tmp_path: Path) -> None:
    archive, out = pack(tmp_path / "ami.zip", MINIATURE), tmp_path / "ami"
    assert run("data", "ami", archive, "--out", out) == 0
    record = out / "dev" / "ES2003a.json"
    first = record.read_bytes()
    record.write_text("mine")
    (out / "dev" / "notes.txt").write_text("mine too")
    assert run("data", "ami", archive, "--out", out) == 2
    assert record.read_text() == "mine"
    assert run("data", "ami", archive, "--out", out, "--force") == 0
    assert record.read_bytes() == first
    assert (out / "dev" / "notes.txt").read_text() == "mine too"


def word(start: str, end: str) -> str:
    return root("w", f'<w nite:id="w0" starttime="{start}" endtime="{end}">so</w>')


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({MEETINGS: None}, "no corpusResources/meetings.xml in it"),
        ({MEETINGS: root("m")}, "no meetings in it"),
        ({MEETINGS: root("m", '<meeting observation="../../etc/x"/>')}, "bad name '../../etc/x'"),
        ({MEETINGS: root("m", *['<meeting observation="ES2003a"/>'] * 2)}, "'ES2003a' twice"),
        ({MEETINGS: root("m", '<meeting observation="ES2003a"><speaker/></meeting>')}, "bad name"),
        ({MEETINGS: root("m", '<meeting observation="ES2003a"/>')}, "no words in it"),
        ({WORDS_B: "<nite:root"}, "no XML"),
        ({WORDS_B: ENTITIES}, "entities in the XML"),
        ({WORDS_B: word("x", "2")}, "which is no time"),
        ({WORDS_B: word("nan", "2")}, "which is no time"),
        ({WORDS_B: word("-1", "2")}, "which is no time"),
        ({WORDS_B: word("1", "1e9")}, "which is no time"),
        ({WORDS_B: root("w", *['<w nite:id="w0"/>'] * 2)}, "without an id of its own"),
        ({"topics/ES2003a.topic.xml": root("t", "<topic>" * 30 + "</topic>" * 30)}, "30 deep"),
        (
            {"dialogueActs/ES2003a.B.dialog-act.xml": root(
                "d", '<dact><nite:child href="http://host/#x"/></dact>')},
            "not a reference: 'http://host/#x'",
        ),
    ],
)  # fmt: skip
def test_a_bad_release_is_one_line_and_writes_nothing(
    changed: dict[str, str | None],
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = {name: text for name, text in (dict(MINIATURE) | changed).items() if text is not None}
    archive = pack(tmp_path / "ami.zip", files)
    refused(capsys, tmp_path, archive, says.replace("30 deep", "more than 20 deep"))


def refused(
    capsys: pytest.CaptureFixture[str], folder: Path, archive: Path, says: str, *more: str
) -> None:
    assert run("data", "ami", archive, "--out", folder / "made" / "ami", *more) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert says in lines[0]
    assert not (folder / "made").exists()


def test_what_is_no_release_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = pack(tmp_path / "ami.zip", MINIATURE)
    data = whole.read_bytes()
    cut = tmp_path / "cut.zip"
    cut.write_bytes(data[: len(data) // 2])
    text = tmp_path / "text.zip"
    text.write_text("hello")
    refused(capsys, tmp_path, tmp_path / "missing.zip", "no such file")
    refused(capsys, tmp_path, tmp_path, "a directory")
    refused(capsys, tmp_path, cut, "not a zip file, or cut off")
    refused(capsys, tmp_path, text, "not a zip file, or cut off")
    refused(capsys, tmp_path, whole, "unknown split 'half'", "--split", "half")
    refused(capsys, tmp_path, whole, "no meetings of this split", "--split", "test")
    damaged = tmp_path / "damaged.zip"
    with zipfile.ZipFile(whole) as archive:
        at = archive.getinfo(WORDS_B).header_offset + 30 + len(WORDS_B) + 20
    damaged.write_bytes(data[:at] + b"\xff\x00\xff" + data[at + 3 :])
    refused(capsys, tmp_path, damaged, "cannot be unpacked")
    monkeypatch.setattr(release, "MOST_MEMBER_BYTES", 500)
    refused(capsys, tmp_path, whole, "too large, unpacked")


def test_a_member_without_a_name_is_passed_over(tmp_path: Path) -> None:
    data = pack(tmp_path / "named.zip", {**MINIATURE, "x": b""}).read_bytes()
    entry = data.rfind(b"PK\x01\x02")
    assert data[entry + 46 :].startswith(b"x")
    unnamed = data[: entry + 28] + b"\0\0\1\0" + data[entry + 32 :]  # now it has none
    (tmp_path / "ami.zip").write_bytes(unnamed)
    assert app.run(["data", "ami", str(tmp_path / "ami.zip"), "--out", str(tmp_path / "out")]) == 0


def test_a_bomb_is_refused_by_its_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bomb = pack(tmp_path / "bomb.zip", dict(MINIATURE) | {WORDS_B: b" " * (64 * 2**20)})
    assert bomb.stat().st_size < 2**20
    refused(capsys, tmp_path, bomb, "too large, unpacked")


def test_a_full_disk_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = pack(tmp_path / "ami.zip", MINIATURE)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    refused(capsys, tmp_path, archive, "the disk is full")
