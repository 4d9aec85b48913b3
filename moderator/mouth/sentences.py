"""Cuts text into sentences, also while it is still being written."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator

from moderator.mouth.base import Sentence, Voice
from moderator.mouth.cleaning import ThoughtFilter, plain

MAX_SENTENCE_CHARS = 300
"""A longer sentence is cut, at a pause where there is one: about 20 s of speech."""

MAX_TURN_CHARS = 4_000
"""What is written beyond this in one turn is not spoken: about 4 minutes."""

CHARACTER_S, DIGIT_S = 0.065, 0.2
"""Seconds that a character takes to say at a voice's own speed, and a digit beyond that: the
embedded voices take 0.05 to 0.07 s a character, pauses between sentences included."""

CHARACTERS_A_WORD = 9
"""English words have five or six, with the space; what is longer by half is cut."""

SAY_NOW = "\f"
"""Behind a sentence: it is whole, and is not to wait for what follows."""

_END_OF_SPACELESS = re.compile(r"(?<=[\u3002\uff01\uff1f])(?=\w)")
"""Where no space follows."""

_PAUSES = (", ", "\u3001", "\uff0c", "; ", ": ", " \N{EN DASH} ", " \N{EM DASH} ", " ")


class SentenceSplitter:
    """Cuts text that arrives piece by piece into plain sentences.

    However the text is cut into pieces, the sentences are the same, except after a thought without
    an opening tag: what was handed out before its closing tag came cannot be taken back.

    Args:
        max_sentence: characters, at least 2.
        max_turn: characters of all sentences together.
    """

    def __init__(
        self, *, max_sentence: int = MAX_SENTENCE_CHARS, max_turn: int = MAX_TURN_CHARS
    ) -> None:
        self._max_sentence, self._left = max_sentence, max_turn
        self._thoughts = ThoughtFilter()
        self._buffer = ""

    def push(self, piece: str) -> Iterator[str]:
        """The sentences that are complete with this piece."""
        spoken, orphan = self._thoughts.push(piece)
        self._buffer = spoken.lstrip() if orphan else (self._buffer + spoken).lstrip()
        yield from self._complete()
        if self._buffer.endswith(SAY_NOW):
            rest, self._buffer = self._buffer, ""
            yield from self._bounded(rest)

    def finish(self) -> Iterator[str]:
        """The last sentences, when nothing more will come."""
        self._buffer += self._thoughts.finish()
        yield from self._complete()
        rest, self._buffer = self._buffer, ""
        yield from self._bounded(rest)

    def _complete(self) -> Iterator[str]:
        parts = _split(self._buffer)
        if len(parts) > 1:
            # The last part may go on; what follows its start, spaces too, stays.
            self._buffer = self._buffer[self._buffer.rindex(parts[-1]) :]
            for part in parts[:-1]:
                yield from self._bounded(part)
        while len(self._buffer.rstrip()) > self._max_sentence:
            cut = _pause_before(self._buffer, self._max_sentence)
            head, self._buffer = self._buffer[:cut], self._buffer[cut:].lstrip()
            yield from self._spoken(head)

    def _bounded(self, part: str) -> Iterator[str]:
        for bounded in _cut(part.strip(), self._max_sentence):
            yield from self._spoken(bounded)

    def _spoken(self, part: str) -> Iterator[str]:
        # Plain text can be longer than what it was made from: digits that are read one by one.
        for sentence in _cut(plain(part), self._max_sentence):
            if not any(symbol.isalnum() for symbol in sentence):
                continue
            if len(sentence) > self._left:
                self._left = 0
                return
            self._left -= len(sentence)
            yield sentence


def _split(text: str) -> list[str]:
    from hibari import Hibari

    sentences: list[str] = Hibari.split_sentences(text)
    return [part for sentence in sentences for part in _END_OF_SPACELESS.split(sentence)]


def _cut(text: str, limit: int) -> Iterator[str]:
    while len(text) > limit:
        at = _pause_before(text, limit)
        yield text[:at].rstrip()
        text = text[at:].lstrip()
    yield text


def _pause_before(text: str, limit: int) -> int:
    """Where to cut a text longer than `limit`: behind the last pause, else the last space."""
    for pause in _PAUSES:
        at = text.rfind(pause, limit // 2, limit)
        if at > 0:
            return at + len(pause)
    return limit


def split(text: str) -> list[str]:
    """All plain sentences of a text that is there as a whole."""
    splitter = SentenceSplitter()
    return [*splitter.push(text), *splitter.finish()]


def seconds_to_say(text: str, speed: float = 1.0) -> float:
    """About how long a text takes to say, rather too long than too short; to a tenth of a second.

    Args:
        text: plain words.
        speed: the voice's, 1 being its own.
    """
    digits = sum(symbol.isdigit() for symbol in text)
    return round((CHARACTER_S * len(text) + DIGIT_S * digits) / speed, 1)


async def sentences(pieces: AsyncIterator[str]) -> AsyncIterator[str]:
    """Plain sentences of a text that is being written, each as soon as it is complete.

    Thoughts and markup are removed; lengths are bounded by `MAX_SENTENCE_CHARS` and
    `MAX_TURN_CHARS`.
    """
    splitter = SentenceSplitter()
    async for piece in pieces:
        for sentence in splitter.push(piece):
            yield sentence
    for sentence in splitter.finish():
        yield sentence


async def speak(voice: Voice, pieces: AsyncIterator[str]) -> AsyncIterator[Sentence]:
    """Speech of a text that is being written, sentence by sentence."""
    async for text in sentences(pieces):
        for sentence in voice.say(text):
            yield sentence
