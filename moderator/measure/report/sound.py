"""The meeting's sound inside the page: MP3, the one format that every browser plays anywhere."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

BIT_RATES = (32_000, 24_000)
"""Bits a second tried in turn, best first; mono speech at 16 kHz."""

MOST_BYTES = 20_000_000
"""A longer meeting's sound stays in its file beside the page."""

_RATE = 16_000
_LOWEST_RATE = 4_000  # below it a header is damaged, and states hours of a few bytes
_PIECE = 3 * (1 << 16)  # a multiple of three bytes, so that base64 pieces can be joined


@dataclass(frozen=True, slots=True)
class Sound:
    """What the page plays.

    Attributes:
        data: MP3; None where the page plays the file.
        file: name of the file beside the page.
        whole: the whole meeting's sound, and not the agent's alone.
    """

    data: bytes | None
    file: str
    whole: bool

    def base64(self) -> Iterator[str]:
        """`data` as base64, piece by piece."""
        data = self.data or b""
        for start in range(0, len(data), _PIECE):
            yield base64.b64encode(data[start : start + _PIECE]).decode("ascii")


def find_sound(
    directory: Path, *, embed: bool, progress: Callable[[float], None] | None = None
) -> Sound | None:
    """The sound of a run: the meeting's, else the agent's alone, else None.

    Args:
        directory: where the run wrote `meeting.wav` and `agent.wav`.
        embed: encode it into the page if that is small enough.
        progress: told the share encoded, in [0, 1].
    """
    for name in ("meeting.wav", "agent.wav"):
        seconds = _seconds(directory / name)
        if seconds <= 0:
            continue
        rates = [rate for rate in BIT_RATES if seconds * rate / 8 <= MOST_BYTES]
        data = _encoded(directory / name, rates[0], seconds, progress) if embed and rates else None
        return Sound(data, name, name == "meeting.wav")
    return None


def _seconds(path: Path) -> float:
    """A recording's duration; 0 for one that is missing or unreadable, as after an interruption."""
    import soundfile

    try:
        info = soundfile.info(str(path)) if path.is_file() else None
        return float(info.duration) if info and info.samplerate >= _LOWEST_RATE else 0.0
    except (RuntimeError, OSError):
        return 0.0


def _encoded(
    path: Path, bit_rate: int, seconds: float, progress: Callable[[float], None] | None
) -> bytes | None:
    """A recording as MP3, read and encoded block by block; None where that fails."""
    import av

    buffer = io.BytesIO()
    try:
        with av.open(str(path)) as source, av.open(buffer, "w", format="mp3") as target:
            target.metadata["comment"] = source.metadata.get("comment", "")
            track = target.add_stream("libmp3lame", rate=_RATE, layout="mono")
            track.bit_rate = bit_rate
            fit = av.AudioResampler(format=track.codec_context.format, layout="mono", rate=_RATE)
            for count, frame in enumerate(source.decode(audio=0)):
                for piece in fit.resample(frame):
                    target.mux(track.encode(piece))
                if progress is not None and count % 500 == 0 and frame.time is not None:
                    progress(min(frame.time / seconds, 1.0))
            for piece in fit.resample(None):
                target.mux(track.encode(piece))
            target.mux(track.encode(None))
    except (av.FFmpegError, ValueError):
        return None
    return buffer.getvalue()
