"""The port of text to speech."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from moderator.audio import Waveform
from moderator.timeline import Samples


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word inside a spoken sentence; times in samples from the sentence's start."""

    text: str
    start: Samples
    end: Samples


@dataclass(frozen=True, slots=True, eq=False)
class Sentence:
    """A sentence as sound.

    Attributes:
        text: what is said.
        samples: ``(n,)`` float32, 16 kHz, without silence at its start.
        words: its words with their times, by start.
        goes_on: it is the next part of the sentence before it: no pause lies between them.
    """

    text: str
    samples: Waveform
    words: tuple[SpokenWord, ...]
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class VoiceSpec:
    """What a voice is."""

    backend: str
    speaker: str
    languages: tuple[str, ...]
    licence: str


class Voice(Protocol):
    """A voice that speaks sentence by sentence."""

    @property
    def spec(self) -> VoiceSpec:
        """Backend, speaker, languages."""
        ...

    def say(self, text: str) -> Iterator[Sentence]:
        """Speaks `text` lazily: what comes first can play while the rest is not yet made.

        A sentence may come in parts.

        The same text gives the same samples.
        """
        ...


class PacedVoice(Voice, Protocol):
    """A voice that can also speak faster and slower."""

    def at_speed(self, speed: float) -> PacedVoice:
        """The same voice at another speed, 1 being its own, as far as it can."""
        ...
