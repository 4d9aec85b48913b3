"""Which words of a changing hypothesis are stable: local agreement.

A word is stable once two consecutive hypotheses agree on it and on everything before it:
LocalAgreement-2 of Liu, Spanakis and Niehues, "Low-Latency Sequence-to-Sequence Speech Recognition
and Translation by Partial Hypothesis Selection" (Interspeech 2020), used for whisper by Macháček,
Dabre and Bojar, "Turning Whisper into Real-Time Transcription System" (2023).

Different from theirs: a hypothesis' last word is never stable while speech goes on, because the
audio may end in the middle of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from moderator.ears.repetition import plain


@dataclass(frozen=True, slots=True)
class Piece:
    """One word of a hypothesis.

    Attributes:
        text: the word with its punctuation.
        tokens: the decoder's tokens for it.
    """

    text: str
    tokens: tuple[int, ...]


class LocalAgreement:
    """Compares each hypothesis with the one before it."""

    def __init__(self) -> None:
        self._before: tuple[Piece, ...] = ()

    def agreed(self, tail: Sequence[Piece]) -> int:
        """How many words from the start of `tail` the hypothesis before had as well.

        Args:
            tail: what the newest hypothesis says after the stable words.
        """
        count = 0
        for new, old in zip(tail[:-1], self._before, strict=False):
            if plain(new.text) != plain(old.text):
                break
            count += 1
        return count

    def keep(self, rest: Sequence[Piece]) -> None:
        """Remembers what of the newest hypothesis did not become stable."""
        self._before = tuple(rest)

    def forget(self) -> None:
        """Starts anew: the next hypothesis agrees with nothing."""
        self._before = ()
