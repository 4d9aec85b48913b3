"""Who says aloud that the agent should not hear them is not heard any more."""

from __future__ import annotations

from collections.abc import Iterator

from moderator.events import Heard
from moderator.floor.addressee import AddresseeDetector
from moderator.language.phrases import phrases_of
from moderator.transcript import Transcript
from roles.schema import Role

KEPT = 40
"""Utterances that may still go on; more people do not speak at once."""


class SpokenRefusals:
    """Finds refusals in stable words, whether or not the agent is named: they are never doubted.

    Args:
        role: whose language is spoken, and what the agent is called.
    """

    def __init__(self, role: Role) -> None:
        self._phrases = phrases_of(role)
        self._detector = AddresseeDetector.of(role, self._phrases)
        self._transcript = Transcript(KEPT)

    def find(self, heard: Heard) -> Iterator[str]:
        """Speakers, voices on shared microphones among them, who refuse with these words."""
        self._transcript.add(heard.words)
        for speaker in dict.fromkeys(word.speaker for word in heard.words):
            utterance = self._transcript.current(speaker)
            if utterance is None:
                continue
            last = self._detector.last_sentence(utterance.words)
            if last is None:
                continue
            sentence = utterance.words[last.begin : last.end]
            unnamed = self._detector.without_name(sentence, shared=True)
            if self._phrases.refuses(last.rest if unnamed is None else unnamed):
                yield speaker
