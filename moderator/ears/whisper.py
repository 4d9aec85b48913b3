"""Whisper through CTranslate2 on short windows: audio in, words with times out. No state.

Only the features and the tokenizer of faster-whisper are used: its own loop pads every call to
30 s. CTranslate2 takes any length, but whisper was never trained on a window that ends where the
speech ends and drops or invents words there, so two seconds of silence are added
(findings/whisper_repeats_without_silence.sh).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moderator.audio import Waveform, silence
from moderator.ears.agreement import Piece
from moderator.ears.repetition import token_cap
from moderator.errors import InputError
from moderator.timeline import SAMPLE_RATE, Samples, to_seconds

_PADDING: Samples = 2 * SAMPLE_RATE
_GRID: Samples = SAMPLE_RATE // 2
_HOP: Samples = 160  # samples a feature frame
_EDGE: Samples = 4 * _HOP  # of silence, so that a feature frame lies wholly in it
_TOKEN: Samples = 320  # samples an encoder frame, the unit of word times
_MARGIN: Samples = 4_800  # timestamps are rounded by whisper, often to whole seconds
_SPACELESS = frozenset({"zh", "ja", "th", "lo", "my", "yue"})
_FULL: Samples = 20 * SAMPLE_RATE
_TRAINED: Samples = 30 * SAMPLE_RATE - _HOP  # one frame is added by the features
_PROMPT = 96  # tokens: some thirty names
_LONGEST: Samples = 28 * SAMPLE_RATE - _PADDING


@dataclass(frozen=True, slots=True)
class Encoded:
    """A window as the decoder sees it; `samples` without the added silence."""

    view: Any
    samples: Samples


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What was decoded after the forced prefix.

    Attributes:
        pieces: its words.
        log_probability: mean of its tokens, with those of the prefix at 0: they are forced.
        no_speech: probability that the window holds no speech.
        capped: it was longer than speech can be, and was cut.
    """

    pieces: tuple[Piece, ...]
    log_probability: float
    no_speech: float
    capped: bool


class Whisper:
    """Decodes windows, greedily: the same window gives the same words.

    Args:
        model: a `ctranslate2.models.Whisper`.
        tokenizer: a `faster_whisper.tokenizer.Tokenizer`.
        features: a `faster_whisper.feature_extractor.FeatureExtractor`.
    """

    def __init__(self, model: Any, tokenizer: Any, features: Any) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._features = features

    @property
    def multilingual(self) -> bool:
        """It knows many languages."""
        return bool(self._model.is_multilingual)

    @property
    def language(self) -> str:
        """ISO 639-1 code of what it decodes."""
        return str(self._tokenizer.language_code)

    def encode(self, audio: Waveform, *, full: bool = False) -> Encoded:
        """Runs the encoder on a window, shape ``(n,)``, at most 26 s.

        Args:
            audio: the window.
            full: add silence up to 20 s at least, nearer to the 30 s that whisper was trained on:
                several times slower, but it makes up fewer words. 30 s would cost twice as much
                again, as attention grows with the square of the length.
        """
        import ctranslate2

        if len(audio) > _LONGEST:
            raise ValueError(f"window of {to_seconds(len(audio))} s, at most 26 s fit")
        # Few different lengths: CTranslate2's kernels are cached by shape.
        added = _PADDING + -len(audio) % _GRID
        if full:
            added = min(max(added, _FULL - len(audio)), _TRAINED - len(audio))
        log_mel = self._log_mel(audio, len(audio) + added)[None]
        view = self._model.encode(ctranslate2.StorageView.from_array(log_mel))
        return Encoded(view, len(audio))

    def _log_mel(self, audio: Waveform, length: Samples) -> npt.NDArray[np.float32]:
        """Features ``(mels, length // 160 + 1)`` of the audio with silence up to `length` behind.

        All frames of silence are the same: only the first of them is computed.
        """
        found = self._features(np.concatenate([audio, silence(min(_EDGE, length - len(audio)))]))
        missing = length // _HOP + 1 - found.shape[1]
        padded = np.pad(found, ((0, 0), (0, missing)), mode="edge")
        return np.ascontiguousarray(padded, dtype=np.float32)

    def languages(self, audio: Waveform) -> Mapping[str, float]:
        """How probable each language is for a window ``(n,)``, by ISO 639-1 code.

        Only for a model of many languages; of a longer window its first 20 s count.
        """
        window = self.encode(audio[:_FULL])
        found = self._model.detect_language(window.view)[0]
        return {token.strip("<|>"): float(probability) for token, probability in found}

    def prompt(self, names: Sequence[str]) -> tuple[int, ...]:
        """Tokens that, as a prompt, make the decoder spell names right.

        A list of them: whisper goes on as if they had been said before. The most important are
        nearest to what is decoded; those beyond `_PROMPT` tokens are left out.

        Args:
            names: the most important first.
        """
        kept: list[str] = []
        tokens: list[int] = []
        for name in names:
            longer = self._tokenizer.encode(" " + ", ".join([name, *kept]) + ".")
            if len(longer) > _PROMPT:
                break
            kept.insert(0, name)
            tokens = longer
        # A name may be written like one of the decoder's own marks.
        return tuple(token for token in tokens if token < self._tokenizer.eot)

    def decode(
        self,
        window: Encoded,
        prefix: Sequence[int] = (),
        prompt: Sequence[int] = (),
        *,
        avoid_repeats: bool = False,
    ) -> Hypothesis:
        """Decodes what follows `prefix`.

        Args:
            window: the encoded audio, which `prefix` is part of.
            prefix: tokens known to begin the window.
            prompt: tokens said before the window.
            avoid_repeats: penalise tokens and forbid triples that came before.
        """
        known = self._tokenizer
        forced = [known.timestamp_begin, *prefix] if prefix else []
        start = [known.sot_prev, *prompt] if prompt else []
        start += [*known.sot_sequence, *forced]
        cap = max(8, token_cap(to_seconds(window.samples)) - len(prefix))
        found = self._model.generate(
            window.view,
            [start],
            beam_size=1,
            max_length=min(448, len(start) + cap),
            # Blank first tokens include the end of the text, which may well follow the prefix.
            suppress_blank=not prefix,
            repetition_penalty=1.3 if avoid_repeats else 1.0,
            no_repeat_ngram_size=3 if avoid_repeats else 0,
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        tokens = list(found.sequences_ids[0])
        if forced and tokens[: len(forced)] == forced:  # CTranslate2 gives the prefix back
            tokens = tokens[len(forced) :]
        pieces = self.pieces(self._until_silence(tokens, window.samples))
        capped = len(tokens) >= cap
        return Hypothesis(pieces, float(found.scores[0]), float(found.no_speech_prob), capped)

    def _until_silence(self, tokens: Sequence[int], samples: Samples) -> list[int]:
        """Text tokens up to the timestamp from which on the window is the added silence.

        Asked for timestamps, whisper says by itself which words it only made up for the silence.
        """
        first = self._tokenizer.timestamp_begin
        kept: list[int] = []
        for token in tokens:
            if token >= first and kept and (token - first) * _TOKEN >= samples - _MARGIN:
                break
            if token < self._tokenizer.eot:
                kept.append(token)
        return kept

    def pieces(self, tokens: Sequence[int]) -> tuple[Piece, ...]:
        """Tokens grouped into words; punctuation belongs to the word before it."""
        texts, groups = self._tokenizer.split_tokens_on_unicode(list(tokens))
        spaceless = self.language in _SPACELESS
        words: list[str] = []
        ids: list[list[int]] = []
        for text, group in zip(texts, groups, strict=True):
            letters = any(char.isalnum() for char in text)
            begins = (spaceless or text.startswith(" ")) and letters
            if begins or not words:
                words.append(text)
                ids.append(list(group))
            else:
                words[-1] += text
                ids[-1].extend(group)
        made = (Piece(word.strip(), tuple(group)) for word, group in zip(words, ids, strict=True))
        return tuple(piece for piece in made if any(char.isalnum() for char in piece.text))

    def times(self, window: Encoded, pieces: Sequence[Piece]) -> list[tuple[Samples, Samples]]:
        """Start and end of each of the window's words, in samples from the window's start.

        By dynamic time warping over the cross-attention, as whisper's own word timestamps.
        """
        if not pieces:
            return []
        tokens = [token for piece in pieces for token in piece.tokens]
        frames = max(2, window.samples // _HOP)
        found = self._model.align(
            window.view, self._tokenizer.sot_sequence, [tokens], frames, median_filter_width=7
        )[0]
        path = np.array(found.alignments, dtype=np.int64)
        first = np.append(True, np.diff(path[:, 0]) > 0)
        starts = path[first, 1] * _TOKEN
        bounds = np.cumsum([0, *(len(piece.tokens) for piece in pieces)])
        bounds = np.minimum(bounds, len(starts) - 1)
        edges = np.minimum(starts[bounds], window.samples)
        return [(int(a), int(max(a, b))) for a, b in pairwise(edges)]


def load_whisper(
    path: Path, *, language: str = "en", threads: int = 1, workers: int = 1
) -> Whisper:
    """Loads a CTranslate2 whisper from a directory, quantised to int8.

    Args:
        path: directory with ``model.bin``, ``config.json``, ``tokenizer.json`` and a vocabulary.
        language: ISO 639-1 code; a model for English only takes ``en``.
        threads: cores for one window. Fixed, because sums of floats depend on it.
        workers: windows decoded at the same time.

    Raises:
        InputError: the directory holds no whisper, or not one for `language`.
    """
    import ctranslate2
    import tokenizers
    from faster_whisper.feature_extractor import FeatureExtractor
    from faster_whisper.tokenizer import Tokenizer

    try:
        model = ctranslate2.models.Whisper(
            str(path),
            device="cpu",
            compute_type="int8",
            intra_threads=threads,
            inter_threads=workers,
        )
        text = tokenizers.Tokenizer.from_file(str(path / "tokenizer.json"))
    except Exception as error:  # tokenizers raises bare Exception, ctranslate2 RuntimeError
        raise InputError(
            "cannot load whisper", where=str(path), todo="pull it again: moderator models pull"
        ) from error
    if not model.is_multilingual and language != "en":
        raise InputError(
            f"this whisper knows English only, not {language!r}",
            where=str(path),
            todo="choose a multilingual model such as whisper-base",
        )
    try:
        tokenizer = Tokenizer(text, model.is_multilingual, task="transcribe", language=language)
    except ValueError as error:
        raise InputError(
            f"whisper does not know the language {language!r}", todo="choose another language"
        ) from error
    return Whisper(model, tokenizer, FeatureExtractor(feature_size=model.n_mels))
