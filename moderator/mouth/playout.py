"""Plays the agent's turns on meeting time and knows which words were really heard."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from moderator.audio import Waveform, fade_in, fade_out, silence
from moderator.events import TurnEnded, TurnStarted, WordPlayed
from moderator.mouth.base import Sentence, SpokenWord
from moderator.timeline import FRAME, TICK, Samples, to_samples
from roles.schema import Act

PlayoutEvent: TypeAlias = TurnStarted | WordPlayed | TurnEnded

PAUSE = to_samples(0.2)
"""Silence between two sentences, about what a reader makes."""

LONGEST_WORD = to_samples(1.0)
"""A turn that goes on after a pause says at most this much again."""


@dataclass(eq=False)
class _Turn:
    """What is left to play of a turn.

    Attributes:
        source: sentences that are made when they are needed.
        open: more sentences may still be put in by hand.
        audio: parts not yet played.
        queued: samples in `audio`.
        words: words not yet heard to their end, with times from the turn's first sample.
        heard: words heard to their end.
        made: samples of the turn so far, pauses and what was played included.
        played: samples of the turn played so far.
        started: the first sample has been played.
        recent: what was played last, as long as a word may be.
        paused: where its sound ended, until it goes on.
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
    made: Samples = 0
    played: Samples = 0
    started: bool = False
    recent: Waveform = field(default_factory=lambda: silence(0))
    paused: Samples | None = None


class Feed:
    """Puts sentences into one turn; when that turn is over, it puts them nowhere."""

    def __init__(self, playout: Playout, turn: _Turn) -> None:
        self._playout, self._turn = playout, turn

    @property
    def live(self) -> bool:
        """The turn is still playing."""
        return self._playout.holds(self._turn)

    def put(self, sentence: Sentence) -> bool:
        """Adds a sentence.

        Returns:
            False if the turn is over and the sentence was dropped.
        """
        if not self.live or not self._turn.open:
            return False
        _append(self._turn, sentence, self._playout.between)
        return True

    def end(self) -> None:
        """Says that nothing more will come: the turn ends when all of it has been played."""
        self._turn.open = False


class Playout:
    """The agent's side of the floor: one turn at a time, sample by sample.

    Pure on meeting time: the caller asks for the samples of each stretch in order. Events are
    collected and fetched with `drain`. Each turn has one `TurnEnded`; `TurnStarted` comes with its
    first sample, so a turn that never sounded has none.

    Args:
        pause: silence between two sentences.
        low_water: the next sentence is made when fewer samples than this are ready.
    """

    def __init__(self, *, pause: Samples = PAUSE, low_water: Samples = TICK) -> None:
        self.between = pause
        self._low_water = low_water
        self._turn: _Turn | None = None
        self._tail: Waveform = silence(0)
        self._events: list[PlayoutEvent] = []
        self._now: Samples = 0

    @property
    def playing(self) -> bool:
        """A turn has been started and is not over."""
        return self._turn is not None

    @property
    def silent(self) -> bool:
        """The turn is paused and nothing of it sounds any more."""
        paused = self._turn is not None and self._turn.paused is not None
        return paused and not len(self._tail)

    @property
    def turn(self) -> int | None:
        """Number of the turn that is playing."""
        return self._turn.number if self._turn else None

    def holds(self, turn: object) -> bool:
        """This very turn is the one playing; for `Feed`."""
        return self._turn is not None and self._turn is turn

    def start(
        self,
        turn: int,
        act: Act,
        addressee: str | None = None,
        sentences: Iterable[Sentence] | None = None,
        *,
        text: str | None = None,
    ) -> Feed:
        """Starts a turn; its first sample is the first one of the next `take`.

        Args:
            turn: its number.
            act: what it is for.
            addressee: whom it is addressed to.
            sentences: its sentences, made one by one when they are needed; None: they come through
                the feed, and the turn lasts until `Feed.end`.
            text: all its words, where they are known beforehand; then what was never made counts as
                lost when the turn is cut.

        Returns:
            The way to put sentences in by hand; dead once the turn is over.

        Raises:
            RuntimeError: another turn is playing; cut it first.
        """
        if self._turn is not None:
            raise RuntimeError(f"turn {self._turn.number} is still playing: cut it first")
        source = iter(()) if sentences is None else iter(sentences)
        self._turn = _Turn(turn, act, addressee, source, sentences is None, text)
        return Feed(self, self._turn)

    def take(self, now: Samples, n: Samples) -> Waveform:
        """The samples of meeting time `now` to `now + n`, shape ``(n,)``; silence where none are.

        What the maker of the sentences raises is passed on before anything is played: the caller
        can cut the turn at `now`.

        Raises:
            ValueError: `now` lies before what was already taken, or, in a turn, behind it.
        """
        self._check_time(now)
        if self._turn is not None:
            self._refill(self._turn, max(n, self._low_water))
        self._now = now + n
        out = silence(n)
        filled = min(len(self._tail), n)
        out[:filled] = self._tail[:filled]
        self._tail = self._tail[filled:]
        while filled < n and self._turn is not None and self._turn.paused is None:
            turn = self._turn
            if not turn.queued:
                if turn.open:
                    break  # Starved: the next sentence is still being written.
                self._finish(turn, now + filled)
                break
            part = _next_part(turn, n - filled)
            self._begin(turn, now + filled)
            out[filled : filled + len(part)] = part
            turn.recent = np.concatenate([turn.recent, part])[-LONGEST_WORD:]
            self._advance(turn, len(part), now + filled)
            filled += len(part)
        return out

    def cut(self, now: Samples) -> TurnEnded:
        """Ends the turn: from `now` on its sound fades within one frame, then there is silence.

        The fade comes out of the next `take`. The event is returned and is not among those that
        `drain` gives. What was never made is in `lost` only if `start` was given the text.

        Args:
            now: the end of what was last taken.

        Raises:
            RuntimeError: no turn is playing.
            ValueError: `now` is not the end of what was taken.
        """
        turn = self._turn
        if turn is None:
            raise RuntimeError("no turn is playing")
        self._check_time(now)
        self._now = now
        self._turn = None
        _close(turn.source)
        if turn.paused is None:
            self._fade(turn)
        ended = now + len(self._tail) if turn.paused is None else turn.paused
        return TurnEnded(ended, turn.number, _text(turn.heard), _lost(turn))

    def pause(self, now: Samples) -> None:
        """Silences the turn: its sound fades within one frame, and waits.

        The fade comes out of the next `take`. A turn that has not begun to sound waits as well. If
        the turn is cut in its pause, it ended where the pause began.

        Args:
            now: the end of what was last taken.

        Raises:
            RuntimeError: no turn is playing, or it is paused already.
            ValueError: `now` is not the end of what was taken.
        """
        turn = self._turn
        if turn is None or turn.paused is not None:
            raise RuntimeError("no turn is playing that could pause")
        self._check_time(now)
        self._now = now
        self._fade(turn)
        turn.paused = now + len(self._tail)

    def go_on(self) -> None:
        """Goes on with the paused turn, from the beginning of the word that the pause cut.

        Raises:
            RuntimeError: no turn is paused.
        """
        turn = self._turn
        if turn is None or turn.paused is None:
            raise RuntimeError("no turn is paused")
        turn.paused = None
        if turn.words and turn.words[0].start < turn.played:
            back = min(turn.played - turn.words[0].start, len(turn.recent))
            again, turn.recent = turn.recent[-back:], turn.recent[:-back]
            turn.audio.appendleft(fade_in(again))
            turn.queued += back
            turn.played -= back

    def _fade(self, turn: _Turn) -> None:
        """What is left to hear of a turn that falls silent."""
        if turn.started:
            ahead = [part for part in turn.audio if len(part)]
            tail = fade_out(np.concatenate(ahead)[:FRAME]) if ahead else silence(0)
            self._tail = tail if tail.any() else silence(0)

    def drain(self) -> tuple[PlayoutEvent, ...]:
        """The events since the last call, in order."""
        events, self._events = tuple(self._events), []
        return events

    def _check_time(self, now: Samples) -> None:
        sounding = len(self._tail) > 0 or (self._turn is not None and self._turn.started)
        if now < self._now or (sounding and now != self._now):
            raise ValueError(f"the samples up to {self._now} were taken, {now} does not follow")

    def _refill(self, turn: _Turn, wanted: Samples) -> None:
        while turn.queued < wanted:
            sentence = next(turn.source, None)
            if sentence is None:
                return
            _append(turn, sentence, self.between)

    def _begin(self, turn: _Turn, at: Samples) -> None:
        if not turn.started:
            turn.started = True
            self._events.append(TurnStarted(at, turn.number, turn.act, turn.addressee))

    def _advance(self, turn: _Turn, length: Samples, at: Samples) -> None:
        """Moves `length` samples on, which began to sound at `at`, and notes the words heard."""
        offset = at - turn.played
        turn.played += length
        while turn.words:
            word = turn.words[0]
            if word.end > turn.played:
                return
            turn.words.popleft()
            turn.heard.append(word.text)
            start, end = word.start + offset, word.end + offset
            self._events.append(WordPlayed(turn.number, word.text, start, end))

    def _finish(self, turn: _Turn, at: Samples) -> None:
        self._turn = None
        self._advance(turn, 0, at)
        self._events.append(TurnEnded(at, turn.number, _text(turn.heard), ""))


def _append(turn: _Turn, sentence: Sentence, pause: Samples) -> None:
    """Queues a sentence, behind a pause unless it is the first."""
    if turn.made and pause:
        _queue(turn, silence(pause))
    base, length = turn.made, len(sentence.samples)
    for word in sentence.words:
        end = base + min(max(word.end, 0), length)
        start = min(base + max(word.start, 0), end)
        turn.words.append(SpokenWord(word.text, start, end))
    _queue(turn, sentence.samples)


def _queue(turn: _Turn, samples: Waveform) -> None:
    turn.audio.append(samples)
    turn.queued += len(samples)
    turn.made += len(samples)


def _next_part(turn: _Turn, limit: Samples) -> Waveform:
    """Takes up to `limit` samples off the queue, which must not be empty of sound."""
    part = turn.audio.popleft()
    if len(part) > limit:
        turn.audio.appendleft(part[limit:])
        part = part[:limit]
    turn.queued -= len(part)
    return part


def _text(words: Iterable[str]) -> str:
    return " ".join(words)


def _lost(turn: _Turn) -> str:
    """What was not heard: of the turn's text where that is known, else of what was made."""
    heard = len(turn.heard)
    if turn.text is not None:
        words = turn.text.split()
        if words[:heard] == turn.heard:
            return _text(words[heard:])
    return _text(word.text for word in turn.words)


def _close(source: Iterator[Sentence]) -> None:
    """Lets a generator release what it holds."""
    close = getattr(source, "close", None)
    if close is not None:
        close()
