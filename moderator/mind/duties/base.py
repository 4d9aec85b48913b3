"""What a duty sees and what it wishes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from moderator.events import Act, SaidAt
from moderator.floor.addressee import AddresseeDetector
from moderator.floor.state import FloorView
from moderator.language.phrases import Phrases
from moderator.mind.base import Participant
from moderator.mind.duties.plan import Plan
from moderator.mind.grounding.wording import Wording
from moderator.mind.questions import Question
from moderator.timeline import Samples, to_seconds
from moderator.transcript import Transcript
from roles.schema import Role


@dataclass(frozen=True, slots=True)
class Scene:
    """What the duties look at, at the end of one percept.

    Attributes:
        detector: tells who calls the agent, and by which names.
        wording: reads what was said and what is asked.
    """

    now: Samples
    role: Role
    floor: FloorView
    transcript: Transcript
    participants: Mapping[str, Participant]
    plan: Plan
    phrases: Phrases
    question: Question | None
    detector: AddresseeDetector
    wording: Wording

    def name(self, participant: str | None) -> str:
        """A participant's name as spoken."""
        if participant is None:
            return ""
        known = self.participants.get(participant)
        return known.name if known else participant

    def talk(self, participant: str) -> Samples:
        """How much a participant has spoken in the whole meeting."""
        tally = self.floor.tallies.get(participant)
        return tally.talk if tally else 0

    @property
    def last_voice(self) -> Samples:
        """When a participant's voice was last heard; 0 before the first."""
        tallies = self.floor.tallies.values()
        return max((tally.last_voice or 0 for tally in tallies), default=0)

    def quietest(self, *, but: str | None = None) -> str | None:
        """Who has spoken least; None if there is nobody else."""
        others = sorted(name for name in self.participants if name != but)
        return min(others, key=self.talk, default=None)

    def duration(self, samples: Samples) -> str:
        """A duration in words."""
        seconds = round(to_seconds(samples))
        if seconds == 1:
            return self.phrases.say("duration_one_second")
        if seconds < 90:
            return self.phrases.say("duration_seconds", seconds=seconds)
        return self.phrases.minutes(round(seconds / 60))


@dataclass(frozen=True, slots=True)
class Wish:
    """A duty's wish for a turn.

    Attributes:
        act: what the turn is for.
        probability: how sure the duty is, in [0, 1].
        words: what would be said.
        cue: why, in a few words.
        addressee: participant it would be said to.
        answering: it answers somebody who addressed the agent.
        open_question: no measured fact answers; a larger model might.
        facts: the measured values in the words.
        quotes: ids of people whose own words the words hold.
        lines: the lines that they are taken from.
    """

    act: Act
    probability: float
    words: str
    cue: str
    addressee: str | None = None
    answering: bool = False
    open_question: bool = False
    facts: Mapping[str, str | float | int] = field(default_factory=dict)
    quotes: frozenset[str] = frozenset()
    lines: tuple[SaidAt, ...] = ()


class DutyRunner(Protocol):
    """One duty of a role in one meeting."""

    name: str

    def wish(self, scene: Scene) -> Wish | None:
        """What the duty wishes now; None for nothing. Repeats itself until granted."""
        ...

    def granted(self, now: Samples) -> None:
        """Its last wish was granted."""
        ...
