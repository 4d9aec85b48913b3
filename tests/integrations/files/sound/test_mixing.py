"""Every voice is heard: all streams, and channels that would cancel each other."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import soundfile

from integrations.files.sound.audio import AudioFile, Reading
from integrations.files.sound.mixing import Mixed, mix
from integrations.files.sound.streams import Piece
from moderator.errors import InputError
from tests.integrations.files.sound.making import Sound, heard, loud, record, strength, tone

CANCEL = "channels cancel each other when mixed: their phases were spread, so that nobody is lost"


def turns(rate: int, seconds: float, *spans: tuple[float, float, float]) -> Sound:
    """Noise-like voices: sums of tones from 200 Hz, each from start to end; ``(n,)``."""
    out = np.zeros(round(rate * seconds), dtype=np.float32)
    for start, end, hz in spans:
        at = np.arange(round(start * rate), round(end * rate))
        out[at] += sum(0.1 * np.sin(2 * np.pi * hz * k * at / rate) for k in (1, 2, 3))
    return out


def stereo(path: Path, left: Sound, right: Sound, rate: int) -> Path:
    soundfile.write(path, np.stack([left, right], axis=1), rate, subtype="PCM_16")
    return path


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_a_voice_in_opposite_phase_does_not_vanish(tmp_path: Path, rate: int) -> None:
    ana, ben = turns(rate, 9, (1, 3, 210), (7, 8, 210)), turns(rate, 9, (4, 6, 330), (7, 8, 330))
    path = stereo(tmp_path / "room.flac", ana + ben, ana - ben, rate)
    samples, notes = heard(path)
    assert notes == (CANCEL,)
    assert len(samples) == 9 * 16_000
    for start, hz in ((1, 210), (4, 330), (7, 210), (7, 330)):
        inside = samples[int((start + 0.2) * 16_000) : int((start + 0.8) * 16_000)]
        assert strength(inside, hz) > 0.05
    assert [round(a) for a, _ in loud(samples)] == [1, 4, 7]
    assert AudioFile(path).is_silent() is False


def test_a_channel_wired_the_wrong_way_round(tmp_path: Path) -> None:
    voice = turns(16_000, 4, (1, 3, 250))
    samples, notes = heard(stereo(tmp_path / "room.wav", voice, -voice, 16_000))
    assert notes == (CANCEL,)
    assert strength(samples[20_000:44_000], 250) > 0.06


def test_that_is_known_before_the_meeting_begins(tmp_path: Path) -> None:
    voice = turns(8_000, 100, (1, 3, 250), (98, 99, 250))
    file = AudioFile(stereo(tmp_path / "room.wav", voice, -voice, 8_000))
    assert not file.is_silent()
    assert not file.duration_is_exact
    assert file.notes == (CANCEL,)


def test_the_same_samples_each_time(tmp_path: Path) -> None:
    voice = turns(44_100, 5, (1, 3, 250))
    path = stereo(tmp_path / "room.wav", voice, -voice, 44_100)
    assert np.array_equal(heard(path)[0], heard(path)[0])


@pytest.mark.parametrize("right", ["same", "other", "silent", "late", "noise"])
def test_ordinary_stereo_is_its_mean(tmp_path: Path, right: str) -> None:
    left = turns(16_000, 4, (1, 3, 250))
    other = {
        "same": left,
        "other": turns(16_000, 4, (0.5, 2.5, 333)),
        "silent": 0 * left,
        "late": np.roll(left, 40),
        "noise": np.random.default_rng(3).normal(0, 0.1, len(left)).astype(np.float32),
    }[right]
    path = stereo(tmp_path / "room.wav", left, other, 16_000)
    both, _ = soundfile.read(path, dtype="float32")
    samples, notes = heard(path)
    assert np.array_equal(samples, both.mean(axis=1, dtype=np.float32))
    assert CANCEL not in notes


@pytest.mark.parametrize("kind", ["mp4", "matroska"])
def test_all_audio_streams_are_heard(tmp_path: Path, kind: str) -> None:
    sounds = [tone(48_000, 2, 300), tone(48_000, 3, 700)]
    path = record(tmp_path / "screen", "aac", sounds, 48_000, kind=kind, video=True)
    samples, notes = heard(path)
    assert notes == ("2 audio streams in it, heard mixed",)
    assert len(samples) / 16_000 == pytest.approx(3.0, abs=0.05)
    assert strength(samples[8_000:24_000], 300) == pytest.approx(0.25, abs=0.02)
    assert strength(samples[8_000:40_000], 700) == pytest.approx(0.25, abs=0.02)


def test_channels_are_chosen_through_all_streams(tmp_path: Path) -> None:
    pair = np.concatenate([tone(48_000, 2, 300), tone(48_000, 2, 500)])
    path = record(tmp_path / "s.mkv", "flac", [pair, tone(48_000, 2, 700)], 48_000)
    assert AudioFile(path).channels == 3
    for wanted, hz in ((1, 300), (2, 500), (3, 700)):
        samples, notes = heard(path, Reading(channels=(wanted,)))
        assert notes == ()
        tones = {one: round(strength(samples[4_000:28_000], one), 2) for one in (300, 500, 700)}
        assert tones == {300: 0.0, 500: 0.0, 700: 0.0} | {hz: 0.5}
    samples, _ = heard(path, Reading(channels=(1, 3)))
    assert strength(samples[4_000:28_000], 300) == pytest.approx(0.25, abs=0.01)
    assert strength(samples[4_000:28_000], 500) == pytest.approx(0.0, abs=0.01)
    with pytest.raises(InputError, match=r"no channel 4, .*, it has 3"):
        AudioFile(path, Reading(channels=(4,)))


def test_silent_quiet_and_clipped_channels_are_told(tmp_path: Path) -> None:
    voice = turns(16_000, 20, (1, 19, 250))
    clipped = np.clip(20 * voice, -1, 1)
    channels = np.stack([voice, 0 * voice, 0.01 * voice, clipped], axis=1)
    soundfile.write(tmp_path / "room.wav", channels, 16_000, subtype="PCM_16")
    _, notes = heard(tmp_path / "room.wav")
    assert notes == (
        "channel 2 is silent",
        "channel 3 is very quiet: words in it may be missed",
        "channel 4 is clipped in 92% of the time: words in it may be misheard",
    )


def test_one_voice_out_of_phase(cases: Path) -> None:
    samples, notes = heard(cases / "one-voice-out-of-phase.flac")
    left = soundfile.read(cases / "one-voice-out-of-phase.flac", dtype="float32")[0][:, 0]
    assert notes == (CANCEL,)
    for start in range(0, 26 * 16_000, 8_000):  # whoever speaks there is heard
        there = np.sqrt(np.mean(left[start : start + 8_000] ** 2))
        if there > 0.01:
            assert np.sqrt(np.mean(samples[start : start + 8_000] ** 2)) > 0.5 * there


def test_two_audio_streams(cases: Path) -> None:
    both, notes = heard(cases / "two-audio-streams.mp4")
    assert notes == ("2 audio streams in it, heard mixed",)
    one = heard(cases / "two-audio-streams.mp4", Reading(channels=(1,)))[0]
    two = heard(cases / "two-audio-streams.mp4", Reading(channels=(2,)))[0]
    assert loud(one)
    assert loud(two)
    assert np.allclose(both, (one + two) / 2, atol=1e-6)


def test_planes_that_pyav_makes_up_are_not_touched() -> None:
    """Of a damaged frame with 56 channels it gives 69 planes; reading the last ends the process."""
    planes = [np.ones(8, np.float32), np.zeros(8, np.float32), object()]
    frame = SimpleNamespace(
        planes=planes,
        format=SimpleNamespace(name="fltp", is_planar=True),
        layout=SimpleNamespace(nb_channels=2),
    )
    (batch,) = mix(iter([Piece(8, 16_000, 0, cast("Any", frame))]), None, Mixed())
    assert batch.samples is not None
    assert np.allclose(batch.samples, 0.5)
