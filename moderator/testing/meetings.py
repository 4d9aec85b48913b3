"""Short meetings of words without audio, run through the real loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from moderator.audio import AudioChunk, Waveform
from moderator.ears.script import ScriptedEars
from moderator.events import Word
from moderator.journal.lines import Event
from moderator.meeting.loop import Meeting
from moderator.meeting.settings import Settings
from moderator.mind.base import Participant, SpeechLLM
from moderator.testing.mouth import ToneVoice
from moderator.timeline import TICK, PacedClock, ReplayClock, Samples, Stopwatch, to_samples
from roles.schema import Role

E = TypeVar("E")

WORD_S = 0.3
"""How long a scripted word takes."""


def people(*names: str) -> dict[str, Participant]:
    """Participants by id: the name in lower case."""
    return {name.lower(): Participant(name.lower(), name) for name in names}


def talk(speaker: str, start_s: float, text: str, word_s: float = WORD_S) -> list[Word]:
    """A turn: the words of `text`, one after the other without pauses."""
    at, step = to_samples(start_s), to_samples(word_s)
    said = text.split()
    return [
        Word(speaker, word, at + index * step, at + (index + 1) * step)
        for index, word in enumerate(said)
    ]


def chatter(speaker: str, start_s: float, end_s: float, word_s: float = WORD_S) -> list[Word]:
    """Somebody who goes on about nothing from `start_s` until `end_s`."""
    count = int((end_s - start_s) / word_s)
    return talk(speaker, start_s, " ".join(["well"] * count), word_s)


class SilentSource:
    """Ticks without audio.

    Args:
        seconds: the meeting's length.
    """

    def __init__(self, seconds: float) -> None:
        self._end = to_samples(seconds)

    async def ticks(self) -> AsyncIterator[tuple[Samples, Sequence[AudioChunk]]]:
        """One tick after the other."""
        for now in range(TICK, self._end + 1, TICK):
            yield now, ()


@dataclass
class OwnAudio:
    """A sink that keeps when the agent was heard.

    Attributes:
        sounding: starts of the ticks in which the agent sounded.
    """

    sounding: list[Samples] = field(default_factory=list)

    def take(self, start: Samples, chunks: Sequence[AudioChunk], own: Waveform | None) -> None:
        """Takes one tick."""
        if own is not None and own.any():
            self.sounding.append(start)


def hold_meeting(
    role: Role,
    mind: SpeechLLM,
    words: Iterable[Word],
    seconds: float,
    *,
    participants: dict[str, Participant] | None = None,
    live: bool = False,
) -> list[Event]:
    """Runs a meeting and returns every event.

    Args:
        role: what the agent is.
        mind: proposes.
        words: what the others say.
        seconds: the meeting's length.
        participants: who is there; those who speak are added.
        live: on the wall clock, without waiting for the mind.
    """
    events: list[Event] = []
    meeting = Meeting(
        role,
        dict(participants or {}),
        ScriptedEars(words),
        mind,
        ToneVoice(word_s=0.1, gap_s=0.02),
        [events.append],
        PacedClock() if live else ReplayClock(),
        Settings(live=live),
        Stopwatch(),
    )
    asyncio.run(meeting.run(SilentSource(seconds), OwnAudio()))
    return events


def of(events: Iterable[Event], kind: type[E]) -> list[E]:
    """The events of one kind."""
    return [event for event in events if isinstance(event, kind)]
