"""Whether the talk has ended with goodbyes: then it is still."""

from __future__ import annotations

from moderator.language.phrases import Phrases, normalise
from moderator.transcript import Transcript

LITTLE = 3
"""An utterance of so few words does not take the talk up again."""


def parted(transcript: Transcript, phrases: Phrases, people: int) -> bool:
    """Whether people took leave, and nobody said more than that since.

    Args:
        transcript: what was said.
        phrases: how people take leave.
        people: how many take part; one goodbye ends a talk with one, otherwise it takes two.
    """
    leaving: set[str] = set()
    for utterance in reversed(transcript):
        if phrases.takes_leave(utterance.words):
            leaving.add(utterance.speaker)
            if len(leaving) >= min(2, people):
                return True
        elif len(utterance.words) > LITTLE and not _polite(utterance.words, phrases):
            return False
    return False


def _polite(words: list[str], phrases: Phrases) -> bool:
    return phrases.polite([normalise(word) for word in words])
