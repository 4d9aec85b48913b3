"""A thought as text: what was answered, who has been quiet, and what follows; within a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from moderator.floor.features import SeatVoices
from moderator.mind.moderator_lm.script import Encode
from moderator.mind.moderator_lm.talk import KEPT
from moderator.timeline import Samples, to_samples, to_seconds
from roles.schema import Thought

FIELDS = MappingProxyType(
    {
        "act": ("inform", "question", "suggest", "assess", "backchannel", "fragment", "social"),
        "to": ("me", "all", "another"),
        "complete": ("yes", "no"),
        "topic": ("open", "closing"),
    }
)
"""What is asked in a thought, and the possible answers: the last act of another; whom it addressed;
whether who spoke last goes on within 1 s; whether another topic begins within 10 s."""

AT_LEISURE_S = 0.5
"""A role that gives thinking this much time thinks at every decision, with less at turn points."""

NEAR = 0.1
"""Probability of the seat's turn within 2 s from which on a moment is a turn point."""

LONG = to_samples(60.0)
"""Who has said nothing for this long is quiet."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a role allows thinking.

    Attributes:
        tokens: of the text, tags and all.
        everywhere: think at every decision, and not only where a turn could begin.
    """

    tokens: int
    everywhere: bool = True

    def allows(self, soon: float, *, free: bool) -> bool:
        """Whether a decision is thought about.

        Args:
            soon: probability of the seat's turn within 2 s, decided without a thought.
            free: nobody has the floor.
        """
        return self.everywhere or free or soon >= NEAR


def budget(thought: Thought) -> Budget | None:
    """The budget of a role; None where it does not think, or has no time to.

    Time is no clock's, so that a replay gives the same journal however busy the machine is: a
    thought takes well under `AT_LEISURE_S`, and what is less than that decides how often there is
    one.
    """
    if thought.mode == "off" or thought.budget_s <= 0:
        return None
    return Budget(thought.tokens, thought.budget_s >= AT_LEISURE_S)


@dataclass(frozen=True, slots=True)
class Quiet:
    """Somebody who has been silent the longest; `label` is their letter."""

    label: str
    since: Samples


def quietest(voices: SeatVoices, labels: Sequence[str | None], now: Samples) -> Quiet | None:
    """Who has been quiet the longest, for at least `LONG`; as far back as voices are kept.

    Args:
        voices: of the meeting, as the seat hears them.
        labels: the others' letters, in the order of `voices.each`; None for nobody's.
        now: the moment.
    """
    found: Quiet | None = None
    for voice, label in zip(voices.each, labels, strict=True):
        heard = int(voice.heard_until(np.array([now], dtype=np.int64))[0])
        since = min(now - max(heard, 0), KEPT)
        if label is not None and since >= LONG and (found is None or since > found.since):
            found = Quiet(label, since)
    return found


def write(
    answers: dict[str, str], quiet: Quiet | None, *, take: bool, tokens: int, encode: Encode
) -> str | None:
    """A thought between its tags, as much of it as the budget holds; None where that is nothing.

    What does not fit is left out from the end, by whole answers.

    Args:
        answers: by field.
        quiet: who is.
        take: what was decided.
        tokens: the budget.
        encode: tells how many tokens a text is.
    """
    named = f"{quiet.label} {to_seconds(quiet.since):.0f} s" if quiet else "nobody"
    parts = [f"{name}: {answer}" for name, answer in answers.items()]
    parts += [f"quiet: {named}", f"so: {'take the turn' if take else 'wait'}"]
    for count in range(len(parts), 0, -1):
        text = f"<think>{'; '.join(parts[:count])}</think>"
        if len(encode(text)) <= tokens:
            return text
    return None
