"""What the benchmark knows of a recorded meeting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from moderator.errors import InputError
from moderator.events import Word
from moderator.floor.features import SeatVoices
from moderator.mind.base import Participant
from moderator.timeline import Samples


@dataclass(frozen=True, slots=True)
class AddressedAct:
    """A dialogue act: who did something, when, and to whom.

    Attributes:
        speaker: participant's id.
        start: first sample.
        end: one past the last sample.
        to: ids of those it was addressed to; empty where not annotated.
        type: the corpus's tag; None where not annotated.
    """

    speaker: str
    start: Samples
    end: Samples
    to: tuple[str, ...] = ()
    type: str | None = None


@dataclass(frozen=True, slots=True)
class BenchMeeting:
    """A recorded meeting.

    Attributes:
        meeting_id: the meeting's name; tells meetings apart and nothing else.
        duration: its length; no word ends later.
        words: all words, by start.
        participants: by id.
        moderator: ids of those who led it; empty where not known.
        acts: dialogue acts, by start; empty where not annotated.
        topics: where topics begin; empty where not annotated.
        people: names that stay the same across meetings, of those who were there; empty where
            not known. Meetings that share one belong together when thresholds are chosen.
        played: id of a participant who plays a role (`moderator.learn.role_play`); None where
            everybody is who they were.
    """

    meeting_id: str
    duration: Samples
    words: tuple[Word, ...]
    participants: Mapping[str, Participant]
    moderator: tuple[str, ...] = ()
    acts: tuple[AddressedAct, ...] = ()
    topics: tuple[Samples, ...] = ()
    people: frozenset[str] = field(default_factory=frozenset)
    played: str | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """One participant's place in one meeting, which the agent takes.

    Attributes:
        meeting: the meeting.
        speaker: the participant's id.
    """

    meeting: BenchMeeting
    speaker: str

    @property
    def position(self) -> str | None:
        """The position of who sat there, if known."""
        return self.meeting.participants[self.speaker].position

    @property
    def leads(self) -> bool:
        """Who sat there led the meeting."""
        return self.speaker in self.meeting.moderator


LEADER = "moderator[0]"
"""The seat of the first of those who led the meeting."""

PLAYED = ("played", "agent")
"""The seat of whoever plays a role."""


def find_seat(meeting: BenchMeeting, wanted: str, also: Sequence[str] = ()) -> Seat:
    """The seat that was asked for.

    Args:
        meeting: where to look.
        wanted: `LEADER`, one of `PLAYED`, a participant's id, or a position. An id goes before a
            position; of several in one position, the first of the record.
        also: other spellings of the position.

    Raises:
        InputError: nobody sits there, or who does never says a word and plays no role.
    """
    names = {wanted.casefold(), *(name.casefold() for name in also)}
    if wanted == LEADER:
        found = list(meeting.moderator[:1])
    elif wanted in PLAYED and meeting.played is not None:
        found = [meeting.played]
    elif wanted in meeting.participants:
        found = [wanted]
    else:
        people = meeting.participants.values()
        found = [one.id for one in people if one.position and one.position.casefold() in names]
    if not found or found[0] not in meeting.participants:
        raise InputError(
            f"nobody has the seat {wanted[:60]!a}",
            where=meeting.meeting_id,
            todo="leave the meeting out or choose another --seat",
        )
    silent = not any(word.speaker == found[0] for word in meeting.words)
    if silent and found[0] != meeting.played:
        raise InputError(
            f"{found[0]!a}, whose seat is asked for, says nothing",
            where=meeting.meeting_id,
            todo="leave the meeting out or choose another --seat",
        )
    return Seat(meeting, found[0])


def seat_voices(seat: Seat) -> SeatVoices:
    """The voices of a meeting as a seat hears them."""
    by_speaker: dict[str, list[Word]] = {}
    for word in seat.meeting.words:
        by_speaker.setdefault(word.speaker, []).append(word)
    # Who is there, not who will speak: that would be known only at the end.
    others = sorted(name for name in seat.meeting.participants if name != seat.speaker)
    own = by_speaker.get(seat.speaker, [])
    return SeatVoices(own, [by_speaker.get(name, []) for name in others])
