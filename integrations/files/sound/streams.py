"""Opens recordings with FFmpeg and decodes one audio stream of them, piece by piece."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from integrations.files.disk.foreign import open_input, shown
from integrations.files.sound.containers import CONTAINERS
from moderator.errors import InputError
from moderator.timeline import SAMPLE_RATE, Samples

if TYPE_CHECKING:
    from av import AudioFrame, AudioStream, Packet
    from av.container import InputContainer

RATES: Final = range(4_000, 768_001)
"""Sample rates accepted, Hz. Below, speech is unintelligible; above, the header is wrong."""

_MOST_CHANNELS: Final = 512
"""What FFmpeg decodes at most."""

_MOST_STREAMS: Final = 50

TOLERANCE: Final = Fraction(1, 10)
"""Seconds that timestamps may be off the samples before they count: recorders jitter, containers
round, encoders begin a little late."""

_OPTIONS: Final = {"wav": {"max_size": str(2**15), "probesize": str(2**16)}}
"""How kinds of files are read. Of a wav file FFmpeg would read 4096 bytes at a time, which takes
twice the time, and 5 MB to find out what its header says."""

_RUNNING: Final = frozenset({"mpegts", "mpeg"})
"""Containers cut out of a broadcast: the clock that they follow had begun somewhere before."""

_FLAC_TAIL_S: Final = 2.0
"""Seconds decoded at a FLAC file's end to see that they are there."""

_LONGEST_PADDING: Final = 8_192
"""Samples that an encoder may have added to fill its last packet; Vorbis has the longest."""


@dataclass
class Faults:
    """What could not be had of one stream in one pass.

    Attributes:
        numbers: samples that were no numbers.
        packets: packets that could not be decoded.
        broke_off: why the container could not be read on; empty: it could.
    """

    numbers: int = 0
    packets: int = 0
    broke_off: str = ""


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """One audio stream of a recording, as its container states it.

    Attributes:
        index: the stream's, among all streams.
        rate: Hz.
        channels: how many.
        length: samples at `rate` that the stream states for itself; 0: none.
        end: where it ends at 16 kHz as stated, by itself or by the container; 0: nowhere.
    """

    index: int
    rate: int
    channels: int
    length: int
    end: Samples


class Piece(NamedTuple):
    """A decoded piece, or the length of what could not be decoded or was not there.

    Attributes:
        samples: its length at `rate`.
        rate: Hz.
        at: where its timestamp puts it, at `rate` since the recording began; None: nowhere.
        audio: what was decoded.
    """

    samples: int
    rate: int
    at: int | None
    audio: AudioFrame | None


class _Source:
    """A file as FFmpeg reads it: a place that a damaged header names and no file has is an error.

    PyAV would print the traceback of what a file raises there.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.read, self.tell = file.read, file.tell

    def seekable(self) -> bool:
        """It is a regular file."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Moves there; a negative number where there is no such place."""
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return -1


@contextmanager
def opened(path: Path, demuxer: str) -> Iterator[InputContainer]:
    """Opens a recording with the demuxer that its content calls for.

    Raises:
        InputError: it cannot be opened; also raised of errors inside the block.
    """
    import av

    with open_input(path) as file:
        try:
            # From a file object, with no protocol allowed: nothing in the file can open another.
            with av.open(
                _Source(file),
                mode="r",
                format=demuxer,
                options={"protocol_whitelist": "", **_OPTIONS.get(demuxer, {})},
                metadata_errors="replace",
            ) as container:
                yield container
        except (av.FFmpegError, OSError) as error:  # OSError: the file could not be read on
            raise InputError(
                f"not a recording that can be decoded ({error.strerror})",
                where=shown(path),
                todo=f"give {CONTAINERS}",
            ) from None


def audio_streams(path: Path, demuxer: str) -> tuple[tuple[StreamInfo, ...], tuple[str, ...]]:
    """The audio streams of a recording that can be decoded, and notes on those that cannot.

    Raises:
        InputError: there is none, or one has an impossible rate.
    """
    found: list[StreamInfo] = []
    notes: list[str] = []
    with opened(path, demuxer) as container:
        if not container.streams.audio:
            others = ", ".join(sorted({stream.type for stream in container.streams}))
            what = "no audio stream in it" + (f", only {others}" if others else "")
            raise InputError(what, where=shown(path), todo="record it with sound")
        for number, stream in enumerate(container.streams.audio[:_MOST_STREAMS], 1):
            if stream.codec_context is None:  # PyAV has no decoder for it
                notes.append(f"audio stream {number} is of an unknown kind and is not heard")
                continue
            if stream.rate not in RATES or not 1 <= stream.channels <= _MOST_CHANNELS:
                raise InputError(
                    f"{stream.rate} Hz with {stream.channels} channels",
                    where=shown(path),
                    todo=f"give {RATES.start} to {RATES.stop - 1} Hz",
                )
            length, end = _stated(container, stream, demuxer)
            found.append(StreamInfo(stream.index, stream.rate, stream.channels, length, end))
    if not found:
        raise InputError(
            "unknown kind of sound in it", where=shown(path), todo=f"give {CONTAINERS}"
        )
    return tuple(found), tuple(notes)


def pieces(path: Path, demuxer: str, info: StreamInfo, faults: Faults) -> Iterator[Piece]:
    """Decodes one stream from its start.

    Raises:
        InputError: the file went away or changed its kind since it was opened.
    """
    with opened(path, demuxer) as container:
        stream = next((one for one in container.streams.audio if one.index == info.index), None)
        if stream is None or stream.codec_context is None:
            raise InputError("it changed while it was read", where=shown(path), todo="try again")
        stream.codec_context.thread_count = 1
        yield from _decoded(container, stream, demuxer, faults)


def _decoded(
    container: InputContainer, stream: AudioStream, demuxer: str, faults: Faults
) -> Iterator[Piece]:
    """Packet by packet, so that one that is damaged costs no more than itself."""
    import av

    rate = stream.rate
    base = stream.time_base or Fraction(1, rate)
    origin = round(_begun(container, demuxer) / base)
    over, under = base.numerator, base.denominator
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except IndexError:  # findings/later_streams_raise_indexerror.sh
            packets = container.demux(stream)
            continue
        except av.FFmpegError as error:
            faults.broke_off = error.strerror or "damaged"
            return
        if packet is None:
            return
        try:
            frames = packet.decode()
        except av.error.EOFError:
            return
        except av.FFmpegError:
            faults.packets += 1
            at = None if packet.pts is None else (packet.pts - origin) * over * rate // under
            yield Piece(_length(packet, rate), rate, at, None)
            continue
        for frame in frames:
            rate, pts = frame.sample_rate, frame.pts
            at = None if pts is None else (pts - origin) * over * rate // under
            yield Piece(frame.samples, rate, at, frame)


def _length(packet: Packet[AudioStream], rate: int) -> int:
    """Samples a packet stands for, at most one second: the field may be damaged, too."""
    if not packet.duration or packet.time_base is None:
        return 0
    return min(rate, max(0, round(packet.duration * packet.time_base * rate)))


def _begun(container: InputContainer, demuxer: str) -> Fraction:
    """Where a recording's clock stands at its beginning, seconds."""
    return Fraction(container.start_time or 0, 1_000_000) if demuxer in _RUNNING else Fraction(0)


def _stated(container: InputContainer, stream: AudioStream, demuxer: str) -> tuple[int, Samples]:
    """The stream's length at its own rate, and where it ends at 16 kHz; 0: not stated."""
    if stream.duration and stream.time_base:
        seconds = stream.duration * stream.time_base
        late = (stream.start_time or 0) * stream.time_base - _begun(container, demuxer)
        # Of ogg it is where the last page says that it ends, however late it begins.
        end = seconds + late if late > TOLERANCE and demuxer != "ogg" else seconds
        return max(0, round(seconds * stream.rate)), max(0, round(end * SAMPLE_RATE))
    if container.duration:
        return 0, max(0, round(Fraction(container.duration, 1_000_000) * SAMPLE_RATE))
    return 0, 0


def trimmed(found: Iterator[Piece], stated: int) -> Iterator[Piece]:
    """Drops what the last packet holds beyond the end that the container states.

    Where much more follows, the stated end is wrong and everything is kept.

    Args:
        found: a stream's pieces, in order.
        stated: its length in samples at its own rate; 0: not stated.
    """
    held: list[Piece] = []
    left = stated
    for piece in found:
        left -= piece.samples
        if left >= 0 or left < -_LONGEST_PADDING or not stated:
            if held:
                yield from held
                held = []
            yield piece
        else:
            held.append(piece)
    kept = left + sum(piece.samples for piece in held)
    for piece in held:
        if kept > 0:
            yield piece._replace(samples=min(piece.samples, kept))
        kept -= piece.samples


def flac_end(path: Path, info: StreamInfo) -> int:
    """One past the last sample of a FLAC file that can be decoded, found by seeking to its end."""
    import av

    end = 0
    with opened(path, "flac") as container:
        stream = container.streams.audio[0]
        base = stream.time_base or Fraction(1, info.rate)
        before_end = max(0.0, info.length / info.rate - _FLAC_TAIL_S)
        try:
            container.seek(int(before_end / base), stream=stream)
        except av.FFmpegError:
            return 0
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue
            for frame in frames:
                start = round((frame.pts or 0) * base * frame.sample_rate)
                end = max(end, start + frame.samples)
    return end
