"""Sound that can be erased until the meeting is over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from integrations.files.sound.wav import WavWriter
from integrations.livekit.people.tapes import Tapes
from integrations.livekit.recording import Recording, Sinks
from moderator.audio import AudioChunk, Waveform
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


def test_an_interrupted_meeting_leaves_no_tapes(tmp_path: Path) -> None:
    recording = Recording(None, WavWriter(tmp_path / "meeting.wav"), Tapes(tmp_path / ".tapes"))
    recording.take(TICK, [AudioChunk("ana", 0, level(0.5))], None)
    recording.abandon(KeyboardInterrupt())
    assert not (tmp_path / ".tapes").exists()
