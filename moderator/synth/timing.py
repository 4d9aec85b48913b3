"""When people speak after each other, and how fast: distributions of real talk, and draws of them.

Offsets of floor transfers are drawn from quantiles of recorded ones, apart by how a turn follows
and by whether a question came before; each speaker has a tendency of their own to come early or
late. (Conditional and speaker-aware simulation of conversations: arXiv 2602.04776, done here by
quantiles and a Gaussian copula.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from statistics import NormalDist
from typing import Annotated, Literal, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from moderator.synth.script import Start

Before: TypeAlias = Literal["question", "other"]
"""What kind of turn came before."""

LIMITS: Mapping[Start, tuple[float, float]] = {
    "overlap": (-2.0, -0.1),
    "latch": (-0.1, 0.15),
    "gap": (-0.6, 1.0),
    "pause": (1.0, 3.0),
    "silence": (4.0, 12.0),
}
"""Offsets in s, from the end of the turn before, that a word of scripts stands for. The usual one
has short overlaps in it: in recorded meetings nearly half of all transfers overlap."""

PAUSED = 0.1
"""A silence of at least this inside a turn is a pause, s."""

LONGEST_WORD = 12
"""Letters from which on words count alike."""

Quantiles: TypeAlias = Annotated[list[float], Field(min_length=2, max_length=1000)]
"""Values at evenly spaced probabilities from 0 to 1, s."""

Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]

_NORMAL = NormalDist()


class Timing(BaseModel):
    """Timing of talk, as measured.

    Attributes:
        source: what it was measured on.
        offsets: from the end of one floor turn to the beginning of another speaker's, by what
            came before and how it follows.
        nods: from the end of a floor turn, or of what of it was said, to another's backchannel.
        tendency: share of an offset's variance that is the speaker's own.
        word_s: mean length of a word by its number of letters, from 1.
        word_spread: standard deviation of the logarithm of a word's length around that.
        rate_spread: of a speaker's mean around everybody's.
        pauses: inside turns, where there is one.
        pause_after_sign: share of words with a sign behind them that a pause follows.
        pause_after_word: of other words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Annotated[str, Field(max_length=500)]
    offsets: dict[Before, dict[Start, Quantiles]]
    nods: Quantiles
    tendency: Share
    word_s: Annotated[list[float], Field(min_length=LONGEST_WORD, max_length=LONGEST_WORD)]
    word_spread: Annotated[float, Field(ge=0, le=2)]
    rate_spread: Annotated[float, Field(ge=0, le=2)]
    pauses: Quantiles
    pause_after_sign: Share
    pause_after_word: Share


@cache
def measured() -> Timing:
    """The timing of the AMI and ICSI meetings, training parts (`moderator synth fit`)."""
    text = resources.files(__package__).joinpath("timing.json").read_text("utf-8")
    return Timing.model_validate_json(text)


class Speaker:
    """One person's way of speaking; what is drawn depends on the seed alone.

    Args:
        timing: everybody's.
        seed: the speaker's own.
    """

    def __init__(self, timing: Timing, seed: Sequence[int]) -> None:
        self._timing = timing
        draw = np.random.default_rng(seed)
        self._lateness = float(draw.standard_normal())
        self._rate = float(np.exp(timing.rate_spread * draw.standard_normal()))

    def offset(self, before: Before, start: Start, draw: np.random.Generator) -> float:
        """Seconds from the end of the turn before to theirs."""
        return self._early_or_late(self._timing.offsets[before][start], draw)

    def nod(self, draw: np.random.Generator) -> float:
        """Seconds from the end of what was said to their backchannel."""
        return self._early_or_late(self._timing.nods, draw)

    def lengths(self, words: Sequence[str], draw: np.random.Generator) -> list[tuple[float, float]]:
        """For each word of a turn the pause before it and its length, s; the first has no pause."""
        timing, found = self._timing, []
        pause = 0.0
        for word in words:
            letters = min(max(sum(char.isalnum() for char in word), 1), LONGEST_WORD)
            spread = np.exp(timing.word_spread * draw.standard_normal())
            found.append((pause, float(timing.word_s[letters - 1] * self._rate * spread)))
            sign = not word[-1].isalnum()
            share = timing.pause_after_sign if sign else timing.pause_after_word
            chance, at = draw.random(), draw.random()
            pause = _at(timing.pauses, at) if chance < share else 0.0
        return found

    def _early_or_late(self, quantiles: Sequence[float], draw: np.random.Generator) -> float:
        own = self._timing.tendency
        value = own**0.5 * self._lateness + (1 - own) ** 0.5 * float(draw.standard_normal())
        return _at(quantiles, _NORMAL.cdf(value))


def _at(quantiles: Sequence[float], probability: float) -> float:
    places = np.linspace(0.0, 1.0, len(quantiles))
    return float(np.interp(probability, places, quantiles))
