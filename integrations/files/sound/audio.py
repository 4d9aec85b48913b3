"""Recordings as 16 kHz mono blocks, however long they are and whatever they were recorded as."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from integrations.files.disk.foreign import open_input, shown
from integrations.files.sound.containers import CONTAINERS, flac_samples, is_cut_off, sniff
from moderator.audio import Waveform, silence
from moderator.errors import InputError
from moderator.timeline import SAMPLE_RATE, Samples

if TYPE_CHECKING:
    from av import AudioFrame, AudioStream, Packet
    from av.container import InputContainer

SOUND: Final = 1e-4
"""Peak below which a recording counts as silent: -80 dBFS, the noise floor of 13-bit samples."""

_RATES: Final = range(4_000, 768_001)
"""Sample rates accepted, Hz. Below, speech is unintelligible; above, the header is wrong."""

_MOST_CHANNELS: Final = 512
"""What FFmpeg decodes at most."""

_FLAC_TAIL_S: Final = 2.0
"""Seconds decoded at a FLAC file's end to see that they are there."""

_OPTIONS: Final = {"wav": {"max_size": str(2**15), "probesize": str(2**16)}}
"""How kinds of files are read. Of a wav file FFmpeg would read 4096 bytes at a time, which takes
twice the time, and 5 MB to find out what its header says."""

_LONGEST_PADDING: Final = 8_192
"""Samples that an encoder may have added to fill its last packet; Vorbis has the longest."""

_BATCH_S: Final = 0.5
"""Seconds resampled at a time: decoders give pieces of a few ms, which cost more to handle."""


@dataclass
class _Faults:
    """What had to be replaced by silence in one pass."""

    numbers: int = 0
    packets: int = 0


class AudioFile:
    """A recording, decoded as a stream: memory does not grow with its length.

    wav, flac, mp3, ogg (Vorbis, Opus) and m4a are told apart by content. Channels are mixed down
    with equal weight. Samples that are not numbers, and packets that cannot be decoded, become
    silence of the same length and are counted in `notes`.

    A recording that was cut off is refused before anything is decoded, where its container tells;
    see `containers.is_cut_off`.

    Args:
        path: the file.

    Attributes:
        path: the file.
        rate: sample rate of the file, Hz.
        channels: channels of the file.

    Raises:
        InputError: missing, empty, no recording of a known kind, cut off, or without a sample.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._container = _checked_container(path)
        self._faults = _Faults()
        with _open(path, self._container) as (container, stream):
            self.rate, self.channels = stream.rate, stream.channels
            self._duration = _stated_duration(container, stream)
            if not any(frame.samples for frame in _frames(stream, container, _Faults())):
                raise InputError(
                    "no audio in it", where=shown(path), todo="record or export it again"
                )
        self._exact = False

    @property
    def duration(self) -> Samples:
        """Length at 16 kHz: what the file states, exact once it was decoded to its end."""
        return self._duration

    @property
    def duration_is_exact(self) -> bool:
        """Whether `blocks` has been read to its end."""
        return self._exact

    @property
    def notes(self) -> tuple[str, ...]:
        """What was replaced by silence in the last pass, in words; empty for a sound file."""
        notes = []
        if self._faults.numbers:
            notes.append(f"{self._faults.numbers} samples that are no numbers, taken as silence")
        if self._faults.packets:
            notes.append(f"{self._faults.packets} damaged packets, taken as silence")
        return tuple(notes)

    def is_silent(self) -> bool:
        """Whether no sample reaches `SOUND`; decodes no further than the first that does."""
        return not any(np.abs(block).max() >= SOUND for block in self.blocks(SAMPLE_RATE))

    def blocks(self, size: Samples) -> Iterator[Waveform]:
        """The recording from its start in blocks of `size` samples; the last may be shorter.

        Each call decodes anew.

        Yields:
            ``(size,)`` float32 in [-1, 1] at 16 kHz.

        Raises:
            InputError: the file went away or changed its kind since it was opened.
        """
        self._faults = _Faults()
        held: list[Waveform] = []
        waiting = total = 0
        for piece in self._resampled():
            held.append(piece)
            waiting += len(piece)
            total += len(piece)
            if waiting < size:
                continue
            joined = np.concatenate(held)
            whole = waiting - waiting % size
            yield from joined[:whole].reshape(-1, size)
            held, waiting = [joined[whole:].copy()], waiting - whole
        if waiting:
            yield np.concatenate(held)
        self._duration, self._exact = total, True

    def _resampled(self) -> Iterator[Waveform]:
        import soxr

        rate, resampler = 0, None
        for source_rate, piece in self._batches():
            if source_rate != rate:  # chained Ogg streams may change it
                if resampler is not None:
                    yield _clipped(resampler.resample_chunk(silence(0), last=True))
                if source_rate not in _RATES:
                    raise InputError(
                        f"{source_rate} Hz in part of it",
                        where=shown(self.path),
                        todo="export it at one rate",
                    )
                rate = source_rate
                resampler = (
                    soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
                    if rate != SAMPLE_RATE
                    else None
                )
            yield _clipped(piece if resampler is None else resampler.resample_chunk(piece))
        if resampler is not None:
            yield _clipped(resampler.resample_chunk(silence(0), last=True))

    def _batches(self) -> Iterator[tuple[int, Waveform]]:
        """Decoded mono at the source's rate, joined to about `_BATCH_S` seconds."""
        held: list[Waveform] = []
        waiting, rate = 0, self.rate
        with _open(self.path, self._container) as (container, stream):
            for frame in _trimmed(_frames(stream, container, self._faults), stream):
                if held and (frame.rate != rate or waiting >= rate * _BATCH_S):
                    yield rate, np.concatenate(held)
                    held, waiting = [], 0
                rate = frame.rate
                held.append(_samples(frame, self._faults))
                waiting += frame.samples
        if held:
            yield rate, np.concatenate(held)


@dataclass(frozen=True, slots=True)
class _Frame:
    """A decoded piece of `samples` samples, or the length of one that could not be decoded."""

    samples: int
    rate: int
    audio: AudioFrame | None


@contextmanager
def _open(path: Path, demuxer: str) -> Iterator[tuple[InputContainer, AudioStream]]:
    """Opens the first audio stream with the demuxer that the file's content calls for."""
    import av

    with open_input(path) as file:
        try:
            # From a file object, with no protocol allowed: nothing in the file can open another.
            with av.open(
                file,
                mode="r",
                format=demuxer,
                options={"protocol_whitelist": "", **_OPTIONS.get(demuxer, {})},
                metadata_errors="replace",
            ) as container:
                if not container.streams.audio:
                    raise InputError(
                        "no audio stream in it", where=shown(path), todo=f"give {CONTAINERS}"
                    )
                stream = container.streams.audio[0]
                if stream.codec_context is None:  # PyAV has no decoder for it
                    raise InputError(
                        "unknown kind of sound in it", where=shown(path), todo=f"give {CONTAINERS}"
                    )
                stream.codec_context.thread_count = 1
                if stream.rate not in _RATES or not 1 <= stream.channels <= _MOST_CHANNELS:
                    raise InputError(
                        f"{stream.rate} Hz with {stream.channels} channels",
                        where=shown(path),
                        todo=f"give {_RATES.start} to {_RATES.stop - 1} Hz",
                    )
                yield container, stream
        except (av.FFmpegError, OSError) as error:  # OSError: the file could not be read on
            raise InputError(
                f"not a recording that can be decoded ({error.strerror})",
                where=shown(path),
                todo=f"give {CONTAINERS}",
            ) from None


def _frames(stream: AudioStream, container: InputContainer, faults: _Faults) -> Iterator[_Frame]:
    """Decodes packet by packet, so that one that is damaged costs no more than itself."""
    import av

    rate = stream.rate
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.EOFError:
            return
        except av.FFmpegError:
            faults.packets += 1
            yield _Frame(_length(packet, rate), rate, None)
            continue
        for frame in frames:
            rate = frame.sample_rate
            yield _Frame(frame.samples, rate, frame)


def _trimmed(frames: Iterator[_Frame], stream: AudioStream) -> Iterator[_Frame]:
    """Drops what the last packet holds beyond the end that the container states.

    Where much more follows, the stated end is wrong and everything is kept.
    """
    stated = round((stream.duration or 0) * (stream.time_base or 0) * stream.rate)
    held: list[_Frame] = []
    left = stated
    for frame in frames:
        left -= frame.samples
        if left >= 0 or left < -_LONGEST_PADDING or not stated:
            yield from held
            held = []
            yield frame
        else:
            held.append(frame)
    kept = left + sum(frame.samples for frame in held)
    for frame in held:
        if kept > 0:
            yield replace(frame, samples=min(frame.samples, kept))
        kept -= frame.samples


def _length(packet: Packet[AudioStream], rate: int) -> int:
    """Samples a packet stands for, at most one second: the field may be damaged, too."""
    if not packet.duration or packet.time_base is None:
        return 0
    return min(rate, max(0, round(packet.duration * packet.time_base * rate)))


def _samples(piece: _Frame, faults: _Faults) -> Waveform:
    """The mean of a piece's channels, shape ``(samples,)``, finite; silence where it is lost."""
    frame = piece.audio
    if frame is None:
        return silence(piece.samples)
    data = frame.to_ndarray()
    data = data if frame.format.is_planar else data.reshape(-1, frame.layout.nb_channels).T
    if data.dtype == np.uint8:
        audio = (data.astype(np.float32) - 128.0) / 128.0
    elif np.issubdtype(data.dtype, np.integer):
        audio = data.astype(np.float32) / float(2 ** (8 * data.itemsize - 1))
    else:
        broken = ~np.isfinite(data)
        faults.numbers += int(np.count_nonzero(broken))
        audio = np.clip(np.where(broken, 0.0, data), -1.0, 1.0).astype(np.float32)
    # Not by FFmpeg: findings/mono_is_louder_in_float.sh.
    mixed: Waveform = audio.mean(axis=0, dtype=np.float32)
    return mixed[: piece.samples]


def _clipped(audio: Waveform) -> Waveform:
    """Within [-1, 1]: a resampler overshoots at edges."""
    return np.clip(audio, -1.0, 1.0)


def _stated_duration(container: InputContainer, stream: AudioStream) -> Samples:
    """Length at 16 kHz as the container states it; 0 where it does not."""
    if stream.duration and stream.time_base:
        return round(stream.duration * stream.time_base * SAMPLE_RATE)
    if container.duration:
        return round(Fraction(container.duration, 1_000_000) * SAMPLE_RATE)
    return 0


def _checked_container(path: Path) -> str:
    """The demuxer for a file, whose end is there as far as the container tells."""
    with open_input(path) as file:
        kind = sniff(file.read(64))
        if kind is None:
            raise InputError("not a recording", where=shown(path), todo=f"give {CONTAINERS}")
        cut = is_cut_off(file, kind)
        samples = flac_samples(file) if kind == "flac" else 0
    if cut or (samples and _flac_end(path, samples) < samples):
        raise InputError(
            "truncated recording", where=shown(path), todo="copy or export the whole file again"
        )
    return kind


def _flac_end(path: Path, samples: int) -> int:
    """One past the last sample that can be decoded, found by seeking to the end."""
    import av

    end = 0
    with _open(path, "flac") as (container, stream):
        base = stream.time_base or Fraction(1, stream.rate)
        before_end = max(0.0, samples / stream.rate - _FLAC_TAIL_S)
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
