"""Speech as the language model hears it: whisper's encoder on each second of audio, on its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderator.audio import Waveform
from moderator.errors import InputError
from moderator.timeline import SAMPLE_RATE, Samples

CHUNK: Samples = SAMPLE_RATE
"""Samples that are encoded at a time. Nothing of one chunk reaches the next."""

FRAMES = CHUNK // 320
"""Encoder frames of a chunk."""

MODEL = "whisper-tiny.en"


class Mixture:
    """All tracks of a meeting as one, cut into chunks on a fixed grid."""

    def __init__(self) -> None:
        self._begin: Samples = 0
        self._samples = np.zeros(CHUNK, dtype=np.float32)

    def add(
        self, start: Samples, end: Samples, audio: Mapping[str, Waveform]
    ) -> Iterator[tuple[Waveform, Samples]]:
        """Takes a stretch; the chunks that it completes, each with where it ended.

        Args:
            start: meeting time of the first sample; not before the end of the last stretch.
            end: of the one after the last.
            audio: per track ``(end - start,)`` samples.
        """
        mixed = np.zeros(end - start, dtype=np.float32)
        for _, samples in sorted(audio.items()):
            mixed[: len(samples)] += samples[: len(mixed)]
        at = start
        while at < end:
            if at >= self._begin + CHUNK:  # nothing was heard in between
                self._begin, self._samples = at // CHUNK * CHUNK, np.zeros(CHUNK, dtype=np.float32)
            upto = min(end, self._begin + CHUNK)
            self._samples[at - self._begin : upto - self._begin] = mixed[at - start : upto - start]
            at = upto
            if at == self._begin + CHUNK:
                yield np.clip(self._samples, -1.0, 1.0), at
                self._begin, self._samples = at, np.zeros(CHUNK, dtype=np.float32)


class SpeechEncoder:
    """The frozen encoder.

    Args:
        model: a `ctranslate2.models.Whisper`.
        features: a `faster_whisper.feature_extractor.FeatureExtractor`.
    """

    def __init__(self, model: Any, features: Any) -> None:
        self._model, self._features = model, features

    def frames(self, chunk: Waveform) -> NDArray[np.float32]:
        """``(CHUNK,)`` samples to ``(FRAMES, width)``."""
        import ctranslate2

        if len(chunk) != CHUNK:
            raise ValueError(f"a chunk has {CHUNK} samples, not {len(chunk)}")
        mel = self._features(chunk, padding=0)[:, : 2 * FRAMES]
        mel = np.ascontiguousarray(mel[None], dtype=np.float32)
        view = self._model.encode(ctranslate2.StorageView.from_array(mel), to_cpu=True)
        frames: NDArray[np.float32] = np.array(view, dtype=np.float32)[0]
        return frames


def load_speech_encoder(path: Path) -> SpeechEncoder:
    """Loads it from the directory of a CTranslate2 whisper, on one thread.

    Raises:
        InputError: there is none.
    """
    import ctranslate2
    from faster_whisper.feature_extractor import FeatureExtractor

    try:
        model = ctranslate2.models.Whisper(
            str(path), device="cpu", compute_type="int8", intra_threads=1, inter_threads=1
        )
    except (RuntimeError, ValueError) as error:
        raise InputError(
            "cannot load the speech encoder",
            where=str(path),
            todo=f"pull it again: moderator models pull {MODEL}",
        ) from error
    return SpeechEncoder(model, FeatureExtractor(feature_size=model.n_mels))
