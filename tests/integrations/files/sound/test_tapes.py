"""Sound that can be erased until the meeting is over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from integrations.files.sound.tapes import Tapes
from integrations.files.sound.wav import WavWriter
from integrations.livekit.recording import Recording, Sinks
from moderator.audio import AudioChunk, Waveform
from moderator.errors import InputError
from moderator.timeline import TICK


def level(value: float) -> Waveform:
    return np.full(TICK, value, np.float32)


def test_the_mix_holds_everybody_but_who_was_erased(tmp_path: Path) -> None:
    recording = Recording(None, WavWriter(tmp_path / "meeting.wav"), Tapes(tmp_path / ".tapes"))
    refused: set[str] = set()
    sinks = Sinks(lambda who, _: who not in refused, recording)
    for tick in range(4):
        chunks = [
            AudioChunk("ana", tick * TICK, level(0.5)),
            AudioChunk("ben", tick * TICK, level(0.25)),
        ]
        if tick == 2:
            refused.add("ana")
            recording.erase("ana")
        sinks.take((tick + 1) * TICK, chunks, level(0.125) if tick == 0 else None)
    secret = np.full(100, round(0.5 * 32767), "<i2").tobytes()
    assert not any(secret in path.read_bytes() for path in (tmp_path / ".tapes").iterdir())
    recording.finish(5 * TICK)
    samples, _ = soundfile.read(tmp_path / "meeting.wav", dtype="float32")
    means = samples.reshape(5, TICK).mean(axis=1)
    assert np.allclose(means, [0.25, 0.375, 0.25, 0.25, 0.0], atol=1e-3)
    assert [path.name for path in tmp_path.iterdir()] == ["meeting.wav"]


def test_an_interrupted_meeting_is_mixed_and_leaves_no_tapes(tmp_path: Path) -> None:
    recording = Recording(None, WavWriter(tmp_path / "meeting.wav"), Tapes(tmp_path / ".tapes"))
    recording.take(TICK, [AudioChunk("ana", 0, level(0.5))], None)
    recording.abandon(TICK)
    assert not (tmp_path / ".tapes").exists()
    assert soundfile.info(tmp_path / "meeting.part.wav").frames == TICK


def test_a_disk_too_full_to_mix_keeps_the_tapes_for_later_and_holds_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = Recording(None, WavWriter(tmp_path / "meeting.wav"), Tapes(tmp_path / ".tapes"))
    recording.take(TICK, [AudioChunk("ana", 0, level(0.5))], None)

    def full(*_: object) -> None:
        raise InputError("the disk is full", todo="free some space")

    with monkeypatch.context() as patch:
        patch.setattr(WavWriter, "write", full)
        with pytest.raises(InputError, match="disk is full"):
            recording.finish(TICK)
        recording.abandon(TICK)
    assert not [link for link in Path("/proc/self/fd").iterdir() if str(tmp_path) in name(link)]
    again = Tapes.found(tmp_path / ".tapes")
    assert again is not None
    with WavWriter(tmp_path / "meeting.wav") as mixed:
        again.mix(mixed, again.length)
    again.remove()
    samples, _ = soundfile.read(tmp_path / "meeting.wav", dtype="float32")
    assert np.allclose(samples, level(0.5), atol=1e-3)
    assert [path.name for path in tmp_path.iterdir()] == ["meeting.wav"]


def name(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


def test_what_a_killed_meeting_left_of_somebody_is_made_silent(tmp_path: Path) -> None:
    tapes = Tapes(tmp_path / ".tapes")
    for tick in range(4):
        tapes.write("ana", tick * TICK, level(0.5))
        tapes.write("ben", tick * TICK, level(0.25))
    tapes.release()
    found = Tapes.found(tmp_path / ".tapes")
    assert found is not None
    found.erase_before("ana", 3 * TICK)
    with WavWriter(tmp_path / "meeting.wav") as mixed:
        found.mix(mixed, found.length)
    found.remove()
    samples, _ = soundfile.read(tmp_path / "meeting.wav", dtype="float32")
    means = samples.reshape(4, TICK).mean(axis=1)
    assert np.allclose(means, [0.25, 0.25, 0.25, 0.75], atol=1e-3)


@pytest.mark.parametrize("bad", [b"\xff\xfe", b"[" * 100_000, b"9" * 5000, b"7", b'{"file": 7}'])
def test_a_line_of_the_index_that_is_none_is_passed_over(tmp_path: Path, bad: bytes) -> None:
    tapes = Tapes(tmp_path / ".tapes")
    tapes.write("ana", 0, level(0.5))
    tapes.release()
    index = tmp_path / ".tapes" / "tracks.jsonl"
    index.write_bytes(bad + b"\n" + index.read_bytes())
    found = Tapes.found(tmp_path / ".tapes")
    assert found is not None
    assert found.length == TICK
    found.release()
