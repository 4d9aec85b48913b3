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
        worst = max(
            (levels.index(one) for one, since in self._since.items() if now - since >= LASTING),
            default=0,
        )
        at = levels.index(self.spared)
        if worst <= at:
            if at == 0 or now - self._on_time_since < KEEPING_UP:
                return None
            worst, self._on_time_since = at - 1, now
        self.spared = levels[worst]
        return self.spared
