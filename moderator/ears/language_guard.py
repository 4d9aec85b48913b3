"""Speech in a language that the recogniser does not know is said to be so, and not invented.

A recogniser of one language makes fluent words of any other. It is unsure of them, though: only
then a model that knows many languages is asked which this is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from moderator.audio import Waveform
from moderator.language.phrases import base, languages, load_phrases
from moderator.timeline import Samples, to_samples

Identify: TypeAlias = Callable[[Waveform], Mapping[str, float]]
"""Probabilities of languages, by their ISO 639-1 codes, for audio ``(n,)``."""

DOUBT = -0.8
"""Mean log probability of a token, below which words may be of another language: English of close
microphones lies above -0.6, and other languages, taken for English, below -1."""

LEAST: Samples = to_samples(2.0)
"""Less audio says too little."""

UNLIKELY = 0.25
"""A language less probable than this, over the last doubtful utterances, is not what is spoken."""

_REMEMBERED = 4


class LanguageGuard:
    """Tells of one source's utterances whether they are in a language that is not known.

    Args:
        language: that the recogniser takes everything for.
        identify: tells languages apart; asked in the recogniser's thread.
    """

    def __init__(self, language: str, identify: Identify) -> None:
        self._language, self._identify = language, identify
        self._doubtful: deque[Mapping[str, float]] = deque(maxlen=_REMEMBERED)

    def foreign(self, audio: Waveform, log_probability: float) -> str | None:
        """The language of an utterance that is not in the known one; None: it may well be.

        Args:
            audio: of the utterance so far, ``(n,)``.
            log_probability: of what was recognised, mean of its tokens.
        """
        if log_probability >= DOUBT:
            self._doubtful.clear()
            return None
        if len(audio) >= LEAST:
            self._doubtful.append(self._identify(audio))
        if not self._doubtful:  # so little says nothing by itself, but goes on with what was before
            return None
        languages = sorted({name for one in self._doubtful for name in one})
        means = {
            name: float(np.mean([one.get(name, 0.0) for one in self._doubtful]))
            for name in languages
        }
        if means.get(self._language, 0.0) >= UNLIKELY:
            return None
        return max(languages, key=lambda name: means[name], default=None)


def marked(language: str, known: str = "en") -> str:
    """What stands in the place of words in a language, such as ``[German]``.

    Args:
        language: of the words, ISO 639-1.
        known: the language that is understood, which the other is named in; English, if it has no
            names of languages.
    """
    named_in = load_phrases(known if base(known) in languages() else "en")
    return f"[{named_in.language_names.get(language, language)}]"
