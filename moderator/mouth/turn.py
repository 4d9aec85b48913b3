"""One turn of the agent as it is played: what is left of it, and which words were heard."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from moderator.audio import Waveform, fade_in, fade_out, silence
from moderator.mouth.base import Sentence, SpokenWord
from moderator.timeline import FRAME, Samples, to_samples
from roles.schema import Act

LONGEST_WORD = to_samples(1.0)
"""A turn that goes on after a pause says at most this much again."""


@dataclass(eq=False)
class Turn:
    """A turn and what is left to play of it; positions are samples from its first.

    Attributes:
        number: counts turns.
        act: what it is for.
        addressee: whom it is addressed to.
        source: sentences that are made when they are needed.
        open: more sentences may still be put in by hand.
        text: all its words, where they are known beforehand.
        audio: parts not yet played.
        queued: samples in `audio`.
        words: words not yet heard to their end.
        heard: words heard to their end.
        dropped: words that will not be played, since the turn must be over by `limit`.
        sentences: begin and end of each sentence made so far.
        made: samples of the turn so far, pauses and what was played included.
        played: samples of the turn played so far.
        limit: where the turn must be over; None: it may go on.
        started: the first sample has been played.
        recent: what was played last, as long as a word may be.
        paused: meeting time at which its sound ended, until it goes on.
    """

    number: int
    act: Act
    addressee: str | None
    source: Iterator[Sentence]
    open: bool
    text: str | None
    audio: deque[Waveform] = field(default_factory=deque)
    queued: Samples = 0
    words: deque[SpokenWord] = field(default_factory=deque)
    heard: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    sentences: list[tuple[Samples, Samples]] = field(default_factory=list)
    made: Samples = 0
    played: Samples = 0
    limit: Samples | None = None
    started: bool = False
    recent: Waveform = field(default_factory=lambda: silence(0))
    paused: Samples | None = None

    def append(self, sentence: Sentence, pause: Samples) -> bool:
        """Queues a sentence, behind a pause unless it is the first.

        Returns:
            False if it would not be over by the limit; then the turn ends before it.
        """
        goes_on = sentence.goes_on and bool(self.sentences)
        between, length = (pause if self.made and not goes_on else 0), len(sentence.samples)
        if self.limit is not None and self.made + between + length > self.limit:
            self.dropped += [word.text for word in sentence.words]
            self.close()
            return False
        if between:
            self._queue(silence(between))
        base = self.made
        for word in sentence.words:
            end = base + min(max(word.end, 0), length)
            start = min(base + max(word.start, 0), end)
            self.words.append(SpokenWord(word.text, start, end))
        self._queue(sentence.samples)
        begun = self.sentences.pop()[0] if goes_on else base
        self.sentences.append((begun, self.made))
        return True

    def _queue(self, samples: Waveform) -> None:
        self.audio.append(samples)
        self.queued += len(samples)
        self.made += len(samples)

    def refill(self, wanted: Samples, pause: Samples) -> None:
        """Makes sentences until `wanted` samples are queued, or there are no more."""
        while self.queued < wanted:
            sentence = next(self.source, None)
            if sentence is None or not self.append(sentence, pause):
                return

    def next_part(self, limit: Samples) -> Waveform:
        """Takes up to `limit` samples off the queue, which must not be empty."""
        part = self.audio.popleft()
        if len(part) > limit:
            self.audio.appendleft(part[limit:])
            part = part[:limit]
        self.queued -= len(part)
        return part

    def end_by(self, limit: Samples) -> None:
        """Nothing may sound from position `limit` on.

        The turn ends with the last sentence that fits. Where the one that sounds now does not, it
        fades at the end of its last word that does, or at once.
        """
        self.limit = limit
        if self.made <= limit:
            return
        ends = [end for _, end in self.sentences if self.played <= end <= limit]
        within = any(start < self.played < end for start, end in self.sentences)
        words = [word.end for word in self.words if self.played < word.end <= limit]
        if ends or not within:
            self._cut_at(max(ends, default=self.played))
            return
        self._cut_at(max(words, default=min(self.played + FRAME, limit)))
        (kept,) = self.audio
        self.audio[0] = np.concatenate([kept[:-FRAME], fade_out(kept[-FRAME:])])

    def _cut_at(self, end: Samples) -> None:
        kept = np.concatenate([*self.audio, silence(0)])[: end - self.played]
        self.audio, self.queued, self.made = deque([kept]), len(kept), end
        self.dropped += [word.text for word in self.words if word.end > end]
        self.words = deque(word for word in self.words if word.end <= end)
        self.close()

    def go_back(self) -> None:
        """Plays the word that a pause cut again, from its beginning."""
        if self.words and self.words[0].start < self.played:
            back = min(self.played - self.words[0].start, len(self.recent))
            again, self.recent = self.recent[-back:], self.recent[:-back]
            self.audio.appendleft(fade_in(again))
            self.queued += back
            self.played -= back

    def close(self) -> None:
        """No further sentence is made or taken."""
        self.open = False
        close = getattr(self.source, "close", None)
        if close is not None:
            close()  # lets a generator release what it holds
        self.source = iter(())

    def lost(self) -> str:
        """What was not heard: of the turn's text where that is known, else of what was made."""
        if self.text is not None:
            words, heard = self.text.split(), len(self.heard)
            if words[:heard] == self.heard:
                return text_of(words[heard:])
        return text_of([*(word.text for word in self.words), *self.dropped])


def text_of(words: Iterable[str]) -> str:
    """Words as one line."""
    return " ".join(words)
