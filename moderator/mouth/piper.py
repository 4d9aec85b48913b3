"""A second voice: piper, VITS models with espeak-ng's spelling-to-sound rules (extra `piper`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING

from moderator.mouth.alignment import word_spans
from moderator.mouth.base import Sentence, VoiceSpec
from moderator.mouth.sentences import split
from moderator.mouth.shaping import shape

if TYPE_CHECKING:
    from piper.voice import AudioChunk, PiperVoice

DURATIONS = "/Ceil_output_0"
"""The model's inner tensor of how many hops each phoneme sounds; made an output by
`moderator.mouth.onnx_outputs.with_output`."""

_SPEEDS = (0.5, 2.0)


@dataclass(frozen=True)
class PiperSpeech:
    """A voice of piper.

    Its noise is switched off, since the model draws it without a seed: the same text gives the same
    samples, a little flatter than with noise. Word times come from the model's own durations where
    the engine was loaded with `DURATIONS` as an output; otherwise phonemes count the same.

    Attributes:
        engine: the loaded model.
        speaker: its name.
        speed: of speech, 0.5 to 2, 1 is the model's own.
        licence: of the voice's weights.
        language: ISO 639-1 code of what it speaks.
    """

    engine: PiperVoice
    speaker: str
    speed: float = 1.0
    licence: str = "MIT"
    language: str = "en"

    def __post_init__(self) -> None:
        low, high = _SPEEDS
        if not low <= self.speed <= high:
            raise ValueError(f"speed must lie in {low} to {high}, not {self.speed}")

    @property
    def spec(self) -> VoiceSpec:
        """Backend, speaker, languages, licence of the weights."""
        return VoiceSpec("piper", self.speaker, (self.language,), self.licence)

    def at_speed(self, speed: float) -> PiperSpeech:
        """The same voice at another speed, limited to what the model can do."""
        return replace(self, speed=min(max(speed, _SPEEDS[0]), _SPEEDS[1]))

    def say(self, text: str) -> Iterator[Sentence]:
        """Speaks `text` sentence by sentence; markup and thoughts in it are left out."""
        for part in split(text):
            yield from self._say_one(part)

    def _say_one(self, text: str) -> Iterator[Sentence]:
        from piper.config import SynthesisConfig

        config = SynthesisConfig(
            length_scale=self.engine.config.length_scale / self.speed,
            noise_scale=0.0,
            noise_w_scale=0.0,
            normalize_audio=False,
        )
        written = text.split()
        alone = [self._alone(word) for word in written]
        chunks = list(self.engine.synthesize(text, config, include_alignments=True))
        # espeak may cut a sentence where it wants to; its parts share out the written words.
        symbols: list[str] = []
        for chunk in chunks:
            symbols += [*chunk.phonemes, " "]
        spans = word_spans(symbols, alone)
        offset, word = 0, 0
        for index, chunk in enumerate(chunks):
            behind = offset + len(chunk.phonemes) + 1
            last = index == len(chunks) - 1
            first = word
            while word < len(written) and (last or spans[word][0] < behind):
                word += 1
            own = [(s - offset, e - offset) for s, e in spans[first:word]]
            yield self._sentence(chunk, written[first:word], own)
            offset = behind

    def _alone(self, word: str) -> str:
        parts = self.engine.phonemize(word)
        return " ".join("".join(part) for part in parts)

    def _sentence(
        self, chunk: AudioChunk, written: list[str], spans: list[tuple[int, int]]
    ) -> Sentence:
        alignments = chunk.phoneme_alignments
        length = len(chunk.audio_float_array)
        if alignments:
            # The first is the mark of the sentence's beginning.
            ends = list(accumulate(alignment.num_samples for alignment in alignments))
        else:
            step = length / (len(chunk.phonemes) + 2)
            ends = [round(step * (index + 1)) for index in range(len(chunk.phonemes) + 1)]
        limit = len(ends) - 1
        words = [
            (
                word,
                ends[min(start, limit)] / chunk.sample_rate,
                ends[min(end, limit)] / chunk.sample_rate,
            )
            for word, (start, end) in zip(written, spans, strict=True)
        ]
        return shape(" ".join(written), chunk.audio_float_array, chunk.sample_rate, words)
