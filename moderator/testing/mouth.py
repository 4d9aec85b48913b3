"""A voice without a model, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

import numpy as np

from moderator.audio import Waveform
from moderator.mouth.base import Sentence, SpokenWord, VoiceSpec
from moderator.mouth.sentences import split
from moderator.timeline import SAMPLE_RATE, Samples, to_samples


class ToneVoice:
    """Says each word as a tone whose pitch depends on the word; word times are exact.

    Args:
        word_s: seconds a word lasts.
        gap_s: seconds between two words.
        speaker: name in the spec.

    Attributes:
        said: the sentences made so far, to see that they are made lazily.
    """

    def __init__(self, word_s: float = 0.3, gap_s: float = 0.05, speaker: str = "tone") -> None:
        self._word, self._gap = to_samples(word_s), to_samples(gap_s)
        self._speaker = speaker
        self.said: list[str] = []

    @property
    def spec(self) -> VoiceSpec:
        """Speaks anything."""
        return VoiceSpec("tone", self._speaker, ("en",), "Apache-2.0")

    def at_speed(self, speed: float) -> ToneVoice:
        """The same voice with words `speed` times as short."""
        word_s, gap_s = self._word / SAMPLE_RATE / speed, self._gap / SAMPLE_RATE / speed
        return ToneVoice(word_s, gap_s, self._speaker)

    def say(self, text: str) -> Iterator[Sentence]:
        """One sentence after the other."""
        for part in split(text):
            self.said.append(part)
            yield self._say_one(part)

    def _say_one(self, text: str) -> Sentence:
        words, parts, at = [], [], 0
        for word in text.split():
            words.append(SpokenWord(word, at, at + self._word))
            parts += [_tone(word, self._word), np.zeros(self._gap, dtype=np.float32)]
            at += self._word + self._gap
        return Sentence(text, np.concatenate(parts).astype(np.float32), tuple(words))


def _tone(word: str, length: Samples) -> Waveform:
    """A sine of 150 to 450 Hz, ramped over 5 ms at both ends."""
    hertz = 150 + crc32(word.encode()) % 300
    phase = 2 * np.pi * hertz * np.arange(length) / SAMPLE_RATE
    edge = min(to_samples(0.005), length // 2)
    ramp = np.minimum(np.arange(1, length + 1), np.arange(length, 0, -1)) / max(edge, 1)
    return (0.2 * np.sin(phase) * np.minimum(ramp, 1.0)).astype(np.float32)
