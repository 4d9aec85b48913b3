"""The port of diarization: audio goes in, who spoke when comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 16_000
"""Samples a second that every diarizer takes."""

Audio: TypeAlias = npt.NDArray[np.float32]
"""Mono samples, shape ``(n,)``, in [-1, 1], 16 kHz."""


@dataclass(frozen=True, slots=True)
class SpeakerActivity:
    """One speaker's voice from `start` to `end`.

    Attributes:
        speaker: label; stable over the whole stream.
        start: first sample, counted from the start of the stream, 16 kHz.
        end: one past the last sample.
    """

    speaker: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DiarizerSpec:
    """What a diarizer is, for its caller to plan by.

    Attributes:
        latency_s: output settles this many seconds behind the input.
        step_s: output comes in steps of this many seconds.
        max_speakers: speakers it can tell apart; None without a limit.
        online: works on a stream with bounded memory.
    """

    latency_s: float
    step_s: float
    max_speakers: int | None
    online: bool = True


class Diarizer(Protocol):
    """A stream in, settled speaker activity out.

    After a call at stream time t, `settled` says up to where the output is final; pieces returned
    by one call lie between the former `settled` and the new one. A voice that goes on is
    returned piece by piece; pieces of one speaker that touch belong together.
    """

    @property
    def spec(self) -> DiarizerSpec:
        """Latency, step and limits."""
        ...

    @property
    def settled(self) -> int:
        """Samples of the stream for which the output is final."""
        ...

    def push(self, audio: Audio) -> list[SpeakerActivity]:
        """Takes the next samples, shape ``(n,)``, and returns what has become final, by start."""
        ...

    def flush(self) -> list[SpeakerActivity]:
        """Ends the stream: everything not yet returned."""
        ...


class VoiceActivityDetector(Protocol):
    """A streaming voice activity detector: one probability a frame."""

    @property
    def frame(self) -> int:
        """Samples a frame."""
        ...

    def push(self, audio: Audio) -> npt.NDArray[np.float32]:
        """Takes samples, shape ``(n,)``; returns ``(frames,)`` speech probabilities.

        Samples that do not fill a frame are kept for the next call.
        """
        ...
