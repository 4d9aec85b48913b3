"""The default voice: hibari-tts, a small English model with its own spelling-to-sound rules."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from moderator.mouth.alignment import word_spans
from moderator.mouth.base import Sentence, VoiceSpec
from moderator.mouth.sentences import split
from moderator.mouth.shaping import shape

if TYPE_CHECKING:
    from hibari import Hibari
    from onnxruntime import RunOptions

_LOG = logging.getLogger(__name__)

DURATIONS = "/Clip_output_0"
"""The model's inner tensor of how long each phoneme sounds, ``(phonemes,)`` in 25 ms units; made an
output by `moderator.mouth.onnx_outputs.with_output`."""

_SPECTRAL_OUTPUTS = 6
_SPEEDS = (0.5, 2.0)
_PITCHES = (0.5, 2.0)
_MAX_PHONEMES = 1_000
"""The model's own limit for good prosody is 400; digits can make a bounded sentence longer."""

_SHRINK = ("memory.enable_memory_arena_shrinkage", "cpu:0")
"""Has onnxruntime give back after a run what the longest sentence took."""

_SEED = 0
"""Of the noise in breathy sounds; fixed for each sentence, so that it sounds the same anywhere."""


@dataclass(frozen=True)
class HibariVoice:
    """A voice of hibari-tts.

    Word times come from the durations the model gives its phonemes, where the engine was loaded
    with its `DURATIONS` as an output; otherwise every phoneme of a sentence counts the same.

    Attributes:
        engine: the loaded model, on one thread: more would not give the same samples everywhere.
        speaker: its name.
        speed: of speech, 0.5 to 2, 1 is the model's own.
        pitch: factor on pitch and formants together, by resampling, at unchanged tempo; makes other
            speakers out of one. Natural from about 0.75 to 1.25.
    """

    engine: Hibari
    speaker: str = "heart"
    speed: float = 1.0
    pitch: float = 1.0

    def __post_init__(self) -> None:
        for name, value, (low, high) in (
            ("speed", self.speed, _SPEEDS),
            ("pitch", self.pitch, _PITCHES),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name} must lie in {low} to {high}, not {value}")

    @property
    def spec(self) -> VoiceSpec:
        """Backend, speaker, languages, licence."""
        return VoiceSpec("hibari", self.speaker, ("en",), "Apache-2.0")

    def at_speed(self, speed: float) -> HibariVoice:
        """The same voice at another speed, limited to what the model can do."""
        return replace(self, speed=min(max(speed, _SPEEDS[0]), _SPEEDS[1]))

    def say(self, text: str) -> Iterator[Sentence]:
        """Speaks `text` sentence by sentence; markup and thoughts in it are left out."""
        for part in split(text):
            sentence = self._say_one(part)
            if sentence is not None:
                yield sentence

    def _say_one(self, text: str) -> Sentence | None:
        written = text.split()
        alone = [self._phonemes(word) for word in written]
        phonemes = (self._phonemes(text) or " ".join(alone))[:_MAX_PHONEMES]
        if not phonemes.strip():
            return None
        samples, seconds = self._synthesize(phonemes)
        spans = word_spans(phonemes, alone)
        words = [
            (word, seconds[start], seconds[end])
            for word, (start, end) in zip(written, spans, strict=True)
        ]
        return shape(text, samples, self.engine.sample_rate * self.pitch, words)

    def _phonemes(self, text: str) -> str:
        """Phonemes the model has a sound for; none where the spelling rules fail."""
        try:
            phonemes: str = self.engine.g2p(text)
        except Exception:  # Any text comes here: it must not end the meeting.
            _LOG.warning("no pronunciation was found for %d characters", len(text))
            return ""
        return "".join(symbol for symbol in phonemes if symbol in self.engine.vocab)

    def _synthesize(self, phonemes: str) -> tuple[npt.NDArray[np.float32], list[float]]:
        """Samples at the model's rate, and when each phoneme starts, in seconds of meeting time.

        The list has one entry more than there are phonemes: where the last one ends.
        """
        from hibari.dsp import synth

        # A pitch factor shortens the sound when it is played faster; the model slows down for it.
        speed = min(max(self.speed / self.pitch, _SPEEDS[0]), _SPEEDS[1])
        feed = {
            "ids": np.asarray([self.engine.ids(phonemes)], np.int64),
            "speed": np.asarray([speed], np.float32),
        }
        outputs = self.engine.sess.run(None, feed, _returning_memory())
        spectral = [output[0] for output in outputs[:_SPECTRAL_OUTPUTS]]
        samples = synth(*spectral, np.random.default_rng(_SEED)).astype(np.float32)
        durations = (
            np.asarray(outputs[_SPECTRAL_OUTPUTS], np.float64)
            if len(outputs) > _SPECTRAL_OUTPUTS
            else np.ones(len(phonemes) + 2)
        )
        total_s = len(samples) / (self.engine.sample_rate * self.pitch)
        scale = total_s / float(durations.sum())
        # The first and last id are the model's own pauses around the sentence.
        starts = list(accumulate(float(duration) * scale for duration in durations))
        return samples, starts[: len(phonemes) + 1]


def _returning_memory() -> RunOptions:
    from onnxruntime import RunOptions

    options = RunOptions()
    options.add_run_config_entry(*_SHRINK)
    return options
