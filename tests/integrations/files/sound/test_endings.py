"""Complete is not truncated: refused is what the reader really lost, and it is said how much."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from integrations.files.sound.audio import AudioFile, Reading
from moderator.errors import InputError
from tests.integrations.files.sound.making import heard, record, tone

ACCEPT = Reading(accept_damage=True)


def opus_without_end(path: Path) -> Path:
    """Whole pages, and no end-of-stream bit in the last."""
    record(path, "libopus", [tone(48_000, 4)], 48_000, kind="ogg")
    data = bytearray(path.read_bytes())
    data[data.rfind(b"OggS") + 5] &= ~4
    path.write_bytes(data)
    return path


def test_a_complete_ogg_without_an_end_mark_is_read(tmp_path: Path) -> None:
    samples, notes = heard(opus_without_end(tmp_path / "a.ogg"))
    assert len(samples) / 16_000 == pytest.approx(4.0, abs=0.03)
    assert len(notes) == 1
    assert "not marked" in notes[0]


def test_the_case_without_an_end_mark(cases: Path) -> None:
    samples, notes = heard(cases / "no-end-of-stream.ogg")
    assert len(samples) / 16_000 == pytest.approx(26.0, abs=0.02)
    assert len(notes) == 1


CUT = (
    ("mp4", "aac"),
    ("matroska", "aac"),
    ("aiff", "pcm_s16be"),
    ("avi", "pcm_s16le"),
    ("caf", "pcm_s16be"),
    ("au", "pcm_s16be"),
    ("asf", "wmav2"),
    ("ogg", "libopus"),
)


@pytest.mark.parametrize(("kind", "codec"), CUT)
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_what_is_lost_is_said_and_what_is_left_can_be_used(
    tmp_path: Path, kind: str, codec: str, share: float
) -> None:
    rate = 48_000 if codec == "libopus" else 44_100
    index_first = kind == "mp4"
    path = record(
        tmp_path / "cut", codec, [tone(rate, 8)], rate, kind=kind, index_first=index_first
    )
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InputError) as caught:
        AudioFile(path)
    found = re.match(
        r"truncated recording: (its end|[\d.]+ s at its end) is lost, ([\d.]+) s can be read, "
        r".*cut, copy or export the whole file again, or go on with that: --accept-damage$",
        str(caught.value),
    )
    assert found is not None, caught.value
    assert float(found[2]) == pytest.approx(8 * share, abs=1.2)
    samples, notes = heard(path, ACCEPT)
    assert len(samples) / 16_000 == pytest.approx(float(found[2]), abs=0.2)
    assert "its end is missing; what there is is used" in notes


@pytest.mark.parametrize("kind", ["asf", "matroska", "caf", "aiff", "au", "avi", "w64", "mov"])
def test_lengths_beyond_all_measure(
    tmp_path: Path, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Any damage to a header is one line, whatever it states, and no library prints its own."""
    codec = {"asf": "wmav2", "matroska": "aac", "mov": "aac", "avi": "pcm_s16le"}.get(kind)
    codec = codec or {"w64": "pcm_s16le"}.get(kind, "pcm_s16be")
    path = record(tmp_path / "a", codec, [tone(44_100, 1)], 44_100, kind=kind)
    data = path.read_bytes()
    for at in range(4, 120, 2):
        path.write_bytes(data[:at] + b"\xff" * 8 + data[at + 8 :])
        message = ""
        try:
            for block in AudioFile(path, ACCEPT).blocks(1600):
                assert np.isfinite(block).all()
        except InputError as error:
            message = str(error)
        assert message.isprintable()
    assert "Traceback" not in capfd.readouterr().err


def test_without_its_index_nothing_can_be_read(tmp_path: Path) -> None:
    path = record(tmp_path / "cut.m4a", "aac", [tone(44_100, 8)], 44_100, kind="mp4")
    path.write_bytes(path.read_bytes()[:20_000])
    for reading in (Reading(), ACCEPT):
        with pytest.raises(InputError, match="truncated recording: nothing of it can be read, "):
            AudioFile(path, reading)


@pytest.mark.parametrize("kind", ["mp3", "flac", "wav", "ogg", "m4a"])
def test_what_follows_a_whole_recording_is_no_loss(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"tagged.{kind}"
    if kind == "m4a":
        record(path, "aac", [tone(44_100, 2)], 44_100, kind="mp4")
    else:
        soundfile.write(path, tone(44_100, 2)[0], 44_100)
    before = heard(path)[0]
    path.write_bytes(path.read_bytes() + b"TAG" + b"x" * 125)
    assert len(heard(path)[0]) == pytest.approx(len(before), abs=16)


@pytest.mark.parametrize("missing", [1, 100])
@pytest.mark.parametrize("kind", ["mp3", "m4a"])
def test_what_is_missing_of_padding_and_tags_is_no_loss(
    tmp_path: Path, kind: str, missing: int
) -> None:
    path = tmp_path / f"short.{kind}"
    if kind == "m4a":
        record(path, "aac", [tone(44_100, 2)], 44_100, kind="mp4")
    else:
        soundfile.write(path, tone(44_100, 2)[0], 44_100)
    path.write_bytes(path.read_bytes()[:-missing])
    samples, notes = heard(path)
    assert len(samples) == 2 * 16_000
    assert notes == ()


def test_the_decoded_length_wins_over_the_stated_one(tmp_path: Path) -> None:
    path = tmp_path / "a.mka"
    record(path, "flac", [tone(16_000, 2)], 16_000, kind="matroska")
    data = bytearray(path.read_bytes())
    at = data.index(b"\x44\x89\x88") + 3  # the segment's duration, a double of milliseconds
    data[at : at + 8] = np.array(3.6e6, dtype=">f8").tobytes()
    path.write_bytes(data)
    file = AudioFile(path)
    assert file.duration == 3600 * 16_000
    assert sum(map(len, file.blocks(1600))) == 2 * 16_000
    assert file.duration == 2 * 16_000
