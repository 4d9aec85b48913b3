"""Who has the floor: a pure state machine fed by what the ears hear and what the agent plays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from moderator.timeline import Samples


class FloorStatus(StrEnum):
    """Who has the floor now."""

    FREE = "free"
    HELD = "held"
    OVERLAP = "overlap"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Tally:
    """What one participant's talk adds up to.

    Attributes:
        talk: samples spoken.
        turns: floor turns: voice merged over pauses under 1.0 s, lasting at least 1.0 s.
        interruptions: times they took the floor from somebody who was still speaking.
        last_voice: meeting time at which their voice was last heard; None: never.
    """

    talk: Samples = 0
    turns: int = 0
    interruptions: int = 0
    last_voice: Samples | None = None


@dataclass(frozen=True, slots=True)
class FloorView:
    """The floor at one moment.

    Attributes:
        now: meeting time.
        status: who has the floor.
        holder: the participant who has it; under overlap, who had it first; None when free.
        speaking: participants with a voice right now.
        held_for: since `holder` took the floor, pauses included; 0 when free.
        overlap_for: since more than one voice was heard without a break; 0 otherwise.
        silence: since any voice, the agent's too, was last heard; 0 while one is.
        last_speaker: participant who had the floor last, or has it.
        agent_speaking: the agent's voice is sounding.
        agent_turn_for: since the agent's turn began; 0 when it is not speaking.
        talked_over_for: since somebody began to talk over the agent without a break; 0 otherwise.
        since_agent: since the agent's last turn ended; None before its first.
        agent_share: the agent's share of all talk over the last ten minutes.
        talk: all talk over the last ten minutes, the agent's too.
        tallies: per participant, over the whole meeting.
    """

    now: Samples
    status: FloorStatus
    holder: str | None = None
    speaking: frozenset[str] = frozenset()
    held_for: Samples = 0
    overlap_for: Samples = 0
    silence: Samples = 0
    last_speaker: str | None = None
    agent_speaking: bool = False
    agent_turn_for: Samples = 0
    talked_over_for: Samples = 0
    since_agent: Samples | None = None
    agent_share: float = 0.0
    talk: Samples = 0
    tallies: Mapping[str, Tally] = field(default_factory=dict)
