"""Delivers a granted turn: words from the mind, sound from the voice, out through the playout."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from moderator.audio import Waveform
from moderator.errors import MindError
from moderator.events import Failure, Proposal, TurnEnded
from moderator.journal import Event
from moderator.mind.base import MindSession
from moderator.mouth.base import Sentence, Voice
from moderator.mouth.playout import Feed, Playout
from moderator.mouth.sentences import sentences
from moderator.timeline import TICK, Samples, Stopwatch, to_samples

if TYPE_CHECKING:
    from moderator.meeting import Settings


class Delivery:
    """The agent's turns, one at a time.

    Args:
        session: composes the words.
        voice: speaks them; None: nothing is ever played.
        settings: a live meeting does not wait for words, honest latency delays the first sound.
        stopwatch: gets the computing time.
    """

    def __init__(
        self, session: MindSession, voice: Voice | None, settings: Settings, stopwatch: Stopwatch
    ) -> None:
        self._session, self._voice = session, voice
        self._live, self._honest = settings.live, settings.honest_latency
        self._watch = stopwatch
        self._playout = Playout()
        self._task: asyncio.Task[None] | None = None
        self._turns = 0
        self._silent_until: Samples = 0
        self._taken: Samples = 0
        self._quiet = True
        self._events: list[Event] = []

    def change(self, session: MindSession, voice: Voice | None) -> None:
        """From now on another session composes and another voice speaks; no turn goes on."""
        self._session, self._voice = session, voice

    async def raise_hand(self, proposal: Proposal) -> str:
        """What the raised hand is for, in words to be shown."""
        return " ".join([piece async for piece in self._session.compose(proposal)])

    async def start(self, proposal: Proposal, now: Samples) -> None:
        """Begins a turn; its sound comes out of the next `take`s.

        Raises:
            MindError: the mind found no words.
        """
        self._turns += 1
        if self._voice is None:
            self._drop(now)
            return
        if self._live:
            feed = self._playout.start(self._turns, proposal.act, proposal.addressee)
            work = self._write(feed, proposal, now)
            self._task = asyncio.create_task(work, name=f"turn {self._turns}")
            return
        with self._watch.phase("mind") as writing:
            text = await self._words(proposal, now)
        if not text:
            return
        with self._watch.phase("voice") as speaking:
            spoken = self._voice.say(text)
            self._playout.start(self._turns, proposal.act, proposal.addressee, spoken, text=text)
        if self._honest:
            self._silent_until = now + to_samples(writing.elapsed + speaking.elapsed)
        self._quiet = False

    async def _words(self, proposal: Proposal, now: Samples) -> str:
        """All words of a turn, cleaned; a turn without any is over before it began."""
        text = ""
        try:
            text = " ".join([part async for part in sentences(self._session.compose(proposal))])
        finally:
            if not text:
                self._drop(now)
        return text

    def _drop(self, now: Samples) -> None:
        self._events.append(TurnEnded(now, self._turns, "", ""))

    async def _write(self, feed: Feed, proposal: Proposal, now: Samples) -> None:
        """Writes and speaks sentence by sentence while the turn is already playing."""
        assert self._voice is not None
        self._quiet = False
        try:
            async for text in sentences(self._session.compose(proposal)):
                for sentence in await asyncio.to_thread(self._speak, text):
                    if not feed.put(sentence):
                        return
        except MindError as error:
            self._events.append(Failure(now, "mind", str(error)))
        finally:
            feed.end()

    def _speak(self, text: str) -> list[Sentence]:
        assert self._voice is not None
        with self._watch.phase("voice"):
            return list(self._voice.say(text))

    def take(self, now: Samples) -> Waveform | None:
        """The agent's samples from `now` on, ``(TICK,)``; None while there is nothing to play."""
        if self._quiet or now < self._silent_until:
            return None
        silent = self._playout.silent
        with self._watch.phase("voice"):
            own = self._playout.take(now, TICK)
        self._taken = now + TICK
        self._quiet = not self._playout.playing and not own[-1:].any()
        return None if silent else own

    def pause(self, now: Samples) -> None:
        """Silences the turn, if there is one, at `now` or where the samples already taken end."""
        if self._playout.playing:
            self._playout.pause(max(now, self._taken))

    def go_on(self) -> None:
        """Goes on with the turn that was paused, if it is not over."""
        if self._playout.playing:
            self._playout.go_on()

    def cut(self, now: Samples) -> None:
        """Ends the turn, if there is one, at `now` or where the samples already taken end."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._playout.playing:
            self._events += [*self._playout.drain(), self._playout.cut(max(now, self._taken))]

    def events(self) -> list[Event]:
        """What happened to the agent's turns since the last call."""
        own, self._events = self._events, []
        return [*own, *self._playout.drain()]

    async def close(self) -> None:
        """Drops a turn that is still being written."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
