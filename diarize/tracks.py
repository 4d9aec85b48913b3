"""A participant's own track: everything said on it is theirs, so finding speech is enough."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from diarize.base import (
    SAMPLE_RATE,
    Audio,
    DiarizerSpec,
    SpeakerActivity,
    VoiceActivityDetector,
)
from diarize.errors import DiarizeError
from diarize.samples import checked


@dataclass(frozen=True, slots=True)
class TrackSettings:
    """When a track counts as speech.

    Attributes:
        onset: speech begins at frames of at least this probability …
        offset: … and goes on while frames have at least this one.
        min_speech_s: shorter bursts are dropped; cut to what the latency lets be seen.
        min_silence_s: pauses up to this are part of the speech. Where the latency is shorter, the
            difference is also added after the last word, as nothing can be taken back.
        latency_s: output settles at most this far behind the input.
        leak_db: speech this far below the track's own level is another's voice from the room;
            None takes everything as the participant's.
    """

    onset: float = 0.5
    offset: float = 0.35
    min_speech_s: float = 0.09
    min_silence_s: float = 0.25
    latency_s: float = 0.1
    leak_db: float | None = None


class TrackDiarizer:
    """`diarize.base.Diarizer` for a track of one speaker.

    Args:
        speaker: their label.
        vad: a detector of its own; it keeps the state of this stream.
        settings: thresholds.

    Raises:
        DiarizeError: a threshold makes no sense, or the latency is below one frame of `vad`.
    """

    def __init__(
        self, speaker: str, vad: VoiceActivityDetector, settings: TrackSettings | None = None
    ) -> None:
        self._settings = settings = settings or TrackSettings()
        if not 0 < settings.offset <= settings.onset <= 1:
            raise DiarizeError("thresholds out of order", todo="choose 0 < offset <= onset <= 1")
        self._speaker, self._vad, self._frame = speaker, vad, vad.frame
        frame_s = self._frame / SAMPLE_RATE
        if settings.latency_s < frame_s:
            raise DiarizeError(
                f"latency of {settings.latency_s} s", todo=f"choose at least {frame_s:.3f} s"
            )
        # Samples that do not fill a frame yet cost up to a frame; the rest is looked ahead.
        self._ahead = int(settings.latency_s / frame_s + 1e-9) - 1
        self._need = min(max(1, round(settings.min_speech_s / frame_s)), self._ahead + 1)
        self._bridge = round(settings.min_silence_s / frame_s)
        self.spec = DiarizerSpec((self._ahead + 1) * frame_s, frame_s, 1)
        self.settled = 0
        self._level = _OwnLevel(settings.leak_db)
        self._rest = np.zeros(0, dtype=np.float32)  # samples the detector has not judged
        self._received = 0
        self._judged: list[float] = []  # probabilities of frames not settled
        self._speaking = False
        self._silent = 0  # frames since the last one of speech

    def push(self, audio: Audio) -> list[SpeakerActivity]:
        """Takes the next samples, shape ``(n,)``, and returns what has become final."""
        samples = checked(audio)
        self._received += len(samples)
        self._rest = np.concatenate([self._rest, samples])
        for probability in self._vad.push(samples):
            frame, self._rest = self._rest[: self._frame], self._rest[self._frame :]
            probability = float(probability) if np.isfinite(probability) else 0.0
            self._judged.append(self._level.weigh(frame, probability, self._settings.onset))
        return self._settle(len(self._judged) - self._ahead)

    def flush(self) -> list[SpeakerActivity]:
        """Ends the stream: everything not yet returned."""
        pieces = self._settle(len(self._judged))
        # Less than a frame is left: it goes on as the frame before it.
        if self._received > self.settled and pieces and pieces[-1].end == self.settled:
            pieces[-1] = SpeakerActivity(self._speaker, pieces[-1].start, self._received)
        self.settled = self._received
        return pieces

    def _settle(self, frames: int) -> list[SpeakerActivity]:
        pieces: list[SpeakerActivity] = []
        for _ in range(frames):
            start, self.settled = self.settled, self.settled + self._frame
            if not self._is_speech():
                pass
            elif pieces and pieces[-1].end == start:
                pieces[-1] = SpeakerActivity(self._speaker, pieces[-1].start, self.settled)
            else:
                pieces.append(SpeakerActivity(self._speaker, start, self.settled))
            self._judged.pop(0)
        return pieces

    def _is_speech(self) -> bool:
        """Decides the oldest open frame, knowing those after it."""
        settings, upcoming = self._settings, self._judged[1:]
        if not self._speaking:
            burst = self._judged[: self._need]
            self._speaking = burst[0] >= settings.onset and all(
                probability >= settings.offset for probability in burst
            )
            self._silent = 0
            return self._speaking
        if self._judged[0] >= settings.offset:
            self._silent = 0
            return True
        self._silent += 1
        following = next(
            (n for n, probability in enumerate(upcoming, 1) if probability >= settings.offset), None
        )
        # The pause so far, with what is known of its future, is still short enough.
        pause = self._silent + (len(upcoming) if following is None else following - 1)
        self._speaking = pause <= self._bridge
        return self._speaking


class _OwnLevel:
    """The level of the participant's own voice, and what lies too far below it.

    A headset also hears the neighbours, some 15 to 30 dB lower. The level follows louder speech
    quickly and softer speech slowly, so that leakage does not drag it down.
    """

    _RISE, _FALL = 0.3, 0.01

    def __init__(self, leak_db: float | None) -> None:
        self._leak_db = leak_db
        self._level: float | None = None

    def weigh(self, frame: Audio, probability: float, onset: float) -> float:
        """The probability that the frame is the participant's own speech."""
        if self._leak_db is None or probability < onset:
            return probability
        level = 10.0 * math.log10(float(np.mean(np.square(frame, dtype=np.float64))) + 1e-10)
        if self._level is None:
            self._level = level
        if level < self._level - self._leak_db:
            return 0.0
        speed = self._RISE if level > self._level else self._FALL
        self._level += speed * (level - self._level)
        return probability
