"""What a role is: who the agent is in the meeting, what it does there, and what it may not do.

Durations are seconds unless the name says minutes; shares and probabilities lie in [0, 1].
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Seconds = Annotated[float, Field(ge=0, le=86_400)]
Minutes = Annotated[float, Field(gt=0, le=24 * 60)]
Share = Annotated[float, Field(ge=0, le=1)]
Line = Annotated[str, Field(min_length=1, max_length=200)]
Name = Annotated[str, Field(min_length=1, max_length=60)]


class Act(StrEnum):
    """What the agent does with a turn."""

    OPEN = "open"
    ANSWER = "answer"
    INVITE = "invite"
    CUT_IN = "cut_in"
    HAND_OVER = "hand_over"
    PROMPT = "prompt"
    SUMMARISE = "summarise"
    TIME_CHECK = "time_check"
    BACKCHANNEL = "backchannel"
    HAND_RAISE = "hand_raise"
    CLOSE = "close"


class Command(StrEnum):
    """What a participant may tell the agent, by voice, chat or RPC."""

    HUSH = "hush"
    RESUME = "resume"
    LISTEN_ONLY = "listen_only"
    LEAVE = "leave"
    ROLE = "role"
    SAY = "say"
    STATUS = "status"


class Strict(BaseModel):
    """Base of every part of a role: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Identity(Strict):
    """Who the agent is to the others."""

    name: Name = Field(description="What participants call the agent.")
    aliases: list[Name] = Field(
        default_factory=list, max_length=10, description="Other names it answers to."
    )
    title: Line = Field(default="Moderator", description="Its position, as shown to people.")


class VoiceChoice(Strict):
    """How the agent sounds."""

    backend: Literal["hibari", "piper"] = "hibari"
    speaker: Name | None = Field(default=None, description="A voice of the backend; None: its own.")
    speed: float = Field(default=1.0, ge=0.5, le=2.0)


class Duty(Strict):
    """Something the role does on its own initiative.

    `name` tells duties of one type apart; it defaults to the type.
    """

    name: Name | None = None


class OpenDuty(Duty):
    """Open the meeting: greet, say the purpose and the agenda."""

    type: Literal["open"]
    within_s: Seconds = Field(default=20.0, description="Not after this much of the meeting.")
    purpose: Line | None = None


class AgendaItem(Strict):
    """One item of the agenda."""

    title: Line
    minutes: Minutes


class AgendaDuty(Duty):
    """Lead through the agenda: announce the next item when one's time is used up."""

    type: Literal["agenda"]
    items: list[AgendaItem] = Field(min_length=1, max_length=50)
    grace_s: Seconds = Field(default=30.0, description="How long an item may run over.")


class TimeCheckDuty(Duty):
    """Say how much time is left."""

    type: Literal["time_check"]
    minutes_left: list[Minutes] = Field(default=[10, 5, 1], min_length=1, max_length=20)
    meeting_minutes: Minutes | None = Field(
        default=None, description="Planned length; None: the sum of the agenda's items."
    )


class InviteQuietDuty(Duty):
    """Invite somebody who has said little for long."""

    type: Literal["invite_quiet"]
    quiet_for_s: Seconds = 180.0
    below_share: Share = Field(default=0.1, description="Only who has less of the talk than this.")
    every_s: Seconds = Field(default=120.0, description="Least time between two invitations.")


class MonologueDuty(Duty):
    """End a monologue."""

    type: Literal["end_monologue"]
    after_s: Seconds = 120.0
    cut_in: bool = Field(default=False, description="Do not wait for a pause.")


class CrosstalkDuty(Duty):
    """Give the floor back to one person when several talk at once."""

    type: Literal["cut_in_crosstalk"]
    after_s: Seconds = 4.0
    every_s: Seconds = 60.0


class SilenceDuty(Duty):
    """Break a long silence; how long it must be is `turn.silence_patience_s`."""

    type: Literal["break_silence"]
    every_s: Seconds = 30.0


class SummariseDuty(Duty):
    """Sum up who talked and about what."""

    type: Literal["summarise"]
    every_minutes: Minutes | None = Field(default=None, description="None: only when asked.")


class CloseDuty(Duty):
    """Close the meeting when its planned time is over."""

    type: Literal["close"]
    meeting_minutes: Minutes | None = Field(
        default=None, description="Planned length; None: the sum of the agenda's items."
    )


class AnswerDuty(Duty):
    """Answer when addressed: from measured facts, or by a larger model where one is configured."""

    type: Literal["answer"]


AnyDuty = Annotated[
    OpenDuty
    | AgendaDuty
    | TimeCheckDuty
    | InviteQuietDuty
    | MonologueDuty
    | CrosstalkDuty
    | SilenceDuty
    | SummariseDuty
    | CloseDuty
    | AnswerDuty,
    Field(discriminator="type"),
]

People = list[Name] | Literal["everyone", "nobody"]


class Backchannels(Strict):
    """Short signals of listening while somebody else holds the floor."""

    allowed: bool = False
    every_s: Seconds = Field(default=20.0, description="Least time between two of them.")


class TurnPolicy(Strict):
    """When the agent may speak; enforced by the arbiter, whatever a model wishes."""

    eagerness: Share = Field(
        default=0.5, description="A proposal needs a probability of at least 1 - eagerness."
    )
    may_speak: bool = Field(default=True, description="False: never, not even on command.")
    only_when_addressed: bool = Field(
        default=False, description="Speak only in answer to somebody who addressed the agent."
    )
    minimum_gap_s: Seconds = Field(default=0.7, description="Silence before taking the floor.")
    silence_patience_s: Seconds = Field(default=8.0, description="Before breaking a silence.")
    share_ceiling: Share = Field(
        default=0.2, description="Largest share of all talk, over the last ten minutes."
    )
    max_turn_s: Seconds = Field(default=30.0, gt=0, description="Longest single turn.")
    cool_down_s: Seconds = Field(
        default=10.0, description="After a turn, before the next unless addressed."
    )
    backchannels: Backchannels = Backchannels()
    yields_to: People = Field(default="everyone", description="Whose talking over it makes it stop.")
    yield_after_s: Seconds = Field(
        default=0.5, description="Talking over it for this long is more than a backchannel."
    )
    may_cut_in: bool = Field(default=False, description="Speak over a held floor, for `cut_in`.")
    never_interrupt: People = Field(default="nobody", description="Who is never cut in on.")
    banned_acts: list[Act] = Field(default_factory=list)


class Authority(Strict):
    """Who may command the agent, and by which channel."""

    commands: dict[Command, People] = Field(
        default_factory=lambda: {
            Command.HUSH: "everyone",
            Command.RESUME: "everyone",
            Command.LISTEN_ONLY: "everyone",
            Command.STATUS: "everyone",
        },
        description="A command that is not listed is allowed to nobody.",
    )
    channels: list[Literal["voice", "chat", "rpc"]] = Field(
        default_factory=lambda: ["voice", "chat", "rpc"]
    )


class Thought(Strict):
    """Reasoning before a decision; never spoken."""

    mode: Literal["off", "on"] = "off"
    tokens: int = Field(default=64, ge=1, le=4096)
    budget_s: Seconds = 1.0
    journal: bool = Field(default=False, description="Write thoughts into the journal.")


class Consent(Strict):
    """What participants are told and may refuse."""

    announce: bool = Field(default=True, description="Say on joining who listens, and why.")
    opt_out: bool = Field(default=True, description="A participant may refuse to be heard.")
    leave_on_objection: bool = False
    erase_on_opt_out: bool = Field(default=False, description="Also what was heard before.")


class Retention(Strict):
    """What stays after the meeting."""

    audio: Literal["none", "agent", "meeting"] = "meeting"
    transcript: bool = True


class Role(Strict):
    """A role: what the agent is in the meeting."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    summary: Line
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")] = "en"
    identity: Identity
    voice: VoiceChoice = VoiceChoice()
    instructions: Annotated[str, Field(max_length=8_000)] = ""
    duties: list[AnyDuty] = Field(default_factory=list, max_length=30)
    turn: TurnPolicy = TurnPolicy()
    authority: Authority = Authority()
    thought: Thought = Thought()
    consent: Consent = Consent()
    retention: Retention = Retention()

    @model_validator(mode="after")
    def _duties_differ(self) -> Role:
        seen: set[str] = set()
        for duty in self.duties:
            name = duty.name or duty.type
            if name in seen:
                raise ValueError(f"two duties are named {name!r}: give one another `name`")
            seen.add(name)
        return self
