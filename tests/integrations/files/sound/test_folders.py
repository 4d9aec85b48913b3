"""A folder or zip archive of tracks: names from files, offsets from manifests, and no tricks."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from integrations.files.inputs import open_inputs
from integrations.files.replayable import prepare
from integrations.files.sound import unpacking
from integrations.files.sound.tracks import RecordedTracks, SharedRecording
from moderator.errors import InputError

SOUND = (0.3 * np.sin(np.arange(8_000) / 5)).astype(np.float32)


def put(folder: Path, *names: str, sound: Any = SOUND) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = {".m4a": "FLAC", ".flac": "FLAC", ".ogg": "OGG"}.get(path.suffix, "WAV")
        soundfile.write(path, sound, 16_000, format=kind)
    return folder


def packed(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return path


def tracks(path: Path) -> RecordedTracks:
    opened = open_inputs([str(path)])
    assert isinstance(opened, RecordedTracks)
    return opened


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["ana.wav", "ben.flac"], ["ana", "ben"]),
        (["standup-ana.wav", "standup-ben_lee.wav"], ["ana", "ben lee"]),
        (["1-ana.flac", "2-ben_0001.flac"], ["ana", "ben"]),
        (["audioAnaLee198796876.m4a", "audioBen298796876.m4a"], ["Ana Lee", "Ben"]),
        (["Audio Record/audioAna1987968.m4a", "Audio Record/audioBo2987968.m4a"], ["Ana", "Bo"]),
        (["call ben.wav", "call.wav"], ["call ben", "call"]),
        (["monday/ana.wav", "monday/ben.wav"], ["ana", "ben"]),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_names_come_from_the_files(
    tmp_path: Path, files: Sequence[str], names: list[str], zipped: bool
) -> None:
    folder = put(tmp_path / "call", *files)
    (folder / "notes.txt").write_text("Recorded on Monday.")
    (folder / "raw.dat").write_bytes(b"OggS" + bytes(100))
    opened = tracks(packed(folder) if zipped else folder)
    assert list(opened.tracks) == names
    assert opened.meeting_id == "call"
    for track in opened.tracks.values():
        assert len(np.concatenate(list(track.blocks(1600)))) == 8_000


def test_zooms_folder_is_more_than_its_mix(tmp_path: Path) -> None:
    folder = put(tmp_path / "zoom", "audio_only.m4a", "Audio Record/audioAna1987968.m4a")
    put(folder, "Audio Record/audioBen2987968.m4a")
    opened = tracks(folder)
    assert list(opened.tracks) == ["Ana", "Ben"]
    assert "heard is the folder Audio Record" in opened.remarks[0]


def test_one_recording_in_it_is_of_everybody(tmp_path: Path) -> None:
    opened = open_inputs([str(packed(put(tmp_path / "call", "room.wav")))])
    assert isinstance(opened, SharedRecording)
    assert opened.meeting_id == "call"


def offsets(opened: RecordedTracks) -> dict[str, float]:
    return {name: track.offset / 16_000 for name, track in opened.tracks.items()}


def write(folder: Path, name: str, data: object) -> None:
    (folder / name).write_text(json.dumps(data))


def egress(file: str, who: str, at: int, **more: object) -> Mapping[str, object]:
    return {
        "egress_id": f"EG_{who}",
        "room_name": "stand-up",
        "started_at": at,
        "publisher_identity": who,
        "track_id": f"TR_{who}",
        "track_kind": "AUDIO",
        "files": [{"filename": f"rooms/today/{file}", "location": f"s3://b/{file}"}],
        **more,
    }


NOW = 1_790_000_000_000_000_000


@pytest.mark.parametrize("zipped", [False, True])
def test_livekit_egress_manifests(tmp_path: Path, zipped: bool) -> None:
    folder = put(tmp_path / "room", "TR_a.ogg", "TR_b.ogg")
    write(folder, "EG_1.json", egress("TR_a.ogg", "ana", NOW + 12_500_000_000))
    write(folder, "EG_2.json", egress("TR_b.ogg", "ben", NOW))
    opened = tracks(packed(folder) if zipped else folder)
    assert offsets(opened) == {"ana": 12.5, "ben": 0.0}
    assert opened.remarks == ("tracks begin up to 12.5 s apart, by their manifest",)
    blocks = np.concatenate(list(opened.tracks["ana"].blocks(1600)))
    assert np.flatnonzero(blocks)[0] == pytest.approx(12.5 * 16_000, abs=50)


def test_egress_info_of_the_api(tmp_path: Path) -> None:
    folder = put(tmp_path / "room", "a.ogg", "b.ogg")
    items = [
        {
            "egressId": f"EG_{who}",
            "participant": {"identity": who},
            "fileResults": [{"filename": f"x/{who[0]}.ogg", "startedAt": str(NOW + late)}],
        }
        for who, late in (("ana", 0), ("ben", 3_000_000_000))
    ]
    write(folder, "list.json", {"items": items})
    assert offsets(tracks(folder)) == {"ana": 0.0, "ben": 3.0}


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ([0, 12.5], {"Ana": 0.0, "Ben": 12.5}),
        ([5, 12.5], {"Ana": 5.0, "Ben": 12.5}),
        (["2026-11-28T09:30:00Z", "2026-11-28T10:30:07.25+01:00"], {"Ana": 0.0, "Ben": 7.25}),
        ([NOW, NOW + 10**9], {"Ana": 0.0, "Ben": 1.0}),
        ([None, 2], {"Ana": 0.0, "Ben": 2.0}),
    ],
)
def test_a_tracks_json_of_ones_own(
    tmp_path: Path, starts: Sequence[Any], expected: Mapping[str, float]
) -> None:
    folder = put(tmp_path / "call", "1.wav", "2.wav")
    listed = [
        {"file": f"{index}.wav", "name": name, "start": start}
        for index, (name, start) in enumerate(zip(expected, starts, strict=True), 1)
    ]
    write(folder, "tracks.json", {"tracks": listed})
    opened = tracks(folder)
    assert offsets(opened) == pytest.approx(expected)
    assert any("no start time for Ana" in one for one in opened.remarks) == (starts[0] is None)


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([{"file": "1.wav", "start": "soon"}], "no time: 'soon'"),
        ([{"file": "1.wav", "start": -3}], "no time: '-3'"),
        ([{"file": "1.wav", "start": 1e400}], "no time: 'inf'"),
        ([{"file": "1.wav", "start": True}], "no time: 'True'"),
        ([{"name": "Ana"}], "no file's name"),
        ([{"file": "1.wav", "name": 3}], "a name that is no text"),
        ([{"file": "1.wav", "name": "a\nb"}], "bad participant name"),
        (
            [{"file": "1.wav", "start": "2026-11-28T09:30Z"}, {"file": "2.wav", "start": 3}],
            "some tracks with a time of day",
        ),
        ([{"file": "1.wav", "start": 10**6}, {"file": "2.wav", "start": NOW}], "hours apart"),
    ],
)
def test_a_wrong_tracks_json(tmp_path: Path, listed: object, expected: str) -> None:
    folder = put(tmp_path / "call", "1.wav", "2.wav")
    (folder / "tracks.json").write_text(json.dumps({"tracks": listed}).replace("Infinity", "1e400"))
    with pytest.raises(InputError) as caught:
        tracks(folder)
    assert expected in str(caught.value)
    assert str(caught.value).isprintable()


def test_two_recordings_of_one_person_are_both_heard(tmp_path: Path) -> None:
    folder = put(tmp_path / "room", "TR_a.ogg", "TR_b.ogg")
    write(folder, "1.json", egress("TR_a.ogg", "ana", NOW))
    write(folder, "2.json", egress("TR_b.ogg", "ana", NOW + 10**9))
    opened = tracks(folder)
    assert list(opened.tracks) == ["ana", "ana 2"]
    assert "another recording of ana: called ana 2" in opened.remarks


def test_drift_against_the_clock_of_the_recorder_is_noted(tmp_path: Path) -> None:
    folder = put(tmp_path / "room", "a.ogg", "b.ogg", sound=np.tile(SOUND, 20))
    write(folder, "1.json", egress("a.ogg", "ana", NOW, ended_at=NOW + 10_050_000_000))
    write(folder, "2.json", egress("b.ogg", "ben", NOW, ended_at=NOW + 11_500_000_000))
    ready = prepare([str(folder)])
    for track in ready.tracks.values():
        for _ in track.blocks(16_000):
            pass
    assert ready.notes == (
        "ben: its sound is 1.5 s shorter than the 11.5 s in which it was recorded: "
        "it drifts against the other tracks, or some of it is missing",
    )


def test_unpacked_files_go_away_with_the_meeting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    opened = tracks(packed(put(tmp_path / "call", "ana.wav", "ben.wav")))
    assert list(tmp_path.glob("moderator-*/*.wav"))
    del opened
    assert not list(tmp_path.glob("moderator-*"))


@pytest.mark.parametrize(
    "name", ["../evil.wav", "/etc/evil.wav", "a/../../evil.wav", "C:\\evil.wav", "..\\evil.wav"]
)
def test_a_name_that_leads_outside(tmp_path: Path, name: str) -> None:
    folder = put(tmp_path / "call", "ana.wav")
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(folder / "ana.wav", "ana.wav")
        archive.writestr(zipfile.ZipInfo(name), (folder / "ana.wav").read_bytes())
    with pytest.raises(InputError, match="a name that leads elsewhere"):
        open_inputs([str(path)])
    assert not list(tmp_path.rglob("evil.wav"))


def test_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "FREE_BYTES", 2**20)
    path = tmp_path / "bomb.zip"
    header = (put(tmp_path / "call", "ana.wav") / "ana.wav").read_bytes()[:44]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ana.wav", header + bytes(50 * 2**20))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(InputError, match="unpacks to far more than it is"):
        open_inputs([str(path)])
    assert not list(tmp_path.glob("moderator-*"))


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda data: data[: len(data) // 2], "damaged zip archive"),
        (lambda data: data[:100] + bytes(200) + data[300:], "damaged zip archive"),
        (
            lambda data: data.replace(b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\1\0"),
            "encrypted",
        ),
        (lambda data: data.replace(b"\x14\0\0\0\0\0", b"\x14\0\0\0\x63\0"), "unknown way"),
    ],
)
def test_a_damaged_archive(tmp_path: Path, damage: Any, expected: str) -> None:
    path = packed(put(tmp_path / "call", "ana.wav", "ben.wav"))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError) as caught:
        open_inputs([str(path)])
    assert expected in str(caught.value)
    assert str(caught.value).isprintable()


def test_nothing_to_hear(tmp_path: Path) -> None:
    folder = tmp_path / "call"
    folder.mkdir()
    (folder / "notes.txt").write_text("nothing")
    with pytest.raises(InputError, match="a directory without recordings"):
        open_inputs([str(folder)])
    with pytest.raises(InputError, match="a zip archive without recordings"):
        open_inputs([str(packed(folder))])
    put(folder, "one/a.wav", "two/b.wav")
    with pytest.raises(InputError, match=r"recordings in 2 folders, .*, give one, such as one"):
        open_inputs([str(folder)])
    put(folder, *(f"{index}.wav" for index in range(51)))
    with pytest.raises(InputError, match=r"51 recordings, .*, give at most 50"):
        open_inputs([str(folder)])


def test_one_of_several_folders_further_down_is_not_guessed(tmp_path: Path) -> None:
    folder = put(tmp_path / "calls", "2026/mon/ana.wav", "2026/tue/ana.wav")
    with pytest.raises(InputError, match=r"recordings in 2 folders, .*, give one, such as mon"):
        open_inputs([str(folder)])


def test_results_are_no_recordings(tmp_path: Path) -> None:
    folder = put(tmp_path / "call", "mon/ana.wav", "mon/ben.wav", "out/agent.wav")
    (folder / "out" / "journal.jsonl").touch()
    assert list(tracks(folder).tracks) == ["ana", "ben"]


def test_an_office_document_is_no_archive_of_tracks(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "minutes.docx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
    with pytest.raises(InputError, match="not a recording but a zip archive or an office document"):
        open_inputs([str(tmp_path / "minutes.docx")])


def test_an_archive_says_how_much_memory_lzma_takes_and_is_refused(tmp_path: Path) -> None:
    folder = put(tmp_path / "call", "ana.wav", "ben.wav")
    with zipfile.ZipFile(tmp_path / "call.zip", "w", zipfile.ZIP_LZMA) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    with pytest.raises(InputError, match="packed in an unknown way"):
        open_inputs([str(tmp_path / "call.zip")])


def test_an_entry_without_a_name_is_passed_over(tmp_path: Path) -> None:
    path = packed(put(tmp_path / "call", "ana.wav", "ben.wav"))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("z", b"nothing")
        archive.filelist[-1].filename = ""  # as it stands in the directory at the archive's end
    with suppress(InputError):
        assert list(tracks(path).tracks) == ["ana", "ben"]
