"""How late a live meeting is, and what it does without until it keeps up again.

First the mind is asked less often and nothing is prepared ahead; then what is being said is guessed
less often; at last nothing is begun. Each comes with all before it, and goes the other way round.
"""

from __future__ import annotations

from moderator.sparing import Spared
from moderator.timeline import Samples, to_samples

LATE = {
    Spared.THOUGHTS: to_samples(0.3),
    Spared.HYPOTHESES: to_samples(0.7),
    Spared.SPEECH: to_samples(1.5),
}
"""The meeting does without something when it has been so late all the time for `LASTING`."""

LASTING = to_samples(1.0)

ON_TIME = to_samples(0.2)
"""It takes the last of them up again when it has never been later than this for `KEEPING_UP`."""

KEEPING_UP = to_samples(5.0)


class Lateness:
    """Follows how far the loop is behind the clock, tick by tick."""

    def __init__(self) -> None:
        self.spared = Spared.NOTHING
        self._since: dict[Spared, Samples] = {}
        self._on_time_since: Samples = 0
        self._changed: Samples = 0

    def take(self, now: Samples, late: Samples) -> Spared | None:
        """Takes one tick; what is done without from now on, if that changed.

        Args:
            now: time by the clock.
            late: by how much the tick is behind it.
        """
        for level, least in LATE.items():
            if late < least:
                self._since.pop(level, None)
            else:
                self._since.setdefault(level, now)
        if late > ON_TIME:
            self._on_time_since = now
        levels = list(Spared)
        at = levels.index(self.spared)
        if at + 1 < len(levels) and now - self._since.get(levels[at + 1], now) >= LASTING:
            return self._change(levels[at + 1], now)
        if at and now - max(self._on_time_since, self._changed) >= KEEPING_UP:
            return self._change(levels[at - 1], now)
        return None

    def _change(self, spared: Spared, now: Samples) -> Spared:
        """Each step has a moment to do good before the next."""
        self.spared, self._changed = spared, now
        self._since = dict.fromkeys(self._since, now)
        return spared
