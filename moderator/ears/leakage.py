"""Takes a neighbour's voice off a headset's track."""

from __future__ import annotations

from collections.abc import Sequence

from moderator.ears.sources import OwnTrack


class LeakageGuard:
    """Placeholder."""

    def apply(self, tracks: Sequence[OwnTrack]) -> None:
        """Lowers."""
