"""Writes small recordings with FFmpeg, as recorders and browsers leave them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from integrations.files.sound.audio import ALL, AudioFile, Reading

Sound = npt.NDArray[np.float32]

TONE = 440.0


def tone(rate: int, seconds: float, hz: float = TONE) -> Sound:
    """A tone of half the full level, ``(1, n)``."""
    wave = 0.5 * np.sin(2 * np.pi * hz * np.arange(round(rate * seconds)) / rate)
    return wave[None].astype(np.float32)


def record(
    path: Path,
    codec: str,
    sounds: Sequence[Sound],
    rate: int,
    *,
    starts: Sequence[float] = (),
    keep: Callable[[float], bool] = lambda _: True,
    video: bool = False,
    kind: str | None = None,
    index_first: bool = False,
) -> Path:
    """Writes one audio stream for each sound, ``(channels, n)``.

    Args:
        starts: seconds by which the timestamps of each stream are late.
        keep: whether a packet that begins at so many seconds is written.
        video: writes a picture a second beside it.
        index_first: writes an MP4 as those are that can be played while they load.
        kind: FFmpeg's name of the container; None: by the path.
    """
    options = {"movflags": "faststart"} if index_first else {}
    with av.open(str(path), "w", format=kind, options=options) as container:
        pictures: Any = container.add_stream("mpeg4", rate=1) if video else None
        if video:
            pictures.width = pictures.height = 64
            pictures.pix_fmt = "yuv420p"
        more: dict[str, Any] = {"bit_rate": 64_000} if codec.startswith("wma") else {}
        streams: list[Any] = [
            container.add_stream(codec, rate=rate, options=None, **more) for _ in sounds
        ]
        for stream, sound in zip(streams, sounds, strict=True):
            stream.layout = {1: "mono", 2: "stereo"}[len(sound)]
        for index, (stream, sound) in enumerate(zip(streams, sounds, strict=True)):
            late = round((starts[index] if starts else 0.0) * rate)
            for packet in _packets(stream, sound, rate, late):
                if packet.pts is None or keep(float(packet.pts * packet.time_base)):
                    container.mux(packet)
        if video:
            for second in range(
                int(max((sound.shape[1] for sound in sounds), default=2 * rate) / rate)
            ):
                picture = av.VideoFrame(64, 64, "yuv420p")
                picture.pts = second
                container.mux(pictures.encode(picture))
            container.mux(pictures.encode(None))
    return path


def _packets(stream: Any, sound: Sound, rate: int, late: int) -> list[Any]:
    resampler = av.AudioResampler(
        format=stream.format, layout=stream.layout, rate=rate, frame_size=stream.frame_size or 960
    )
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(sound), format="fltp", layout=stream.layout.name
    )
    frame.sample_rate, frame.pts = rate, 0
    packets: list[Any] = []
    for piece in [*resampler.resample(frame), *resampler.resample(None)]:
        piece.pts = (piece.pts or 0) + late
        packets += stream.encode(piece)
    return [*packets, *stream.encode(None)]


def heard(path: Path, reading: Reading = ALL, offset: int = 0) -> tuple[Sound, tuple[str, ...]]:
    """All that is read of a recording, and the notes on it."""
    file = AudioFile(path, reading, offset)
    samples = np.concatenate(list(file.blocks(1600)))
    assert file.duration == len(samples)
    return samples, file.notes


def loud(samples: Sound) -> list[tuple[float, float]]:
    """Where there is sound, in seconds: stretches of 50 ms, those joined that touch."""
    size = 800
    count = len(samples) // size
    power = np.sqrt(np.mean(samples[: count * size].reshape(count, size) ** 2, axis=1))
    spans: list[tuple[float, float]] = []
    for at in np.flatnonzero(power > 0.02).tolist():
        if spans and spans[-1][1] == round(at * 0.05, 2):
            spans[-1] = (spans[-1][0], round((at + 1) * 0.05, 2))
        else:
            spans.append((round(at * 0.05, 2), round((at + 1) * 0.05, 2)))
    return spans


def strength(samples: Sound, hz: float) -> float:
    """How much of a tone there is, in [0, 1]."""
    at = np.arange(len(samples)) / 16_000
    return float(2 * np.abs(np.mean(samples * np.exp(-2j * np.pi * hz * at))))
