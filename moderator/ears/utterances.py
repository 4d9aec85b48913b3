"""From probabilities of speech to voice now, and to utterances for a recogniser."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moderator.audio import Waveform
from moderator.ears.recogniser import RecogniserStream
from moderator.timeline import Samples, to_samples


@dataclass(frozen=True, slots=True)
class GateOptions:
    """When a voice begins and ends.

    Attributes:
        on: a voice begins at this probability ...
        off: ... and has ended once it stayed below this one ...
        hang_s: ... for so long.
        rise_s: it begins only when the probability stayed at `on` for so long.
        pause_s: an utterance ends after so long without a voice.
        lead_s: audio before the voice that belongs to the utterance.
    """

    on: float = 0.5
    off: float = 0.35
    hang_s: float = 0.2
    rise_s: float = 0.06
    pause_s: float = 0.5
    lead_s: float = 0.3


_LEADS = 64
"""Utterances whose words may still be waited for."""


class VoiceGate:
    """Hysteresis over frame probabilities: is there a voice, since when, until when.

    Args:
        options: thresholds and durations.
        frame: samples a frame.
        start: meeting time of the first frame.
    """

    def __init__(self, options: GateOptions, frame: Samples, start: Samples) -> None:
        self._options = options
        self._frame = frame
        self._rising: Samples = 0
        self.now: Samples = start
        """End of the last frame taken."""
        self.open = False
        """There is a voice now."""
        self.since: Samples = start
        """Where the present or the last voice began."""
        self.until: Samples = start
        """Where the present or the last voice was last heard."""

    def voiced(self, within: Samples) -> bool:
        """There is a voice, and it was heard in the last `within` samples."""
        return self.open and self.now - self.until < within

    def take(self, probability: float) -> bool:
        """Takes the next frame's probability; returns `open`."""
        self.now += self._frame
        if self.open:
            if probability >= self._options.off:
                self.until = self.now
            self.open = self.now - self.until < to_samples(self._options.hang_s)
            self._rising = 0
            return self.open
        self._rising = self._rising + self._frame if probability >= self._options.on else 0
        if self._rising >= to_samples(self._options.rise_s):
            self.open = True
            self.since, self.until = self.now - self._rising, self.now
        return self.open


class Utterances:
    """Cuts one source's audio into utterances for its recogniser stream.

    Args:
        stream: gets the utterances.
        gate: has seen none of the frames yet.
        options: the gate's.
        frame: samples a frame.
    """

    def __init__(
        self, stream: RecogniserStream, gate: VoiceGate, options: GateOptions, frame: Samples
    ) -> None:
        self._stream = stream
        self._gate = gate
        self._options = options
        self._frame = frame
        # Long enough for the lead and the frames in which the voice rose.
        kept = -(-(to_samples(options.lead_s) + to_samples(options.rise_s)) // frame) + 1
        self._before: deque[Waveform] = deque(maxlen=kept)
        self._inside = False
        self.leads: deque[tuple[Samples, Samples]] = deque(maxlen=_LEADS)
        """Of the latest utterances where each began, and where its voice did."""

    def push(self, audio: Waveform, probabilities: npt.NDArray[np.float32]) -> None:
        """Takes whole frames: audio ``(frames * frame,)``, probabilities ``(frames,)``."""
        frames = audio.reshape(-1, self._frame)
        for frame, probability in zip(frames, probabilities.tolist(), strict=True):
            voice = self._gate.take(probability)
            if self._inside:
                self._stream.push(frame, voice)
                if not voice and self._gate.now - self._gate.until >= to_samples(
                    self._options.pause_s
                ):
                    self.end()
                continue
            self._before.append(frame.copy())
            if voice:
                self._begin()

    def _begin(self) -> None:
        self._inside = True
        lead = np.concatenate(list(self._before))
        self.leads.append((self._gate.now - len(lead), self._gate.since))
        self._stream.begin(self._gate.now - len(lead))
        self._stream.push(lead, True)
        self._before.clear()

    def end(self) -> None:
        """Ends the utterance that is going on, if there is one."""
        if self._inside:
            self._stream.end(self._gate.until)
        self._inside = False
