"""One meeting or many: told by what is there, and said where that is not enough."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from integrations.files.batch.meetings import find_meetings
from moderator.errors import InputError

SOUND = (0.3 * np.sin(np.arange(8_000) / 5)).astype(np.float32)
RTTM = "SPEAKER M 1 0 2 <NA> <NA> Ann <NA> <NA>\n"
CTM = "M A 0.2 0.3 hello\n"
VTT = "WEBVTT\n\n00:00.000 --> 00:01.000\n<v Ann>hello\n"
RECORD = {
    "meeting_id": "R",
    "speakers": {"A": {}},
    "turns": [{"speaker": "A", "start": 0, "end": 1, "text": "so"}],
}


def put(folder: Path, *names: str) -> Path:
    """Files by the endings of their names; what is no transcript's is a recording."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {".json": json.dumps(RECORD), ".vtt": VTT, ".rttm": RTTM, ".ctm": CTM}
        if path.suffix == ".zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.write(put(folder.parent / "packed", "ana.wav") / "ana.wav", "ana.wav")
        elif path.suffix in content:
            path.write_text(content[path.suffix])
        elif path.suffix in (".jsonl", ".md", ".pdf", ".srt", ".txt"):
            path.write_text("Dear all, see below.\n")
        elif path.name in ("segments", "text", "utt2spk"):
            path.write_text("u1 m 0 1\n")
        else:
            soundfile.write(path, SOUND, 16_000)
    return folder


def told(folder: Path, *arguments: str, each: bool = False) -> dict[str, list[str]] | None:
    """What is found of meetings: names, and their files below the folder."""
    given = [str(folder / one) for one in arguments or ("",)]
    batch = find_meetings(given, folder / "out", each=each)
    if batch is None:
        return None
    return {
        one.name: [os.path.relpath(path, folder) for path in one.inputs] for one in batch.meetings
    }


@pytest.mark.parametrize(
    "files",
    [
        ["ana.wav", "ben.flac"],
        ["ana.wav", "ben.wav", "talk.vtt", "chat.json"],
        ["room.wav"],
        ["Audio Record/audioAna1987968.flac", "Audio Record/audioBen2987968.flac", "mix.wav"],
        ["monday/ana.wav", "monday/ben.wav"],
        ["zoom/Audio Record/ana.wav", "zoom/Audio Record/ben.wav"],
        ["ana.wav", "tuesday/ana.wav", "wednesday/ana.wav"],
    ],
)
def test_what_was_one_meeting_is_one(tmp_path: Path, files: Sequence[str]) -> None:
    assert told(put(tmp_path / "in", *files)) is None


MANY: Mapping[str, tuple[list[str], dict[str, list[str]]]] = {
    "records": (["b.json", "a.json", "README.md"], {"a": ["a.json"], "b": ["b.json"]}),
    "one transcript": (["a.vtt"], {"a": ["a.vtt"]}),
    "folders of tracks": (
        ["mon/ana.wav", "mon/ben.wav", "tue/ana.wav", "img/x.pdf"],
        {"mon": ["mon"], "tue": ["tue"]},
    ),
    "archives": (["mon.zip"], {"mon": ["mon.zip"]}),
    "all kinds": (
        ["mon/ana.wav", "tue/ana.wav", "wed.zip", "thu.vtt"],
        {"mon": ["mon"], "thu": ["thu.vtt"], "tue": ["tue"], "wed": ["wed.zip"]},
    ),
    "Zoom's folders": (
        ["mon/Audio Record/ana.wav", "tue/Audio Record/ana.wav"],
        {"mon": ["mon"], "tue": ["tue"]},
    ),
    "what goes together": (
        ["a.ctm", "a.rttm", "b.vtt", "c.rttm"],
        {"a": ["a.ctm", "a.rttm"], "b": ["b.vtt"], "c": ["c.rttm"]},
    ),
    "two of one name": (["a.json", "a.vtt"], {"a.json": ["a.json"], "a.vtt": ["a.vtt"]}),
    "folders with a transcript": (
        ["mon/talk.ctm", "mon/talk.rttm", "tue/talk.vtt"],
        {"mon": ["mon/talk.ctm", "mon/talk.rttm"], "tue": ["tue/talk.vtt"]},
    ),
    "what is meant as one": (["a.json", "b.srt"], {"a": ["a.json"], "b": ["b.srt"]}),
    "results among them": (
        ["a.json", "old/journal.jsonl", "old/agent.wav", "out/a/agent.wav", "out/b/agent.wav"],
        {"a": ["a.json"]},
    ),
}


@pytest.mark.parametrize("case", MANY)
def test_a_folder_of_many(case: str, tmp_path: Path) -> None:
    files, expected = MANY[case]
    assert told(put(tmp_path / "in", *files)) == expected


def test_kaldis_files_are_one_meeting_called_after_their_folder(tmp_path: Path) -> None:
    folder = put(tmp_path / "in", "segments", "text", "utt2spk")
    assert told(folder) == {"in": ["segments", "text", "utt2spk"]}


def test_each_entry_is_a_meeting_if_it_is_said(tmp_path: Path) -> None:
    folder = put(tmp_path / "in", "a.wav", "b.wav", "b.rttm", "c.vtt", "d.pdf", "mon/ana.wav")
    assert told(folder) is None
    found = {name: [name] for name in ("a.wav", "b.wav", "c.vtt", "d.pdf", "mon")}
    assert told(folder, each=True) == {Path(name).stem: files for name, files in found.items()}
    assert told(folder, "a.wav", "b.wav", each=True) == {"a": ["a.wav"], "b": ["b.wav"]}
    assert told(folder, "a.wav", each=True) == {"a": ["a.wav"]}


def test_several_arguments(tmp_path: Path) -> None:
    put(tmp_path / "in", "x/a.json", "x/b.json", "y/a.json", "mon/ana.wav", "c.vtt", "d.rttm")
    folder = put(tmp_path / "in", "d.ctm", "e.wav", "f.wav", "g.zip")
    assert told(folder, "x/a.json", "x/b.json") == {"a": ["x/a.json"], "b": ["x/b.json"]}
    both = {"x-a.json": ["x/a.json"], "b": ["x/b.json"], "y-a.json": ["y/a.json"]}
    assert told(folder, "x", "y") == both
    assert told(folder, "mon", "x") == {"mon": ["mon"], "a": ["x/a.json"], "b": ["x/b.json"]}
    assert told(folder, "g.zip", "c.vtt") == {"g": ["g.zip"], "c": ["c.vtt"]}
    assert told(folder, "c.vtt", "d.ctm", "d.rttm") == {"c": ["c.vtt"], "d": ["d.ctm", "d.rttm"]}
    for one in (["d.ctm", "d.rttm"], ["e.wav", "f.wav"], ["e.wav", "c.vtt"], ["c.vtt"], ["g.zip"]):
        assert told(folder, *one) is None
    assert find_meetings([f"A={folder}/e.wav", f"B={folder}/f.wav"], folder, each=False) is None


@pytest.mark.parametrize(
    ("files", "arguments", "each", "says"),
    [
        (
            ["2025/a.json", "2025/b.json"],
            [""],
            False,
            r"no meetings, but folders of meetings, .*2025",
        ),
        (["a.json"], ["", "none"], False, "no such file, .*none"),
        (["a.wav"], ["Ann=a.wav"], True, "no such file, .*no names or offsets"),
        (["x/i/a.vtt", "y/i/a.vtt"], ["x/i", "y/i"], False, "two meetings called 'i-a.vtt'"),
    ],
)
def test_what_cannot_be_told_is_one_line(
    files: list[str], arguments: list[str], each: bool, says: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=says):
        told(put(tmp_path / "in", *files), *arguments, each=each)


@pytest.mark.parametrize("files", [["notes.md"], ["img/x.pdf", "notes.md"], ["broken.srt"]])
def test_a_folder_without_meetings_is_for_the_single_replay_to_refuse(
    files: list[str], tmp_path: Path
) -> None:
    assert told(put(tmp_path / "in", *files)) is None


def test_names_of_results_can_be_printed(tmp_path: Path) -> None:
    folder = put(tmp_path / "in", "a.vtt", "b.vtt")
    (folder / "a.vtt").rename(folder / os.fsdecode(b"\x1b[31m\xff\n.vtt"))
    found = told(folder)
    assert found is not None
    assert list(found) == ["_[31m_", "b"]


def test_results_do_not_go_into_a_folder_of_tracks(tmp_path: Path) -> None:
    folder = put(tmp_path / "in", "mon/ana.wav", "tue/ana.wav")
    with pytest.raises(InputError, match=r"the results would go where it is, .*mon"):
        find_meetings([str(folder)], folder, each=False)


def test_a_folder_of_meetings_among_others_is_told_to_be_one(tmp_path: Path) -> None:
    folder = put(tmp_path / "in", "a.json", "2025/a.json", "2025/b.json")
    batch = find_meetings([str(folder)], tmp_path / "out", each=False)
    assert batch is not None
    many, one = batch.meetings
    assert one.wrong is None
    assert str(many.wrong).startswith("a folder of 2 meetings, ")
