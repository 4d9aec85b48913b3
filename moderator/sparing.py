"""What a meeting that is late does without, in a stated order."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from moderator.timeline import Samples


class Spared(StrEnum):
    """What a meeting does without that is late, in this order; each with all before it."""

    NOTHING = "nothing"
    THOUGHTS = "thoughts"
    HYPOTHESES = "hypotheses"
    SPEECH = "speech"

    @property
    def thoughts(self) -> bool:
        """The mind is asked less often, and nothing is prepared ahead."""
        return self is not Spared.NOTHING

    @property
    def hypotheses(self) -> bool:
        """What is being said is guessed less often."""
        return self in (Spared.HYPOTHESES, Spared.SPEECH)

    @property
    def speech(self) -> bool:
        """The agent begins to say nothing."""
        return self is Spared.SPEECH


@dataclass(frozen=True, slots=True)
class SparedChanged:
    """The machine has more to compute than it can, or keeps up again: what is done without."""

    at: Samples
    spared: Spared
