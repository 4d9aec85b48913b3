"""Readers of recordings."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from integrations.files.replayable import prepare
from integrations.files.sound.enrolments import read_enrolments
from integrations.files.sound.wav import MIXED, WavWriter, blank, complete_part
from moderator.audio import Waveform
from moderator.measure.report.sound import find_sound
from moderator.timeline import SAMPLE_RATE
from tests.fuzz.mutations import Form
from tests.fuzz.target import Target
from tests.integrations.files.sound.making import record
from tests.integrations.files.sound.test_containers import KINDS


def tone(seconds: float = 0.4) -> Waveform:
    """A sound that is no silence."""
    at = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.asarray(0.3 * np.sin(2 * np.pi * 440 * at), dtype=np.float32)


def wavs(folder: Path) -> Sequence[bytes]:
    """As this project writes them, and as others do."""
    import soundfile

    with WavWriter(folder / "own.wav", MIXED) as own:
        own.write(tone())
    found = [(folder / "own.wav").read_bytes()]
    stereo = np.stack([tone(), tone()], axis=1)
    for kind in ("PCM_U8", "PCM_24", "FLOAT", "DOUBLE", "ULAW", "IMA_ADPCM"):
        buffer = io.BytesIO()
        sound = tone() if kind == "IMA_ADPCM" else stereo
        soundfile.write(buffer, sound, 8_000, kind, format="WAV")
        found.append(buffer.getvalue())
    head, data = found[0][:12], found[0][12:]
    sizes = struct.pack("<QQQI", len(found[0]) + 36, len(tone()) * 2, len(tone()), 0)
    found.append(b"RF64" + head[4:] + b"ds64" + struct.pack("<I", 28) + sizes + data)
    return found


def _by_soundfile(kind: str, subtype: str, folder: Path) -> Sequence[bytes]:
    import soundfile

    found = []
    for rate, channels in ((16_000, 1), (44_100, 2)):
        buffer = io.BytesIO()
        sound = np.repeat(tone()[:, None], channels, axis=1)
        soundfile.write(buffer, sound, rate, subtype, format=kind)
        found.append(buffer.getvalue())
    return found


def _by_ffmpeg(container: str, codec: str, rate: int, folder: Path) -> Sequence[bytes]:
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as target:
        stream = target.add_stream(codec, rate=rate)
        assert isinstance(stream, av.AudioStream)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(tone()[None, :], format="fltp", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        fit = av.AudioResampler(stream.codec_context.format, "mono", rate, frame_size=960)
        for piece in (*fit.resample(frame), *fit.resample(None)):
            target.mux(stream.encode(piece))
        target.mux(stream.encode(None))
    return [buffer.getvalue()]


def _recorded(kind: str, codec: str, rate: int, video: bool, folder: Path) -> Sequence[bytes]:
    path = folder / "seed"
    return [record(path, codec, [_at(rate)], rate, kind=kind, video=video).read_bytes()]


def _at(rate: int) -> Waveform:
    at = np.arange(int(0.4 * rate)) / rate
    return np.asarray(0.3 * np.sin(2 * np.pi * 440 * at), dtype=np.float32)[None]


def read(ending: str, data: bytes, folder: Path) -> None:
    """All of a recording, as a replay reads it."""
    path = folder / f"recording{ending}"
    path.write_bytes(data)
    for track in prepare([str(path)]).tracks.values():
        for _ in track.blocks(SAMPLE_RATE):
            pass


def _enrolment(data: bytes, folder: Path) -> None:
    (folder / "Ana.wav").write_bytes(data)
    read_enrolments([str(folder)])


def _in_report(data: bytes, folder: Path) -> None:
    (folder / "meeting.wav").write_bytes(data)
    find_sound(folder, embed=True)


def _left_by_a_crash(data: bytes, folder: Path) -> None:
    part = folder / "agent.part.wav"
    part.write_bytes(data)
    blank(complete_part(part, SAMPLE_RATE, MIXED), [(100, 200)])


_KINDS: Final[dict[str, tuple[str, Callable[[Path], Sequence[bytes]]]]] = {
    "wav": (".wav", wavs),
    "flac": (".flac", partial(_by_soundfile, "FLAC", "PCM_16")),
    "ogg": (".ogg", partial(_by_soundfile, "OGG", "VORBIS")),
    "opus": (".opus", partial(_by_ffmpeg, "ogg", "libopus", 48_000)),
    "mp3": (".mp3", partial(_by_soundfile, "MP3", "MPEG_LAYER_III")),
    "m4a": (".m4a", partial(_by_ffmpeg, "mp4", "aac", 16_000)),
}
_LIKE: Final = {"m4a": (".m4a", ".mp4"), "ogg": (".ogg",), "flac": (".flac",), "wav": (".wav",)}

TARGETS: Final = (
    *(
        Target(f"recording {kind}", Form.BYTES, seeds, partial(read, end), like=_LIKE.get(kind, ()))
        for kind, (end, seeds) in _KINDS.items()
    ),
    *(
        Target(
            f"recording {kind} of {codec}",
            Form.BYTES,
            partial(_recorded, kind, codec, rate, video),
            partial(read, ".dat"),
        )
        for kind, codec, rate, video in KINDS
    ),
    Target("enrolment", Form.BYTES, wavs, _enrolment),
    Target("sound of a report", Form.BYTES, wavs, _in_report),
    Target("sound after a crash", Form.BYTES, wavs, _left_by_a_crash),
)
