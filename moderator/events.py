"""What passes along the arrows of the design; each of these is also a line in the journal.

All are immutable. Times are meeting time in samples (see `moderator.timeline`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from diarize.base import SpeakerActivity as SpeakerActivity
from moderator.audio import Waveform
from moderator.timeline import Samples, to_samples
from roles.schema import Act as Act
from roles.schema import Command as Command

LONGEST_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Word:
    """A word that will not change any more.

    Attributes:
        speaker: participant's id.
        text: the word with its punctuation.
        start: meeting time at which it began.
        end: meeting time at which it ended.
        estimated: its times are its share of a longer stretch, by length.
        heard: what was recognised, where the text is a name of the room that it sounds like.
    """

    speaker: str
    text: str
    start: Samples
    end: Samples
    estimated: bool = False
    heard: str | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What the ears made of one tick.

    Attributes:
        at: meeting time of the tick's end.
        speaking: who has a voice right now, `SOMEBODY` where that is not known yet.
        activities: who spoke when, as far as it settled in this tick; may lie in the past.
        words: words that became stable in this tick, by start.
        partials: per speaker the text that may still change.
    """

    at: Samples
    speaking: frozenset[str] = frozenset()
    activities: tuple[SpeakerActivity, ...] = ()
    words: tuple[Word, ...] = ()
    partials: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Percept:
    """One chunk of the meeting as a mind gets it.

    Attributes:
        index: counts percepts from 0.
        start: meeting time at which the chunk begins.
        end: meeting time at which it ends, and at which the mind gets it.
        activities: who spoke when, as far as it settled in the chunk.
        words: words that became stable in the chunk.
        partials: per speaker the text that may still change.
        audio: per track ``(end - start,)`` samples; None where there is only text. Not journalled.
        alone_with: id of the only person there, whose questions are the agent's; None: of several.
    """

    index: int
    start: Samples
    end: Samples
    activities: tuple[SpeakerActivity, ...] = ()
    words: tuple[Word, ...] = ()
    partials: Mapping[str, str] = field(default_factory=dict)
    audio: Mapping[str, Waveform] | None = field(default=None, compare=False, repr=False)
    alone_with: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mind's wish at one percept. The mind proposes, the arbiter disposes.

    Attributes:
        at: meeting time of the percept it was made from.
        mind: the mind's name.
        probability: that taking the turn now is right, in [0, 1].
        act: what the turn would be for.
        addressee: participant it would be addressed to.
        duty: name of the role's duty behind it, if one.
        answering: the agent was addressed, and this replies.
        cue: what the words will be made from; short, for people who read the journal.
        facts: measured values that the words are filled with.
        thought: the reasoning before it; never spoken.
        takes_s: seconds that the words take to say, by the mind's estimate; None where they are
            not known yet.
    """

    at: Samples
    mind: str
    probability: float
    act: Act
    addressee: str | None = None
    duty: str | None = None
    answering: bool = False
    cue: str = ""
    facts: Mapping[str, str | float | int] = field(default_factory=dict)
    thought: str | None = None
    takes_s: float | None = None

    @property
    def takes(self) -> Samples | None:
        """How long its words take to say; None where that is not known, or no time of a meeting."""
        if self.takes_s is None or not 0 <= self.takes_s <= LONGEST_S:
            return None
        return to_samples(self.takes_s)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The mind does not wish any more what it proposed before."""

    at: Samples


class Action(StrEnum):
    """What the arbiter decides."""

    WAIT = "wait"
    BACKCHANNEL = "backchannel"
    RAISE_HAND = "raise_hand"
    SPEAK = "speak"
    PAUSE = "pause"
    GO_ON = "go_on"
    YIELD = "yield"
    STOP = "stop"


class Reason(StrEnum):
    """Why, for machines. One reason decides; the first rule that objects gives it."""

    # wait
    NO_PROPOSAL = "no_proposal"
    NOT_EAGER_ENOUGH = "not_eager_enough"
    NEVER_SPEAKS = "never_speaks"
    HUSHED = "hushed"
    LISTEN_ONLY = "listen_only"
    NOT_ADDRESSED = "not_addressed"
    ACT_BANNED = "act_banned"
    FLOOR_HELD = "floor_held"
    GAP_TOO_SHORT = "gap_too_short"
    COOLING_DOWN = "cooling_down"
    SHARE_CEILING = "share_ceiling"
    PROTECTED_SPEAKER = "protected_speaker"
    ALREADY_SPEAKING = "already_speaking"
    STALE = "stale"
    NO_LISTENER_TURN = "no_listener_turn"
    NOT_CONNECTED = "not_connected"
    OVERLOADED = "overloaded"
    # speak, backchannel, raise_hand
    FLOOR_FREE = "floor_free"
    MAY_CUT_IN = "may_cut_in"
    BACKCHANNEL_DUE = "backchannel_due"
    WANTS_FLOOR = "wants_floor"
    # pause, go on
    VOICE_OVER = "voice_over"
    WAS_BACKCHANNEL = "was_backchannel"
    # yield, stop
    TALKED_OVER = "talked_over"
    STARTED_TOGETHER = "started_together"
    FLOOR_TAKEN = "floor_taken"
    TURN_TOO_LONG = "turn_too_long"
    HARD_STOP = "hard_stop"


LIMITS = frozenset({Reason.SHARE_CEILING, Reason.TURN_TOO_LONG})
"""Why a turn ends before it has used up what the role allows: nobody asked for the floor."""

InputValue: TypeAlias = str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What the arbiter decided, why, and from what.

    Attributes:
        at: meeting time.
        action: what happens now.
        reason: the rule that decided.
        act: the act of the proposal decided on, if there was one.
        addressee: its addressee.
        inputs: the values that the rules looked at.
    """

    at: Samples
    action: Action
    reason: Reason
    act: Act | None = None
    addressee: str | None = None
    inputs: Mapping[str, InputValue] = field(default_factory=dict)

    @property
    def silences(self) -> bool:
        """The agent falls silent at once; before a limit it gives way at the end of a sentence."""
        if self.action is Action.YIELD:
            return self.reason not in LIMITS
        return self.action in (Action.PAUSE, Action.STOP)


@dataclass(frozen=True, slots=True)
class CommandGiven:
    """Somebody told the agent something; `accepted` says whether the role lets them."""

    at: Samples
    command: Command
    by: str
    channel: str
    accepted: bool
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody came into a meeting that goes on; `name` is what they are called."""

    at: Samples
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Renamed:
    """Somebody who takes part is called otherwise from now on."""

    at: Samples
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody went out of a meeting that goes on."""

    at: Samples
    id: str


@dataclass(frozen=True, slots=True)
class ConsentGiven:
    """Somebody said whether they may be heard; from then on they are, or are not.

    Attributes:
        at: meeting time.
        by: participant's id.
        channel: by which they said so.
        given: they may be heard.
        erases: labels whose words are owed an erasure with it; see `moderator.journal.erasure`.
        before: what was said before this meeting time is erased.
    """

    at: Samples
    by: str
    channel: str
    given: bool
    erases: tuple[str, ...] = ()
    before: Samples = 0


@dataclass(frozen=True, slots=True)
class Erased:
    """What was owed with a `ConsentGiven` of the same `erases` and `before` has been done."""

    at: Samples
    erases: tuple[str, ...]
    before: Samples


@dataclass(frozen=True, slots=True)
class Relabelled:
    """After the meeting somebody put right who was who; only the last of these counts.

    Attributes:
        at: meeting time up to which the journal reaches.
        labels: what takes the place of ids, by id; empty: everybody is who they were again.
        names: what people are called, by label.
    """

    at: Samples
    labels: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConnectionChanged:
    """The agent lost the meeting, or hears it again: `up`. In between nobody is heard."""

    at: Samples
    up: bool


@dataclass(frozen=True, slots=True)
class RoleChanged:
    """From now on the agent has another role."""

    at: Samples
    role: Mapping[str, object]


class SaidAt(NamedTuple):
    """A line of the meeting: who said it, and when the utterance that it stands in began."""

    speaker: str
    start: Samples


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The agent's turn `turn` begins to sound; `quotes` as in `TurnEnded`."""

    at: Samples
    turn: int
    act: Act
    addressee: str | None
    quotes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WordPlayed:
    """A word of the agent that was heard to its end."""

    turn: int
    text: str
    start: Samples
    end: Samples


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The agent's turn is over.

    Attributes:
        at: meeting time of the first silent sample.
        turn: its number.
        heard: the words that were heard to their end.
        lost: the words that were cut off.
        quotes: ids of people whose own words its words may hold.
        lines: the lines of the meeting that it says what they say, each as who said it and when
            the utterance that it stands in began.
        calls: numbers of the turn's tool calls whose results it says.
    """

    at: Samples
    turn: int
    heard: str
    lost: str
    quotes: tuple[str, ...] = ()
    lines: tuple[SaidAt, ...] = ()
    calls: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """A part failed and the meeting went on without it.

    Attributes:
        at: meeting time.
        part: which.
        what: how it failed: a fixed sentence, with an error's class, a status or a time at most.
            It stays when somebody's words are erased, so nothing that was said may stand in it.
    """

    at: Samples
    part: str
    what: str


class Part(StrEnum):
    """What people are told of when the agent has to do without it."""

    RECOGNISER = "recogniser"
    DETECTOR = "detector"
    DIARIZER = "diarizer"
    VOICE = "voice"


@dataclass(frozen=True, slots=True)
class PartChanged:
    """A part keeps failing, or does not answer; or works again: `up`."""

    at: Samples
    part: Part
    up: bool
