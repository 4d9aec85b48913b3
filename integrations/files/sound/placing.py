"""Puts decoded pieces where their timestamps say: what a recorder left out becomes silence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from integrations.files.sound.streams import TOLERANCE, Piece

LONGEST_GAP_S: Final = 6 * 3600
"""Seconds of silence put in at once; timestamps that leap further are damaged or count from
elsewhere."""

MOST_SILENCE_S: Final = 12 * 3600
"""Seconds of silence put into one recording in all."""

_BACK_S: Final = 1.0
"""Seconds by which timestamps must fall back for the recording to have begun anew."""


@dataclass
class Placed:
    """What was done to one stream in one pass; seconds.

    Attributes:
        start: silence before its first sample.
        gaps: how often silence was put in later.
        silence: how much that was.
        leaps: timestamps that were not followed: too far off, or back.
        early: by how much the last sample comes later than its timestamp: more samples came than
            the time between timestamps holds.
        over: the length of it all.
    """

    start: float = 0.0
    gaps: int = 0
    silence: float = 0.0
    leaps: int = 0
    early: float = 0.0
    over: float = 0.0


class _Clock:
    """Compares timestamps with the samples that came: both at the stream's rate."""

    def __init__(self, placed: Placed) -> None:
        self._placed = placed
        self._shift = 0
        self._filled = 0.0
        self.rate = 0
        self.come = 0
        self._earliest = self._latest = 0

    def off(self, piece: Piece) -> int:
        """Samples by which a piece's timestamp is late; negative: early."""
        if piece.rate != self.rate:  # chained Ogg streams may change it
            self._anew(piece)
        return 0 if piece.at is None else piece.at - self.come - self._shift

    def within(self, off: int) -> bool:
        """Whether that is no leap."""
        return self._earliest <= off <= self._latest

    def follow(self, off: int) -> int:
        """Follows a leap that the next piece has confirmed; the silence to put in, samples."""
        seconds = off / self.rate
        if off < 0 or seconds > LONGEST_GAP_S or self._filled + seconds > MOST_SILENCE_S:
            self._shift += off
            self._placed.leaps += 1
            return 0
        self._filled += seconds
        if self.come:
            self._placed.gaps += 1
            self._placed.silence += seconds
        else:
            self._placed.start = seconds
        self.come += off
        return off

    def _anew(self, piece: Piece) -> None:
        if self.rate and piece.at is not None:
            self.come = self.come * piece.rate // self.rate
            self._shift = piece.at - self.come
        self.rate = piece.rate
        self._earliest, self._latest = -round(_BACK_S * self.rate), int(TOLERANCE * self.rate)


def placed(found: Iterator[Piece], told: Placed) -> Iterator[Piece]:
    """The pieces with silence where their timestamps leave room, one after the other.

    Timestamps count from the recording's beginning, so that a late first sample has silence
    before it. What is off by no more than `TOLERANCE` stays as it is. A leap is followed when the
    piece after it confirms it: a single timestamp may be damaged.

    Args:
        found: a stream's pieces, in order.
        told: is filled in.

    Yields:
        Pieces as they came, and pieces without `audio` for silence.
    """
    clock = _Clock(told)
    held: Piece | None = None
    leap = last = 0
    for piece in found:
        off = clock.off(piece)
        if held is not None:
            confirmed = off - held.samples
            if _confirms(leap, confirmed, clock.rate):
                silence = clock.follow(leap)
                if silence:
                    yield Piece(silence, held.rate, None, None)
            yield held
            clock.come += held.samples
            held, off = None, clock.off(piece)
        if clock.within(off):
            yield piece
            clock.come += piece.samples
            last = off
        else:
            held, leap = piece, off
    if held is not None:
        yield held
        clock.come += held.samples
    if clock.rate:
        told.early, told.over = max(0.0, -last / clock.rate), clock.come / clock.rate


def _confirms(leap: int, following: int, rate: int) -> bool:
    """Whether the piece after a leap is as far off, or further in the same direction."""
    slack = TOLERANCE * rate
    return following >= leap - slack if leap > 0 else following <= leap + slack
