"""What is believed of a voice: sound that can be played."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from moderator.errors import VoiceError
from moderator.mouth.base import Sentence, SpokenWord
from moderator.timeline import Samples, to_samples

LONGEST: Samples = to_samples(120.0)
"""Of a sentence: several times what the longest takes at the slowest pace."""

MOST = 100
"""Parts of one sentence."""


def believed(sentences: Iterable[Sentence]) -> Iterator[Sentence]:
    """Sentences as a voice makes them, one by one, no louder than can be played.

    Raises:
        VoiceError: they are none; nothing of them is repeated.
    """
    for each in islice(sentences, MOST):
        sentence: Any = each
        if not isinstance(sentence, Sentence) or not _sound(sentence.samples):
            raise VoiceError("what it makes is no sound")
        words: object = sentence.words
        if not isinstance(words, tuple) or not all(map(_word, words)):
            raise VoiceError("the words of its sound are none")
        samples = np.clip(sentence.samples, -1.0, 1.0)
        yield Sentence(sentence.text, samples, sentence.words, bool(sentence.goes_on))


def _sound(samples: object) -> bool:
    return (
        isinstance(samples, np.ndarray)
        and samples.dtype == np.float32
        and samples.ndim == 1
        and 0 < len(samples) <= LONGEST
        and bool(np.isfinite(samples).all())
    )


def _word(word: Any) -> bool:
    if not isinstance(word, SpokenWord):
        return False
    times: tuple[object, ...] = (word.start, word.end)
    return _printable(word.text) and all(isinstance(at, int) for at in times)


def _printable(text: object) -> bool:
    return isinstance(text, str) and text.isprintable()
