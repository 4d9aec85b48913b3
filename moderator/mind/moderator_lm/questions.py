"""What a session asks of the model, and what it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from moderator.audio import Waveform
from moderator.floor.features import SeatVoices
from moderator.mind.moderator_lm.script import Tokens
from moderator.timeline import Samples


@dataclass(frozen=True, slots=True)
class Sound:
    """A chunk of the meeting's audio that ended at `known`."""

    chunk: Waveform
    known: Samples


@dataclass(frozen=True, slots=True)
class Question:
    """Everything that is needed to decide at one moment, beside what has been read.

    Attributes:
        now: the moment.
        news: what became known since the last question.
        voices: gives the voices at that moment.
        prompt: text of the role prompt.
        leads: the seat leads.
        known: roles are known.
        labels: the others' letters, in the order of the voices; None for nobody's.
        free: nobody has the floor.
        exact: also where a turn is clearly not fitting.
    """

    now: Samples
    news: list[Tokens | Sound]
    voices: Callable[[], SeatVoices]
    prompt: str
    leads: bool
    known: bool
    labels: list[str | None]
    free: bool
    exact: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """That a turn is fitting, from which probability on it is advised, and the thought before."""

    probability: float
    threshold: float
    thought: str | None = None
