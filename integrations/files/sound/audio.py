"""Recordings as 16 kHz mono blocks, however long they are and whatever they were recorded as."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from integrations.files.disk.foreign import open_input, shown
from integrations.files.sound import noted
from integrations.files.sound.containers import CONTAINERS, sniff
from integrations.files.sound.endings import THERE, Ending, Mark, ending
from integrations.files.sound.mixing import Batch, mix
from integrations.files.sound.noted import SILENT, StreamPass
from integrations.files.sound.placing import placed
from integrations.files.sound.streams import (
    RATES,
    Faults,
    StreamInfo,
    audio_streams,
    flac_end,
    pieces,
    trimmed,
)
from moderator.audio import Waveform, silence
from moderator.errors import InputError
from moderator.timeline import SAMPLE_RATE, Samples

_LOOKED_AT_S: Final = 60
"""Seconds that are listened to at least when a recording is opened: what is wrong with channels
shows there, and can be said before a meeting begins."""


_SAMPLES_STATED: Final = frozenset({"flac", "mov", "mp3"})
"""Containers that state a stream's length in samples, whatever their length in bytes is."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a recording is read.

    Attributes:
        channels: numbers of the channels that are heard, from 1 and through all audio streams;
            None: all of them, mixed.
        accept_damage: goes on with what can be read of a damaged recording.
    """

    channels: tuple[int, ...] | None = None
    accept_damage: bool = False


ALL: Final = Reading()
"""Everything in a recording, and only what is whole."""


class AudioFile:
    """A recording, decoded as a stream: memory does not grow with its length.

    Kinds are told apart by content. All audio streams are heard, mixed with equal weight, and so
    are the channels of each; a mix that cancels is mended (`phases`). Timestamps count: a late
    first sample and gaps become silence (`placing`). Samples that are not numbers, and packets
    that cannot be decoded, become silence of the same length. `notes` tells all of it.

    Args:
        path: the file.
        reading: how it is read.
        offset: silence before it, 16 kHz samples.
        lasts: how long it was recorded by another clock, 16 kHz samples; a difference is noted.
        keeps: is kept as long as this, such as the folder that the file lies in.

    Attributes:
        path: the file.
        rate: sample rate of its first audio stream, Hz.
        channels: channels of all its audio streams.

    Raises:
        InputError: missing, empty, no recording of a known kind, without a sample or the channel
            that is wanted, or cut off: decoders would play what is left.
    """

    def __init__(
        self,
        path: Path,
        reading: Reading = ALL,
        offset: Samples = 0,
        *,
        lasts: Samples | None = None,
        keeps: object = None,
    ) -> None:
        self.path, self.offset = path, offset
        self._lasts, self._keeps = lasts, keeps
        self._reading = reading
        self._demuxer, self._end = _told(path)
        try:
            self._streams, notes = audio_streams(path, self._demuxer)
            self.rate = self._streams[0].rate
            self.channels = sum(stream.channels for stream in self._streams)
            self._heard = tuple(self._choose())
            self._check_sound()
        except InputError as error:
            if self._end.mark is not Mark.CUT:
                raise
            raise InputError(
                "truncated recording: nothing of it can be read",
                where=error.where,
                todo="copy or export the whole file again",
            ) from None
        self._check_end()
        self._static = (*notes, *self._of_choice(), *noted.of_end(self._end.mark))
        self._early: tuple[str, ...] = ()
        self._found: tuple[str, ...] | None = None
        self._duration = offset + max(stream.end for stream in self._streams)
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
        """What was found and done, in words; complete once `blocks` was read to its end."""
        return self._static + (self._early if self._found is None else self._found)

    def is_silent(self) -> bool:
        """Whether no sample reaches `SILENT`; decodes little further than the first that does."""
        sound, heard = False, 0
        passed = self._new_pass()
        for block in self._blocks(SAMPLE_RATE, passed):
            heard += len(block)
            sound = sound or bool(np.abs(block).max() >= SILENT)
            if sound and heard >= self.offset + _LOOKED_AT_S * SAMPLE_RATE:
                self._early = tuple(_early(passed))
                return False
        return not sound

    def blocks(self, size: Samples) -> Iterator[Waveform]:
        """The recording from its start in blocks of `size` samples; the last may be shorter.

        Each call decodes anew.

        Yields:
            ``(size,)`` float32 in [-1, 1] at 16 kHz.

        Raises:
            InputError: the file went away or changed its kind since it was opened, or cannot be
                read on, and damage is not accepted.
        """
        return self._blocks(size, self._new_pass())

    def _blocks(self, size: Samples, passed: Sequence[StreamPass]) -> Iterator[Waveform]:
        total = 0
        for block in _cut(_after(self.offset, self._sound(passed)), size):
            total += len(block)
            yield block
        self._duration, self._exact = total, True
        drift = noted.of_drift(total - self.offset, self._lasts)
        self._found = (*noted.of_pass(passed), *drift)

    def _sound(self, passed: Sequence[StreamPass]) -> Iterator[Waveform]:
        sounds = [self._stream(*pair) for pair in zip(self._heard, passed, strict=True)]
        return sounds[0] if len(sounds) == 1 else _together(sounds)

    def _stream(self, heard: _HeardStream, told: StreamPass) -> Iterator[Waveform]:
        found = pieces(self.path, self._demuxer, heard.info, told.faults)
        cut = trimmed(placed(found, told.placed), heard.info.length)
        yield from _resampled(mix(cut, heard.wanted, told.mixed), self.path)
        if told.faults.broke_off and not self._reading.accept_damage:
            raise InputError(
                f"damaged after {noted.length(told.placed.over)}",
                where=shown(self.path),
                todo="export it again, or go on with what there is: --accept-damage",
            )

    def _new_pass(self) -> list[StreamPass]:
        return [StreamPass(heard.numbers) for heard in self._heard]

    def _choose(self) -> Iterator[_HeardStream]:
        """The streams that are heard, and what of them."""
        wanted = self._reading.channels
        if wanted is not None and max(wanted) > self.channels:
            raise InputError(
                f"no channel {max(wanted)}",
                where=shown(self.path),
                todo=f"it has {self.channels}" if self.channels > 1 else "it has one channel",
            )
        first = 1
        for info in self._streams:
            numbers = range(first, first + info.channels)
            first += info.channels
            chosen = [n for n in numbers if wanted is None or n in wanted]
            if chosen:
                inside = None if wanted is None else tuple(n - numbers.start for n in chosen)
                yield _HeardStream(info, inside, tuple(chosen))

    def _of_choice(self) -> Iterator[str]:
        if self._reading.channels is None and len(self._streams) > 1:
            yield f"{len(self._streams)} audio streams in it, heard mixed"

    def _check_sound(self) -> None:
        for heard in self._heard:
            faults = Faults()
            found = pieces(self.path, self._demuxer, heard.info, faults)
            if any(piece.samples for piece in found):
                return
            if faults.broke_off:
                raise InputError(
                    f"not a recording that can be decoded ({faults.broke_off})",
                    where=shown(self.path),
                    todo=f"give {CONTAINERS}",
                )
        raise InputError("no audio in it", where=shown(self.path), todo="record or export it again")

    def _check_end(self) -> None:
        """Refuses a recording whose end is lost; what its container says is not enough."""
        if self._demuxer == "flac":
            (stream,) = self._streams
            if stream.length and flac_end(self.path, stream) < stream.length:
                self._end = Ending(Mark.CUT)
        if self._end.mark is not Mark.CUT or self._reading.accept_damage:
            return
        usable = stated = 0.0
        for info in self._streams:
            told = StreamPass(())
            found = placed(pieces(self.path, self._demuxer, info, told.faults), told.placed)
            seconds = sum(one.samples for one in found if one.audio is not None) / info.rate
            usable = max(usable, seconds + told.placed.silence)
            stated = max(stated, info.length / info.rate)
        if self._demuxer not in _SAMPLES_STATED:
            size = self.path.stat().st_size
            stated = usable * (size + self._end.missing) / size if self._end.missing else 0.0
        elif usable >= stated > 0:
            self._end = THERE
            return
        lost = f"{noted.length(stated - usable)} at its end" if stated > usable else "its end"
        raise InputError(
            f"truncated recording: {lost} is lost, {noted.length(usable)} can be read",
            where=shown(self.path),
            todo="copy or export the whole file again, or go on with that: --accept-damage",
        )


@dataclass(frozen=True, slots=True)
class _HeardStream:
    """A stream that is heard; `wanted` are its channels from 0, `numbers` theirs in the file."""

    info: StreamInfo
    wanted: tuple[int, ...] | None
    numbers: tuple[int, ...]


def _early(passed: Iterable[StreamPass]) -> Iterator[str]:
    """What is certain before a pass is complete."""
    for one in passed:
        if one.placed.start:
            yield noted.late_start(one.placed)
        if one.mixed.spread:
            yield noted.SPREAD


def _told(path: Path) -> tuple[str, Ending]:
    """The demuxer for a file, and whether its end is there."""
    with open_input(path) as file:
        kind = sniff(file)
        if kind is None:
            raise InputError("not a recording", where=shown(path), todo=f"give {CONTAINERS}")
        return kind, ending(file, kind)


def _resampled(batches: Iterator[Batch], path: Path) -> Iterator[Waveform]:
    """Batches at 16 kHz, clipped to [-1, 1]."""
    import soxr

    rate, resampler = 0, None
    came = start = out = 0  # samples of this run; where it began, and where we are, at 16 kHz
    for batch in batches:
        if batch.rate != rate or batch.samples is None:
            if resampler is not None:
                tail = _clipped(resampler.resample_chunk(silence(0), last=True))
                out += len(tail)
                yield tail
            rate = _checked_rate(batch.rate, path)
            if batch.samples is None:
                until = start + round((came + batch.length) * SAMPLE_RATE / rate)
                yield from _quiet(until - out)
                out = until
            came, start = 0, out
            resampler = (
                soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")
                if rate != SAMPLE_RATE
                else None
            )
            if batch.samples is None:
                continue
        came += batch.length
        piece = _clipped(
            batch.samples if resampler is None else resampler.resample_chunk(batch.samples)
        )
        out += len(piece)
        yield piece
    if resampler is not None:
        yield _clipped(resampler.resample_chunk(silence(0), last=True))


def _checked_rate(rate: int, path: Path) -> int:
    if rate not in RATES:
        raise InputError(
            f"{rate} Hz in part of it", where=shown(path), todo="export it at one rate"
        )
    return rate


def _clipped(audio: Waveform) -> Waveform:
    """Within [-1, 1]: a resampler overshoots at edges."""
    return np.clip(audio, -1.0, 1.0)


def _quiet(count: Samples) -> Iterator[Waveform]:
    second = silence(SAMPLE_RATE)
    for at in range(0, count, SAMPLE_RATE):
        yield second[: count - at]


def _after(offset: Samples, sound: Iterator[Waveform]) -> Iterator[Waveform]:
    yield from _quiet(offset)
    yield from sound


def _cut(found: Iterator[Waveform], size: Samples) -> Iterator[Waveform]:
    """Pieces of any length as blocks of `size`; the last may be shorter."""
    held: list[Waveform] = []
    waiting = 0
    for piece in found:
        held.append(piece)
        waiting += len(piece)
        if waiting < size:
            continue
        joined = np.concatenate(held)
        whole = waiting - waiting % size
        yield from joined[:whole].reshape(-1, size)
        held, waiting = [joined[whole:].copy()], waiting - whole
    if waiting:
        yield np.concatenate(held)


def _together(sounds: Sequence[Iterator[Waveform]]) -> Iterator[Waveform]:
    """Several sounds that began together, mixed with equal weight until the longest ends."""
    playing = [_cut(sound, SAMPLE_RATE) for sound in sounds]
    share = np.float32(1 / len(sounds))
    while True:
        blocks = [block for one in playing if (block := next(one, None)) is not None]
        if not blocks:
            return
        mixed = silence(max(map(len, blocks)))
        for block in blocks:
            mixed[: len(block)] += block * share
        yield mixed
