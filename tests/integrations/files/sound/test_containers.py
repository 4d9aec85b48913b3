"""Recordings are told by their content, whatever container they are in and whatever their name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from integrations.files.inputs import open_inputs
from integrations.files.sound.audio import AudioFile
from integrations.files.sound.tracks import SharedRecording
from moderator.errors import InputError
from tests.integrations.files.sound.making import heard, loud, record, strength, tone

KINDS = [
    ("webm", "libopus", 48_000, False),
    ("matroska", "aac", 44_100, False),
    ("matroska", "flac", 44_100, True),
    ("mp4", "aac", 44_100, True),
    ("mp4", "alac", 44_100, False),
    ("mov", "aac", 44_100, True),
    ("adts", "aac", 44_100, False),
    ("amr", "libopencore_amrnb", 8_000, False),
    ("asf", "wmav2", 44_100, False),
    ("aiff", "pcm_s16be", 44_100, False),
    ("caf", "pcm_s16be", 44_100, False),
    ("caf", "alac", 44_100, False),
    ("avi", "pcm_s16le", 44_100, True),
    ("flv", "aac", 44_100, False),
    ("mpegts", "aac", 44_100, False),
    ("mpeg", "mp2", 44_100, False),
    ("au", "pcm_s16be", 44_100, False),
    ("w64", "pcm_s16le", 44_100, False),
    ("ac3", "ac3", 44_100, False),
    ("wv", "wavpack", 44_100, False),
]


@pytest.mark.parametrize(("kind", "codec", "rate", "video"), KINDS)
def test_any_container_is_read_under_any_name(
    tmp_path: Path, kind: str, codec: str, rate: int, video: bool
) -> None:
    path = record(tmp_path / "meeting.dat", codec, [tone(rate, 2)], rate, kind=kind, video=video)
    assert isinstance(open_inputs([str(path)]), SharedRecording)
    samples, notes = heard(path)
    assert notes == ()
    assert len(samples) / 16_000 == pytest.approx(2.0, abs=0.05)
    assert strength(samples[8_000:24_000], 440) == pytest.approx(0.5, abs=0.1)


def test_a_tag_before_the_sound_hides_nothing(tmp_path: Path) -> None:
    aac = record(tmp_path / "a.aac", "aac", [tone(44_100, 1)], 44_100, kind="adts").read_bytes()
    tag = b"ID3\4\0\0" + bytes([0, 0, 8, 0]) + bytes(1024)
    (tmp_path / "b").write_bytes(tag + aac)
    assert loud(heard(tmp_path / "b")[0]) == loud(heard(tmp_path / "a.aac")[0])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"%PDF-1.7\n", "not a recording but a PDF, "),
        (b"PK\3\4" + bytes(40), "damaged zip archive"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\1\2\3\4\0\0", "a file of unknown kind that begins with 01 02 03 04"),
        ("Ben: wir fangen an\n".encode("utf-16"), "unknown kind of text, without times"),
        ("Ben: größer".encode("latin-1"), "not UTF-8 text"),
    ],
)
def test_what_a_file_really_is_is_said(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "meeting").write_bytes(content)
    with pytest.raises(InputError) as caught:
        open_inputs([str(tmp_path / "meeting")])
    assert expected in str(caught.value)
    assert ("UTF-8" in str(caught.value)) == ("UTF-8" in expected)


def test_a_film_without_sound(tmp_path: Path) -> None:
    path = record(tmp_path / "film.mp4", "aac", [], 44_100, video=True)
    with pytest.raises(InputError, match="no audio stream in it"):
        AudioFile(path)


def test_a_browsers_recording(cases: Path) -> None:
    samples, _ = heard(cases / "recording.webm")
    assert len(samples) / 16_000 == pytest.approx(26.0, abs=0.01)
    spans = loud(samples)
    assert spans[0][0] == pytest.approx(1.0, abs=0.25)
    assert spans[-1][1] == pytest.approx(20.5, abs=0.6)


def test_a_stream_that_begins_later_ends_nothing(tmp_path: Path) -> None:
    """Somebody shares a screen after a minute: findings/later_streams_raise_indexerror.sh."""
    path = record(tmp_path / "a.flv", "aac", [tone(16_000, 70)], 16_000, kind="flv")
    plain, _ = heard(path)
    data, at = path.read_bytes(), 13
    while int.from_bytes(data[at + 4 : at + 7], "big") < 60_000:  # ms at which a tag begins
        at += 15 + int.from_bytes(data[at + 1 : at + 4], "big")
    picture = b"\x09\0\0\x06" + data[at + 4 : at + 8] + bytes(3) + bytes.fromhex("220000840081")
    path.write_bytes(data[:at] + picture + len(picture).to_bytes(4, "big") + data[at:])
    assert np.array_equal(heard(path)[0], plain)
