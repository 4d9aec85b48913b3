"""Plays the agent's turns on meeting time and knows which words were really heard."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np

from moderator.audio import Waveform, fade_out, silence
from moderator.events import TurnEnded, TurnStarted, WordPlayed
from moderator.mouth.base import Sentence
from moderator.mouth.turn import LONGEST_WORD, Turn, text_of
from moderator.timeline import FRAME, TICK, Samples, to_samples
from roles.schema import Act

PlayoutEvent: TypeAlias = TurnStarted | WordPlayed | TurnEnded

PAUSE = to_samples(0.2)
"""Silence between two sentences, about what a reader makes."""


class Feed:
    """Puts sentences into one turn; when that turn is over, it puts them nowhere."""

    def __init__(self, playout: Playout, turn: Turn) -> None:
        self._playout, self._turn = playout, turn

    @property
    def live(self) -> bool:
        """The turn is still playing."""
        return self._playout.holds(self._turn)

    def put(self, sentence: Sentence) -> bool:
        """Adds a sentence.

        Returns:
            False if the turn is over, or must be before the sentence were, and it was dropped.
        """
        if not self.live or not self._turn.open:
            return False
        return self._turn.append(sentence, self._playout.between)

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
        self._turn: Turn | None = None
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
        self._turn = Turn(turn, act, addressee, source, sentences is None, text)
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
            self._turn.refill(max(n, self._low_water), self.between)
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
            part = turn.next_part(n - filled)
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
        turn.close()
        if turn.paused is None:
            self._fade(turn)
        ended = now + len(self._tail) if turn.paused is None else turn.paused
        return TurnEnded(ended, turn.number, text_of(turn.heard), turn.lost())

    def finish_by(self, now: Samples, at: Samples) -> None:
        """Has the turn end by itself before `at`: at the end of the last sentence that fits.

        Where not even the sentence that sounds now would be over, the turn ends with its last word
        that is, else at once; it fades.

        Args:
            now: the end of what was last taken.
            at: meeting time, not before `now`.

        Raises:
            RuntimeError: no turn is playing.
            ValueError: `now` is not the end of what was taken, or `at` lies before it.
        """
        turn = self._turn
        if turn is None:
            raise RuntimeError("no turn is playing")
        self._check_time(now)
        if at < now:
            raise ValueError(f"a turn cannot end by {at}, it is {now} already")
        self._now = now
        turn.end_by(turn.played + at - now)

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
        turn.go_back()

    def _fade(self, turn: Turn) -> None:
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

    def _begin(self, turn: Turn, at: Samples) -> None:
        if not turn.started:
            turn.started = True
            self._events.append(TurnStarted(at, turn.number, turn.act, turn.addressee))

    def _advance(self, turn: Turn, length: Samples, at: Samples) -> None:
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

    def _finish(self, turn: Turn, at: Samples) -> None:
        self._turn = None
        self._advance(turn, 0, at)
        lost = turn.lost() if turn.dropped else ""
        self._events.append(TurnEnded(at, turn.number, text_of(turn.heard), lost))
