"""What of the ears has failed, as events of the meeting."""

from __future__ import annotations

from collections.abc import Iterator

from moderator.ears.base import Ears, Fallible
from moderator.events import Failure, Part, PartChanged
from moderator.sparing import Spared
from moderator.timeline import Samples


class HearingWatch:
    """Asks ears of which a part may fail; others never do.

    Args:
        ears: the meeting's.
    """

    def __init__(self, ears: Ears) -> None:
        self._ears = ears if isinstance(ears, Fallible) else None
        self._down: frozenset[Part] = frozenset()

    def spare(self, spared: Spared) -> None:
        """Has the ears do without something, or take it up again."""
        if self._ears is not None:
            self._ears.spare(spares=spared.hypotheses)

    def events(self, now: Samples) -> Iterator[Failure | PartChanged]:
        """What failed since the last call, and which parts work or do not, if that changed."""
        if self._ears is None:
            return
        for part, what in self._ears.failures():
            yield Failure(now, part.value, what)
        down = self._ears.down
        for part in sorted(down ^ self._down):
            yield PartChanged(now, part, up=part not in down)
        self._down = down
