"""Every kind of recording as it may come from outside, made on the fly."""

from __future__ import annotations

import os
import random
import struct
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from integrations.files.sound.audio import AudioFile
from moderator.errors import InputError
from moderator.timeline import SAMPLE_RATE, to_samples

TONE = 440.0
SECONDS = 1.5
PCM = ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"]


def tone(rate: int, channels: int, seconds: float = SECONDS) -> npt.NDArray[np.float32]:
    wave = 0.5 * np.sin(2 * np.pi * TONE * np.arange(round(rate * seconds)) / rate)
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


def encode(path: Path, codec: str, rate: int, channels: int, **options: str) -> Path:
    """Writes the tone with FFmpeg; `options` are the container's."""
    samples = tone(rate, channels)
    with av.open(str(path), "w", options=options) as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.layout = {1: "mono", 2: "stereo"}[channels]
        resampler = av.AudioResampler(format=stream.format, layout=stream.layout, rate=rate)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples.T), format="fltp", layout=stream.layout.name
        )
        frame.sample_rate, frame.pts = rate, 0
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


def wav(path: Path, samples: npt.NDArray[Any], rate: int, subtype: str = "PCM_16") -> Path:
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


def read(path: Path, size: int = 1600) -> npt.NDArray[np.float32]:
    file = AudioFile(path)
    blocks = list(file.blocks(size))
    assert all(len(block) == size for block in blocks[:-1])
    assert 0 < len(blocks[-1]) <= size
    samples = np.concatenate(blocks)
    assert samples.dtype == np.float32
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1.0
    assert file.duration_is_exact
    assert file.duration == len(samples)
    return samples


def assert_is_tone(samples: npt.NDArray[np.float32], slack_s: float = 0.0001) -> None:
    assert len(samples) == pytest.approx(to_samples(SECONDS), abs=slack_s * SAMPLE_RATE)
    middle = samples[4_000:20_000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * SAMPLE_RATE / len(middle) == pytest.approx(TONE, abs=2)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.1)


def error_of(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        AudioFile(path)
    message = str(caught.value)
    assert "\n" not in message
    assert path.name in message
    return message


@pytest.mark.parametrize("channels", [1, 2, 7])
@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_lossless(tmp_path: Path, kind: str, rate: int, channels: int) -> None:
    path = tmp_path / f"tone.{kind}"
    soundfile.write(path, tone(rate, channels), rate)
    assert_is_tone(read(path))


@pytest.mark.parametrize("subtype", PCM)
def test_sample_formats(tmp_path: Path, subtype: str) -> None:
    assert_is_tone(read(wav(tmp_path / "tone.wav", tone(8_000, 2), 8_000, subtype)))


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("kind", ["mp3", "ogg"])
def test_lossy(tmp_path: Path, kind: str, rate: int, channels: int) -> None:
    path = tmp_path / f"tone.{kind}"
    soundfile.write(path, tone(rate, channels), rate)
    # FFmpeg loses up to 256 samples at the end of a Vorbis file that is one page long.
    assert_is_tone(read(path), slack_s=256 / rate + 0.0001 if kind == "ogg" else 0.0001)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("movflags", ["faststart", "frag_keyframe+empty_moov", ""])
def test_m4a(tmp_path: Path, rate: int, channels: int, movflags: str) -> None:
    options = {"movflags": movflags} if movflags else {}
    path = encode(tmp_path / "tone.m4a", "aac", rate, channels, **options)
    # A fragmented file has no edit list, so that the encoder's first 1024 samples stay.
    assert_is_tone(read(path), slack_s=0.0001 if "frag" not in movflags else 1024 / rate + 0.0001)


def test_opus(tmp_path: Path) -> None:
    assert_is_tone(read(encode(tmp_path / "tone.ogg", "libopus", 48_000, 2)), slack_s=0.01)


def test_16_khz_passes_through_unchanged(tmp_path: Path) -> None:
    samples = np.random.default_rng(1).integers(-32768, 32768, 5_000, dtype=np.int16)
    got = read(wav(tmp_path / "noise.wav", samples, SAMPLE_RATE))
    assert np.array_equal(got, samples.astype(np.float32) / 32768)


def test_block_size_changes_nothing(tmp_path: Path) -> None:
    path = wav(tmp_path / "tone.wav", tone(44_100, 1), 44_100)
    assert np.array_equal(read(path, 1600), read(path, 777))
    assert np.array_equal(read(path, 1600), read(path, 10**6))


def test_resampling_does_not_overshoot(tmp_path: Path) -> None:
    square = np.sign(np.sin(2 * np.pi * TONE * np.arange(44_100) / 44_100))
    assert np.abs(read(wav(tmp_path / "loud.wav", square, 44_100, "FLOAT"))).max() == 1.0


def test_joined_ogg_files_are_read_to_the_end(tmp_path: Path) -> None:
    sound = np.random.default_rng(4).uniform(-0.3, 0.3, 4 * 44_100)
    for name, samples in (("1.ogg", sound), ("2.ogg", sound[: 3 * 44_100])):
        soundfile.write(tmp_path / name, samples, 44_100)
    path = tmp_path / "joined.ogg"
    path.write_bytes((tmp_path / "1.ogg").read_bytes() + (tmp_path / "2.ogg").read_bytes())
    assert len(read(path)) == pytest.approx(7 * SAMPLE_RATE, abs=200)


def test_channels_have_equal_weight(tmp_path: Path) -> None:
    samples = tone(SAMPLE_RATE, 7)
    samples[:, [0, 1, 2, 4, 5, 6]] = 0.0  # the fourth is the low-frequency one of a 7-channel film
    got = read(wav(tmp_path / "one.wav", samples, SAMPLE_RATE, "FLOAT"))
    assert np.abs(got).max() == pytest.approx(0.5 / 7, rel=0.01)


@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
def test_nan_and_infinity_become_silence(tmp_path: Path, subtype: str) -> None:
    samples = tone(SAMPLE_RATE, 1)[:, 0]
    samples[100:200] = np.nan
    samples[300:310] = [np.inf, -np.inf] * 5
    file = AudioFile(wav(tmp_path / "nan.wav", samples, SAMPLE_RATE, subtype))
    got = np.concatenate(list(file.blocks(1600)))
    assert not got[100:200].any()
    assert not got[300:310].any()
    assert np.abs(got).max() == pytest.approx(0.5, rel=0.01)
    assert file.notes == ("110 samples that are no numbers, taken as silence",)
    assert not file.is_silent()


def test_only_nan_is_silent(tmp_path: Path) -> None:
    samples = np.full(8_000, np.nan, dtype=np.float32)
    assert AudioFile(wav(tmp_path / "nan.wav", samples, 8_000, "FLOAT")).is_silent()


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "FLOAT"])
def test_silence_is_found(tmp_path: Path, subtype: str) -> None:
    samples = np.zeros(32_000, dtype=np.float32)
    assert AudioFile(wav(tmp_path / "a.wav", samples, SAMPLE_RATE, subtype)).is_silent()
    samples[-800:] = 0.05
    assert not AudioFile(wav(tmp_path / "b.wav", samples, SAMPLE_RATE, subtype)).is_silent()


def test_missing_file(tmp_path: Path) -> None:
    assert "no such file" in error_of(tmp_path / "none.wav")


def test_directory(tmp_path: Path) -> None:
    (tmp_path / "dir.wav").mkdir()
    assert "directory" in error_of(tmp_path / "dir.wav")


def test_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    assert "not a regular file" in error_of(tmp_path / "pipe.wav")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty file"),
        (b"Dear all,\n\nplease find the minutes below.\n", "not a recording"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/passwd\n", "not a recording"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "not a recording"),
        (b"RIFF", "not a recording"),
        (b"RIFF\x00\x00\x00\x00WAVE", "truncated"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00", "truncated"),
        (b"fLaC", "not a recording that can be decoded"),
        (b"OggS" + bytes(100), "not a recording that can be decoded"),
        (b"\x00\x00\x00\x18ftypM4A " + bytes(12), "truncated"),
        (b"\xff\xfb\x90\x00" + bytes(40), "not a recording that can be decoded"),
    ],
)
def test_not_a_recording(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "meeting.wav"
    path.write_bytes(content)
    assert expected in error_of(path)


@pytest.mark.parametrize("kind", ["wav", "ogg"])
def test_zero_length(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"nothing.{kind}"
    soundfile.write(path, np.zeros(0), 16_000)
    assert "no audio in it" in error_of(path)


def header(rate: int, channels: int, data_bytes: int) -> bytes:
    fmt = struct.pack("<HHIIHH", 1, channels, rate, 2 * rate * channels, 2 * channels, 16)
    riff = struct.pack("<I", min(36 + data_bytes, 2**32 - 1))
    return b"RIFF" + riff + b"WAVEfmt \x10\0\0\0" + fmt + b"data" + struct.pack("<I", data_bytes)


@pytest.mark.parametrize(("rate", "channels"), [(0, 1), (1, 1), (2**31 - 1, 1), (16_000, 0)])
def test_impossible_header(tmp_path: Path, rate: int, channels: int) -> None:
    path = tmp_path / "odd.wav"
    rate_bytes = min(2 * rate * channels, 2**32 - 1)
    fmt = struct.pack("<HHIIHH", 1, channels, rate, rate_bytes, 2 * channels, 16)
    path.write_bytes(b"RIFF\x24\x10\0\0WAVEfmt \x10\0\0\0" + fmt + b"data\0\x10\0\0" + bytes(4096))
    error_of(path)


@pytest.mark.parametrize("length", [0xFFFF_FFFF, 0x7FFF_FFFF, 0])
def test_wav_from_a_pipe_states_no_length(tmp_path: Path, length: int) -> None:
    path = tmp_path / "streamed.wav"
    samples = (tone(SAMPLE_RATE, 1) * 32767).astype("<i2").tobytes()
    path.write_bytes(header(SAMPLE_RATE, 1, length) + samples)
    assert_is_tone(read(path))


def make(path: Path) -> Path:
    if path.suffix == ".m4a":
        return encode(path, "aac", 44_100, 2)
    soundfile.write(path, tone(44_100, 2), 44_100)
    return path


@pytest.mark.parametrize(
    ("kind", "missing"),
    [(kind, lost) for kind in ("wav", "flac", "ogg") for lost in (1, 100)]
    + [(kind, lost) for kind in ("wav", "flac", "mp3", "ogg", "m4a") for lost in (0.1, 0.5, 0.9)],
)
def test_truncated(tmp_path: Path, kind: str, missing: float) -> None:
    path = make(tmp_path / f"cut.{kind}")
    data = path.read_bytes()
    lost = int(missing) if missing >= 1 else int(len(data) * missing)
    path.write_bytes(data[:-lost])
    assert error_of(path).startswith("truncated recording: ")


@pytest.mark.parametrize("kind", ["flac", "mp3", "ogg"])
def test_damage_in_the_middle_costs_itself_only(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"damaged.{kind}"
    noise = np.random.default_rng(2).uniform(-0.5, 0.5, (88_200, 1))
    soundfile.write(path, noise, 44_100)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 600] = bytes(600)
    path.write_bytes(bytes(data))
    file = AudioFile(path)
    samples = np.concatenate(list(file.blocks(1600)))
    # The container's reader may drop a page or a frame whole: at most half a second here.
    assert len(samples) == pytest.approx(32_000, abs=8_000)
    assert np.isfinite(samples).all()


def test_lost_packets_keep_their_time(tmp_path: Path) -> None:
    path = encode(tmp_path / "lost.m4a", "aac", 16_000, 1)
    whole = read(path)
    data = bytearray(path.read_bytes())
    at = data.index(b"mdat") + 4
    length = int.from_bytes(data[at - 8 : at - 4], "big") - 8
    data[at + length // 3 : at + length // 2] = b"\xff" * (length // 2 - length // 3)
    path.write_bytes(bytes(data))
    file = AudioFile(path)
    samples = np.concatenate(list(file.blocks(1600)))
    assert len(samples) == len(whole)
    assert "damaged packets" in file.notes[0]
    # What follows the damage is where it was.
    assert np.allclose(samples[-8_000:], whole[-8_000:], atol=0.02)


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg", "m4a"])
def test_any_damage_gives_audio_or_an_error_of_one_line(tmp_path: Path, kind: str) -> None:
    path = make(tmp_path / f"whole.{kind}")
    data, chance = path.read_bytes(), random.Random(kind)
    for _ in range(60):
        damaged = bytearray(data)
        for _ in range(chance.choice([1, 3, 30])):
            damaged[chance.randrange(chance.choice([64, 400, len(data)]))] = chance.randrange(256)
        path.write_bytes(bytes(damaged))
        message = ""
        try:
            for block in AudioFile(path).blocks(1600):
                assert np.isfinite(block).all()
        except InputError as error:
            message = str(error)
        assert message.isprintable()


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_five_hours_in_flat_memory(tmp_path: Path) -> None:
    rate, seconds = 8_000, 5 * 3600
    path = tmp_path / "long.wav"
    with path.open("wb") as file:  # sparse: a second of sound at the start and before the end
        file.write(header(rate, 1, 2 * rate * seconds))
        sound = (tone(rate, 1, 1.0) * 32767).astype("<i2").tobytes()
        file.write(sound)
        file.truncate(44 + 2 * rate * seconds)
        file.seek(-4 * rate, os.SEEK_END)
        file.write(sound)
    recording = AudioFile(path)
    assert recording.duration == seconds * SAMPLE_RATE
    assert not recording.is_silent()
    total, after_ten_minutes, last_sound = 0, 0.0, 0
    for block in recording.blocks(SAMPLE_RATE):
        total += len(block)
        if total == 600 * SAMPLE_RATE:
            after_ten_minutes = resident_mib()
        if block.max() > 0.4:
            last_sound = total
    assert total == seconds * SAMPLE_RATE
    assert last_sound == total - SAMPLE_RATE
    assert resident_mib() < after_ten_minutes * 1.05 + 1
