"""What a role is: who the agent is in the meeting, what it does there, and what it may not do.

Durations are seconds unless the name says minutes; shares and probabilities lie in [0, 1].
Descriptions are read by people: the reference in docs/roles.md and the JSON Schema come from them.
What contradicts itself only across sections is found by `roles.review`, not here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Strict, Tag, model_validator
from pydantic_core import PydanticCustomError

from roles.values import MANY_LINES, Line, Minutes, Name, Seconds, Share, ToolName


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


class Part(BaseModel):
    """Base of every part of a role: unknown keys are errors, values do not change.

    Nor is one taken for another, such as 1 or "yes" for true: a role is as strict wherever it
    comes from. Only words name members of enumerations.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        str_strip_whitespace=True,
        allow_inf_nan=False,
    )


class Identity(Part):
    """Who the agent is to the others."""

    name: Name = Field(description="What participants call the agent.")
    aliases: list[Name] = Field(default=[], max_length=10, description="Other names it answers to.")
    title: Line = Field(default="Moderator", description="Its position, as shown to people.")


class VoiceChoice(Part):
    """How the agent sounds."""

    backend: Literal["hibari", "piper"] = Field(
        default="hibari", description="What turns words into sound; piper is an extra."
    )
    speaker: Name | None = Field(
        default=None, description="A voice of the backend; without one, the backend's own."
    )
    speed: float = Field(default=1.0, ge=0.5, le=2.0, description="Pace; 1.0 is the voice's own.")


class Duty(Part):
    """Something the role does in the meeting."""

    name: Name | None = Field(
        default=None, description="Tells duties of one type apart; without one, the type."
    )


class OpenDuty(Duty):
    """Open the meeting: greet, say the purpose and the agenda."""

    type: Literal["open"]
    within_s: Seconds = Field(
        default=20.0, description="Not after this much of the meeting has passed."
    )
    purpose: Line | None = Field(default=None, description="What the meeting is for.")


class AgendaItem(Part):
    """One item of the agenda."""

    title: Line = Field(description="What people call it.")
    minutes: Minutes = Field(description="Time it may take.")


class AgendaDuty(Duty):
    """Lead through the agenda: announce the next item when one's time is used up."""

    type: Literal["agenda"]
    items: list[AgendaItem] = Field(
        min_length=1, max_length=50, description="In order; no two with equal titles."
    )
    grace_s: Seconds = Field(default=30.0, description="How long an item may run over.")

    @model_validator(mode="after")
    def _titles_differ(self) -> AgendaDuty:
        twice = _repeated([item.title for item in self.items])
        if twice is not None:
            raise PydanticCustomError(
                "repeated_title",
                "two agenda items are titled '{title}'",
                {
                    "title": self.items[twice].title,
                    "path": ("items", twice, "title"),
                    "todo": "give one another title",
                },
            )
        return self


class TimeCheckDuty(Duty):
    """Say how much time is left."""

    type: Literal["time_check"]
    minutes_left: list[Minutes] = Field(
        default=[10, 5, 1],
        min_length=1,
        max_length=20,
        description="Minutes before the end at which to say so.",
    )
    meeting_minutes: Minutes | None = Field(
        default=None, description="Planned length; without it, the sum of the agenda's items."
    )


class InviteQuietDuty(Duty):
    """Invite somebody who has said little for long."""

    type: Literal["invite_quiet"]
    quiet_for_s: Seconds = Field(default=180.0, description="Silent for at least this long.")
    below_share: Share = Field(default=0.1, description="Only who has less of the talk than this.")
    every_s: Seconds = Field(default=120.0, description="Least time between two invitations.")


class MonologueDuty(Duty):
    """End a monologue."""

    type: Literal["end_monologue"]
    after_s: Seconds = Field(default=120.0, description="One person has held the floor this long.")
    cut_in: bool = Field(
        default=False, description="Do not wait for a pause; needs `turn.may_cut_in`."
    )


class CrosstalkDuty(Duty):
    """Give the floor back to one person when several talk at once; needs `turn.may_cut_in`."""

    type: Literal["cut_in_crosstalk"]
    after_s: Seconds = Field(default=4.0, description="Several have talked at once for this long.")
    every_s: Seconds = Field(default=60.0, description="Least time between two of these.")


class SilenceDuty(Duty):
    """Break a long silence; how long it must be is `turn.silence_patience_s`."""

    type: Literal["break_silence"]
    every_s: Seconds = Field(default=30.0, description="Least time between two of these.")


class SummariseDuty(Duty):
    """Sum up who talked and about what."""

    type: Literal["summarise"]
    every_minutes: Minutes | None = Field(default=None, description="Without it: only when asked.")


class CloseDuty(Duty):
    """Close the meeting when its planned time is over."""

    type: Literal["close"]
    meeting_minutes: Minutes | None = Field(
        default=None, description="Planned length; without it, the sum of the agenda's items."
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


def _people_tag(value: object) -> str:
    return "<list>" if isinstance(value, list | tuple) else "<word>"


# The discriminator makes a wrong value one error, not one for each form.
People = Annotated[
    Annotated[list[Name], Field(max_length=100), Tag("<list>")]
    | Annotated[Literal["everyone", "nobody"], Tag("<word>")],
    Discriminator(_people_tag),
]


class Backchannels(Part):
    """Short signals of listening while somebody else holds the floor."""

    allowed: bool = Field(default=False, description="Give them at all.")
    every_s: Seconds = Field(default=20.0, description="Least time between two of them.")


class TurnPolicy(Part):
    """When the agent may speak; enforced by the arbiter, whatever a model wishes."""

    eagerness: Share = Field(
        default=0.5, description="A proposal needs a probability of at least 1 - eagerness."
    )
    may_speak: bool = Field(default=True, description="False: never, not even on command.")
    only_when_addressed: bool = Field(
        default=False, description="Speak only in answer to somebody who addressed the agent."
    )
    alone_needs_name: bool = Field(default=False, description="By its name even if alone with one.")
    minimum_gap_s: Seconds = Field(default=0.7, description="Silence before taking the floor.")
    silence_patience_s: Seconds = Field(default=8.0, description="Before breaking a silence.")
    share_ceiling: Share = Field(
        default=0.2,
        description="Largest share of all talk, over the last ten minutes; before there were two "
        "minutes of talk, of two minutes.",
    )
    max_turn_s: Seconds = Field(default=30.0, gt=0, description="Longest single turn.")
    cool_down_s: Seconds = Field(
        default=10.0, description="After a turn, before the next unless addressed."
    )
    backchannels: Backchannels = Field(default=Backchannels(), description="Signals of listening.")
    yields_to: People = Field(default="everyone", description="Who may make it stop by talking.")
    yield_after_s: Seconds = Field(
        default=1.2,
        description="Talk over it that lasts this long ends its turn; it is silent 1.2 s before.",
    )
    may_cut_in: bool = Field(default=False, description="Speak over a held floor, to cut in.")
    never_interrupt: People = Field(default="nobody", description="Who is never cut in on.")
    banned_acts: list[Annotated[Act, Strict(False)]] = Field(
        default=[], max_length=20, description="What it never does with a turn."
    )


class Authority(Part):
    """Who may command the agent, and by which channel."""

    commands: dict[Annotated[Command, Strict(False)], People] = Field(
        default={
            Command.HUSH: "everyone",
            Command.RESUME: "everyone",
            Command.LISTEN_ONLY: "everyone",
            Command.STATUS: "everyone",
        },
        description="Who may give which command; one that is not listed is allowed to nobody.",
    )
    channels: list[Literal["voice", "chat", "rpc"]] = Field(
        default=["voice", "chat", "rpc"], max_length=10, description="How commands may be given."
    )


class Thought(Part):
    """Reasoning before a decision; never spoken."""

    mode: Literal["off", "on"] = Field(default="off", description="Think before deciding.")
    tokens: int = Field(default=64, ge=1, le=4096, description="Longest thought.")
    budget_s: Seconds = Field(
        default=1.0, description="A thought that takes longer is dropped, with the turn it was for."
    )
    journal: bool = Field(default=False, description="Write thoughts into the journal.")


class Microphones(Part):
    """Whose microphone several people share; participants may say so themselves as well."""

    shared: list[Name] = Field(
        default=[],
        max_length=100,
        description="Ids of participants whose microphone several people share.",
    )


class Consent(Part):
    """What participants are told and may refuse."""

    announce: bool = Field(default=True, description="Say on joining who listens, and why.")
    opt_out: bool = Field(default=True, description="A participant may refuse to be heard.")
    leave_on_objection: bool = Field(
        default=False, description="Leave the meeting when somebody objects."
    )
    erase_on_opt_out: bool = Field(default=False, description="Also what was heard before.")


class Retention(Part):
    """What stays after the meeting."""

    audio: Literal["none", "agent", "meeting"] = Field(
        default="meeting", description="Whose sound is kept; `agent`: only its own voice."
    )
    transcript: bool = Field(default=True, description="Keep what was said, as text.")


class Role(Part):
    """A role: what the agent is in the meeting."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$", examples=["facilitator"])] = Field(
        description="Short name, as on the command line."
    )
    summary: Line = Field(description="What the role does, in one line.")
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$", examples=["en-GB"])] = (
        Field(default="en", description="Language it speaks and understands: languages.md.")
    )
    identity: Identity = Field(description="Who the agent is to the others.")
    voice: VoiceChoice = Field(default=VoiceChoice(), description="How it sounds.")
    terms: list[Name] = Field(
        default=[], max_length=50, description="Words that will be said, and are to be heard right."
    )
    instructions: Annotated[str, Field(max_length=8_000, pattern=MANY_LINES)] = Field(
        default="", description="Told to the language model, in the second person."
    )
    duties: list[AnyDuty] = Field(
        default=[], max_length=30, description="What it does; no two of one name."
    )
    tools: list[ToolName] = Field(
        default=[],
        max_length=32,
        description="Tools that a language model may call for an answer, of those that are there.",
    )
    turn: TurnPolicy = Field(default=TurnPolicy(), description="When it may speak.")
    authority: Authority = Field(default=Authority(), description="Who may command it, and how.")
    thought: Thought = Field(default=Thought(), description="Reasoning before a decision.")
    microphones: Microphones = Field(
        default=Microphones(), description="Whose microphone several people share, in a room."
    )
    consent: Consent = Field(default=Consent(), description="What people are told and may refuse.")
    retention: Retention = Field(
        default=Retention(),
        description="What stays after a meeting in a room; a replay keeps what it writes.",
    )

    @model_validator(mode="after")
    def _duties_differ(self) -> Role:
        twice = _repeated([duty_name(duty) for duty in self.duties])
        if twice is not None:
            duty = self.duties[twice]
            raise PydanticCustomError(
                "repeated_duty",
                "two duties are named '{name}'",
                {
                    "name": duty_name(duty),
                    "path": ("duties", twice, "name" if duty.name else "type"),
                    "todo": "give one of them another `name`",
                },
            )
        return self


def duty_name(duty: AnyDuty) -> str:
    """The name by which proposals and the journal know a duty."""
    return duty.name or duty.type


def _repeated(names: list[str]) -> int | None:
    """Index of the first name that stood there before, upper and lower case being equal."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name.casefold() in seen:
            return index
        seen.add(name.casefold())
    return None
