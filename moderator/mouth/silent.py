"""In the place of a voice that there is none of: what is said is written, and takes its time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from moderator.audio import silence
from moderator.mouth.base import Sentence, SpokenWord, VoiceSpec
from moderator.mouth.sentences import seconds_to_say, split
from moderator.spacing import RUN
from moderator.timeline import to_samples

_CHARACTER_OF_SPACELESS_S = 0.1
"""Beyond what a letter takes: a character of Chinese or Japanese is about a syllable."""


@dataclass(frozen=True)
class SilentVoice:
    """Satisfies `Voice` without a sound: words come as fast as somebody would say them.

    Attributes:
        language: ISO 639-1 code of what is written.
        speed: 1 is that of the embedded voices.
    """

    language: str
    speed: float = 1.0

    @property
    def spec(self) -> VoiceSpec:
        """Its one language."""
        return VoiceSpec("silent", "", (self.language,), "Apache-2.0")

    def at_speed(self, speed: float) -> SilentVoice:
        """The same at another speed."""
        return replace(self, speed=speed)

    def say(self, text: str) -> Iterator[Sentence]:
        """Each sentence as silence that is as long as it would take to say."""
        for sentence in split(text):
            words, at = [], 0
            for word in sentence.split():
                length = to_samples(self._seconds(f"{word} "))
                words.append(SpokenWord(word, at, at + length))
                at += length
            yield Sentence(sentence, silence(at), tuple(words))

    def _seconds(self, word: str) -> float:
        wide = sum(len(run) for run in RUN.findall(word))
        return max(seconds_to_say(word, self.speed), 0.1) + wide * _CHARACTER_OF_SPACELESS_S
