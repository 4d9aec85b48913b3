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
        self._deaf = False

    def spare(self, spared: Spared) -> None:
        """Has the ears do without something, or take it up again."""
        if self._ears is not None:
            self._ears.spare(spares=spared.hypotheses)

    def events(self, now: Samples) -> Iterator[Failure | PartChanged]:
        """What failed since the last call, and whether words are understood, if that changed."""
        if self._ears is None:
            return
        for what in self._ears.failures():
            yield Failure(now, Part.RECOGNISER.value, what)
        if self._ears.deaf != self._deaf:
            self._deaf = not self._deaf
            yield PartChanged(now, Part.RECOGNISER, up=not self._deaf)
