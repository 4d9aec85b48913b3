"""How a meeting is run, whatever its ends are."""

from __future__ import annotations

from dataclasses import dataclass

from moderator.timeline import TICK, Samples, to_samples


@dataclass(frozen=True, slots=True)
class Settings:
    """How a meeting is run.

    Attributes:
        step_s: length of a percept in seconds, 0.1 to 3; rounded to whole ticks.
        live: never wait for a mind, and hear in a thread: whoever feeds the source goes on.
        honest_latency: add what computing took as meeting time.
        mind_within_s: a live mind hangs that takes longer for a wish, or for a piece of a turn;
            more than a server may take.
        mind_opens_within_s: a live mind hangs that takes longer to be opened for another role.
        voice_within_s: a live voice hangs that takes longer for a sentence.
        names: of people who may come to be heard, beside those who are there.
    """

    step_s: float = 0.5
    live: bool = False
    honest_latency: bool = False
    mind_within_s: float = 35.0
    mind_opens_within_s: float = 120.0
    voice_within_s: float = 10.0
    names: tuple[str, ...] = ()

    @property
    def step(self) -> Samples:
        """Length of a percept, whole ticks."""
        return max(1, round(to_samples(self.step_s) / TICK)) * TICK
