"""The ports of the ears: audio of all tracks in, attributed words and voices out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from moderator.audio import AudioChunk
from moderator.events import Heard, Part
from moderator.timeline import Samples


class Ears(Protocol):
    """Hears every track of the meeting on one clock."""

    def hear(self, now: Samples, chunks: Sequence[AudioChunk]) -> Heard:
        """Takes what arrived until `now`, in order per track, and says what was understood.

        Called once a tick. A function of what it was given only: the same audio in the same
        ticks gives the same result.
        """
        ...

    def finish(self, now: Samples) -> Heard:
        """Ends all streams: everything that had not become stable yet."""
        ...


@runtime_checkable
class Fallible(Protocol):
    """Ears of which a part may fail while they go on hearing with the rest."""

    def failures(self) -> list[tuple[Part, str]]:
        """What failed since the last call: kinds of failures, nothing that was said."""
        ...

    @property
    def down(self) -> frozenset[Part]:
        """The parts that keep failing at present."""
        ...

    def spare(self, *, spares: bool) -> None:
        """From now on what is being said is guessed less often, or as often as before."""
        ...
