"""Joins words to segments, for the formats that know no words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from moderator.events import Word
from moderator.timeline import Samples, to_samples

PAUSE: Final = to_samples(0.5)
"""A pause of this length ends a segment, as it does in the meeting records."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Words of one speaker without a long pause.

    Attributes:
        speaker: participant's id.
        text: the words, joined by spaces.
        start: where the first word begins.
        end: where the last word ends.
    """

    speaker: str
    text: str
    start: Samples
    end: Samples


def join_words(
    words: Iterable[Word], *, pause: Samples = PAUSE, longest: Samples | None = None
) -> list[Segment]:
    """Segments by start; those of one speaker never overlap.

    Args:
        words: in any order.
        pause: silence between two words of a speaker that ends a segment.
        longest: a segment ends before the word that would make it longer; None for no limit. A
            single word may still be longer.
    """
    by_speaker: dict[str, list[Word]] = {}
    for word in sorted(words, key=lambda word: (word.start, word.end)):
        by_speaker.setdefault(word.speaker, []).append(word)
    segments = [
        segment
        for speaker_words in by_speaker.values()
        for segment in _join(speaker_words, pause, longest)
    ]
    return sorted(segments, key=lambda segment: (segment.start, segment.end, segment.speaker))


def _join(words: list[Word], pause: Samples, longest: Samples | None) -> Iterable[Segment]:
    texts: list[str] = []
    start = end = 0
    for word in words:
        goes_on = word.start - end < pause and (
            longest is None or max(end, word.end) - start <= longest
        )
        if texts and not goes_on:
            yield Segment(words[0].speaker, " ".join(texts), start, end)
            # A word that began before the last one ended must not make two segments overlap.
            texts, start = [], max(word.start, end)
        elif not texts:
            start = word.start
        texts.append(word.text)
        end = max(end, word.end, start)
    if texts:
        yield Segment(words[0].speaker, " ".join(texts), start, end)
