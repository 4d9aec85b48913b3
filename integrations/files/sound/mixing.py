"""From decoded pieces to one channel: batches are joined, measured and mixed.

Channels are mixed with equal weight; where that would cancel a voice, see `phases`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from integrations.files.sound.phases import Channels, Phases
from integrations.files.sound.streams import Piece
from moderator.audio import Waveform, silence

BATCH_S: Final = 0.5
"""Seconds handled at a time: decoders give pieces of a few ms, which cost more to handle."""

_LONG_S: Final = 10.0
"""Seconds of silence from which it is handed on as such, and not resampled."""

_FULL: Final = 0.9999
"""Level from which a sample counts as clipped."""

_CLIPPED_SHARE: Final = 0.001
"""Share of clipped samples from which a batch counts as clipped."""


@dataclass
class Level:
    """How loud one channel was in one pass.

    Attributes:
        peak: largest absolute sample.
        batches: batches with a sample.
        clipped: those of them that are clipped.
    """

    peak: float = 0.0
    batches: int = 0
    clipped: int = 0

    def take(self, samples: npt.NDArray[np.float32]) -> None:
        """Measures a channel's next samples."""
        if not len(samples):
            return
        peak = max(float(samples.max()), -float(samples.min()))
        self.peak = max(self.peak, peak)
        self.batches += 1
        if peak >= _FULL and np.count_nonzero(np.abs(samples) >= _FULL) > (
            _CLIPPED_SHARE * len(samples)
        ):
            self.clipped += 1


@dataclass
class Mixed:
    """What was found and done to one stream's channels in one pass.

    Attributes:
        levels: by channel.
        numbers: samples that were no numbers, taken as silence.
        spread: channels cancelled, so that their phases were spread.
    """

    levels: list[Level] = field(default_factory=list)
    numbers: int = 0
    spread: bool = False


class Batch(NamedTuple):
    """About `BATCH_S` seconds of one channel, or a long silence.

    Attributes:
        rate: Hz.
        samples: ``(n,)``; None for silence.
        length: n.
    """

    rate: int
    samples: Waveform | None
    length: int


def mix(found: Iterator[Piece], wanted: Sequence[int] | None, told: Mixed) -> Iterator[Batch]:
    """Joins a stream's pieces to batches of one channel.

    Args:
        found: pieces in order.
        wanted: indices of the channels that are mixed; None: all.
        told: is filled in.
    """
    phases = Phases()
    waiting: tuple[int, Channels, Waveform] | None = None
    for rate, pieces in _batches(found):
        if _is_long(pieces[0]):
            if waiting is not None:
                yield _spread(waiting, None, phases, told)
                waiting = None
            yield Batch(rate, None, pieces[0].samples)
            continue
        channels = _measured(_selected(_decoded(pieces, told), wanted), told)
        mono = mean(channels)
        if len(channels) == 1 and waiting is None:
            yield Batch(rate, mono, len(mono))
            continue
        phases.look(rate, channels, mono)
        if waiting is not None:
            same = waiting[0] == rate and len(waiting[1]) == len(channels)
            yield _spread(waiting, channels if same else None, phases, told)
        waiting = rate, channels, mono
    if waiting is not None:
        yield _spread(waiting, None, phases, told)


def mean(channels: Channels) -> Waveform:
    """The mean of channels, ``(n,)``."""
    # Not by FFmpeg: findings/mono_is_louder_in_float.sh.
    mixed: Waveform
    if len(channels) == 1:
        mixed = channels[0]
    elif len(channels) == 2:  # by far the most frequent; the same bits as below, in a fifth of it
        mixed = (channels[0] + channels[1]) / np.float32(2)
    else:
        mixed = channels.mean(axis=0, dtype=np.float32)
    return mixed


def _spread(
    batch: tuple[int, Channels, Waveform], following: Channels | None, phases: Phases, told: Mixed
) -> Batch:
    """A batch, mixed so that nothing cancels if that is called for."""
    rate, channels, mono = batch
    told.spread |= phases.cancelling
    mixed = phases.mixed(rate, channels, mono, following)
    return Batch(rate, mixed, len(mixed))


def _is_long(piece: Piece) -> bool:
    return piece.audio is None and piece.samples >= _LONG_S * piece.rate


def _batches(found: Iterator[Piece]) -> Iterator[tuple[int, list[Piece]]]:
    """Pieces of one rate, format and number of channels; a long silence alone."""
    held: list[Piece] = []
    waiting = rate = 0
    form: tuple[int, str, int] | None = None
    for piece in found:
        audio = piece.audio
        long = audio is None and _is_long(piece)
        if audio is not None:
            before, form = form, (piece.rate, audio.format.name, audio.layout.nb_channels)
            changed = before is not None and form != before
        else:
            changed = bool(held) and piece.rate != rate
        if held and (waiting >= rate * BATCH_S or changed or long):
            yield rate, held
            held, waiting = [], 0
        if long:
            yield piece.rate, [piece]
            continue
        rate = piece.rate
        held.append(piece)
        waiting += piece.samples
    if held:
        yield rate, held


def _decoded(pieces: Sequence[Piece], told: Mixed) -> Channels:
    """A batch's channels as numbers; what is lost is silence in all of them."""
    frame = next((piece.audio for piece in pieces if piece.audio is not None), None)
    if frame is None:
        return silence(sum(piece.samples for piece in pieces))[None]
    count = frame.layout.nb_channels
    kind = _TYPES[frame.format.name]
    planes, width = (count, 1) if frame.format.is_planar else (1, count)
    parts = [_planes(piece, kind, planes, width) for piece in pieces]
    if len(parts) == 1:
        raw = np.stack(parts[0])
    else:
        raw = np.empty((planes, sum(len(part[0]) for part in parts)), dtype=kind)
        for plane, row in enumerate(raw):
            np.concatenate([part[plane] for part in parts], out=row)
    data = raw if width == 1 else raw[0].reshape(-1, width).T
    return _numbers(data, told)


def _planes(piece: Piece, kind: np.dtype[Any], planes: int, width: int) -> list[npt.NDArray[Any]]:
    """What a piece holds, plane by plane; packed formats have one for all channels."""
    length = piece.samples * width
    if piece.audio is None:
        return [np.full(length, 128 if kind.kind == "u" else 0, dtype=kind)] * planes
    # Of a damaged frame with many channels, PyAV gives planes that lie nowhere behind its own.
    held = piece.audio.planes[:planes]
    return [np.frombuffer(cast("Any", plane), kind, length) for plane in held]


_TYPES: Final = {
    name + planar: np.dtype(kind)
    for name, kind in (("u8", "u1"), ("s16", "i2"), ("s32", "i4"), ("s64", "i8"))
    for planar in ("", "p")
} | {name + p: np.dtype(kind) for name, kind in (("flt", "f4"), ("dbl", "f8")) for p in ("", "p")}


def _numbers(data: npt.NDArray[Any], told: Mixed) -> Channels:
    """Samples of any type as finite numbers in [-1, 1]."""
    if data.dtype.kind == "f":
        # NaN and infinity fail this, too.
        if not (data.min(initial=0.0) >= -1.0 and data.max(initial=0.0) <= 1.0):
            broken = ~np.isfinite(data)
            told.numbers += int(np.count_nonzero(broken))
            data = np.clip(np.where(broken, 0.0, data), -1.0, 1.0)
        return _in_rows(data)
    numbers = _in_rows(data)
    if data.dtype.kind == "u":
        numbers -= np.float32(128.0)
    numbers *= np.float32(2.0 ** (1 - 8 * data.itemsize))
    return numbers


def _in_rows(data: npt.NDArray[Any]) -> Channels:
    """Single precision; two channels one after the other, which later steps are faster with.

    More than two keep their order in memory: the bits of their sum depend on it.
    """
    if len(data) != 2:
        return data.astype(np.float32)
    rows = np.empty(data.shape, dtype=np.float32)
    rows[0], rows[1] = data
    return rows


def _selected(channels: Channels, wanted: Sequence[int] | None) -> Channels:
    """The channels that are wanted; silence for those that there are not."""
    if wanted is None or list(wanted) == list(range(len(channels))):
        return channels
    none = silence(channels.shape[1])
    return np.stack([channels[at] if at < len(channels) else none for at in wanted])


def _measured(channels: Channels, told: Mixed) -> Channels:
    while len(told.levels) < len(channels):
        told.levels.append(Level())
    for level, samples in zip(told.levels, channels, strict=False):
        level.take(samples)
    return channels
