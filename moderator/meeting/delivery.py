"""Delivers a granted turn: words from the mind, sound from the voice, out through the playout."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from moderator.audio import Waveform
from moderator.errors import MindError, Substituted, VoiceError
from moderator.events import Failure, Part, PartChanged, Proposal, TurnEnded, TurnStarted
from moderator.journal.lines import Event
from moderator.meeting.aside import Aside
from moderator.meeting.calls import Calls
from moderator.mind.base import MindSession, cited_by, looked_up_by, quoted_by
from moderator.mouth.base import Sentence, Voice
from moderator.mouth.believed import believed
from moderator.mouth.playout import Feed, Playout
from moderator.mouth.sentences import sentences, split
from moderator.timeline import TICK, Samples, Stopwatch, to_samples
from moderator.tool_calls import ToolCalled

if TYPE_CHECKING:
    from moderator.meeting.settings import Settings


FIRST_WITHIN_S = 0.05
"""A live turn whose first sentence is there this soon begins in the tick that granted it. What the
tick is late by is less than the silence that a published turn begins with, and one more tick."""

HAND_WITHIN_S = 0.03
"""A raised hand has no words to wait for."""

MUTE_AFTER = 2
"""A voice that failed so often in a row has failed for good; one that hangs has at once."""

PREPARED_EVERY = to_samples(0.2)
"""Words that change are made into sound this often, before it is known whether they are said."""


class Delivery:
    """The agent's turns, one at a time.

    Args:
        session: composes the words.
        voice: speaks them; None: nothing is ever played.
        settings: a live meeting does not wait for words, honest latency delays the first sound.
        stopwatch: gets the computing time.
        turns: that there were before.
    """

    def __init__(
        self,
        session: MindSession,
        voice: Voice | None,
        settings: Settings,
        stopwatch: Stopwatch,
        turns: int = 0,
    ) -> None:
        self._session, self._voice = session, voice
        self._live, self._honest = settings.live, settings.honest_latency
        self._watch = stopwatch
        self._playout = Playout()
        self._task: asyncio.Task[None] | None = None
        self._turns = turns
        self._silent_until: Samples = 0
        self._taken: Samples = 0
        self._quiet = True
        self._events: list[Event] = []
        self._preparing: asyncio.Task[None] | None = None
        self._prepared: tuple[str, Samples] = ("", -PREPARED_EVERY)
        self._granted: tuple[MindSession, Proposal] | None = None
        self._quotes: frozenset[str] = frozenset()
        self._calls = Calls()
        self._aside = Aside(settings.voice_within_s, "voice")
        self._now: Samples = 0
        self._failed = 0

    def change(self, session: MindSession, voice: Voice | None) -> None:
        """From now on another session composes and another voice speaks; no turn goes on."""
        self._session, self._voice = session, voice

    async def raise_hand(self, proposal: Proposal) -> str:
        """What the raised hand is for, in words to be shown.

        Raises:
            MindError: the mind found no words, or not at once in a live meeting.
        """
        try:
            async with asyncio.timeout(HAND_WITHIN_S if self._live else None):
                return " ".join([piece async for piece in self._session.compose(proposal)])
        except TimeoutError:
            raise MindError("it does not answer") from None

    async def start(self, proposal: Proposal, now: Samples) -> None:
        """Begins a turn; its sound comes out of the next `take`s.

        Raises:
            MindError: the mind found no words.
        """
        self._turns += 1
        self._granted, self._quotes = (self._session, proposal), frozenset()
        self._calls.begin(self._turns)
        if self._voice is None:
            self._drop(now)
            return
        if self._live:
            feed = self._playout.start(self._turns, proposal.act, proposal.addressee)
            first = asyncio.Event()
            work = self._write(feed, proposal, now, first)
            self._task = asyncio.create_task(work, name=f"turn {self._turns}")
            with suppress(TimeoutError):
                async with asyncio.timeout(FIRST_WITHIN_S):
                    await first.wait()
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

    def prepare(self, words: str | None, now: Samples) -> None:
        """Makes the sound of the first sentence of what may be said soon; the voice keeps it.

        Only in a live meeting: a replay loses no time by making it when it is said.

        Args:
            words: the whole turn; None: nothing is foreseen.
            now: meeting time.
        """
        before, at = self._prepared
        busy = self._preparing is not None and not self._preparing.done()
        if not (self._live and self._voice and words) or busy or self._playout.playing:
            return
        if words == before or now - at < PREPARED_EVERY:
            return
        self._prepared = words, now
        self._preparing = asyncio.create_task(self._speak_first(words), name="prepare")

    async def _speak_first(self, words: str) -> None:
        with suppress(VoiceError):  # the turn will tell
            for sentence in split(words)[:1]:
                async for _ in self._sound(sentence):
                    pass

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

    async def _write(
        self, feed: Feed, proposal: Proposal, now: Samples, first: asyncio.Event
    ) -> None:
        """Writes and speaks sentence by sentence while the turn is already playing.

        Args:
            feed: takes the sentences.
            proposal: what was granted.
            now: meeting time.
            first: set when there is something to play, or nothing will come.
        """
        assert self._voice is not None
        self._quiet = False
        try:
            async for text in sentences(self._session.compose(proposal)):
                async with aclosing(self._spoken(text)) as parts:
                    async for part in parts:
                        if not feed.put(part):
                            return
                        first.set()
        except MindError as error:
            self._events.append(Failure(max(now, self._now), "mind", str(error)))
        except VoiceError as error:
            self._events.append(Failure(max(now, self._now), Part.VOICE.value, str(error)))
        finally:
            feed.end()
            first.set()

    async def _spoken(self, text: str) -> AsyncGenerator[Sentence, None]:
        """The sound of a sentence that is granted; whether there is any is told.

        Raises:
            VoiceError: there is none, or no more of it.
        """
        try:
            async with aclosing(self._sound(text)) as parts:
                async for part in parts:
                    self._sounds()
                    yield part
        except VoiceError as error:
            before, self._failed = self._failed, self._failed + 1
            if isinstance(error.__cause__, TimeoutError):
                self._failed = max(self._failed, MUTE_AFTER)
            if before < MUTE_AFTER <= self._failed:
                self._events.append(PartChanged(self._now, Part.VOICE, up=False))
            raise
        self._sounds()

    def _sounds(self) -> None:
        """The voice works, or another one in its place, and what failed of it is told."""
        if isinstance(self._voice, Substituted):
            told = self._voice.take_failures()
            self._events += [Failure(self._now, Part.VOICE.value, what) for what in told]
        if self._failed >= MUTE_AFTER:
            self._events.append(PartChanged(self._now, Part.VOICE, up=True))
        self._failed = 0

    async def _sound(self, text: str) -> AsyncGenerator[Sentence, None]:
        """Raises `VoiceError`, with nothing of the text in it, where the voice fails or hangs."""
        assert self._voice is not None
        voice, loop = self._voice, asyncio.get_running_loop()
        made: asyncio.Queue[Sentence | None] = asyncio.Queue()
        dropped = threading.Event()

        def speak() -> None:
            with self._watch.phase("voice"):
                for part in believed(voice.say(text)):
                    if dropped.is_set():
                        return
                    with suppress(RuntimeError):  # the meeting is over and its loop closed
                        loop.call_soon_threadsafe(made.put_nowait, part)

        work = asyncio.create_task(self._aside.run(speak), name="voice")
        work.add_done_callback(lambda _: made.put_nowait(None))
        try:
            while (part := await made.get()) is not None:
                yield part
            await work
        except VoiceError:
            raise
        except TimeoutError as error:
            raise VoiceError("it does not answer") from error
        except Exception as error:
            raise VoiceError(f"it failed ({type(error).__name__})") from error
        finally:
            dropped.set()
            work.cancel()

    def take(self, now: Samples) -> Waveform | None:
        """The agent's samples from `now` on, ``(TICK,)``; None while there is nothing to play."""
        self._now = now
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

    def finish_by(self, now: Samples, at: Samples) -> None:
        """Has the turn, if there is one, end before `at`, at a sentence where one ends by then."""
        if self._playout.playing:
            now = max(now, self._taken)
            self._playout.finish_by(now, max(now, at))

    def cut(self, now: Samples) -> None:
        """Ends the turn, if there is one, at `now` or where the samples already taken end."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._playout.playing:
            self._events += [*self._playout.drain(), self._playout.cut(max(now, self._taken))]

    def quotes(self, heard: Collection[str]) -> frozenset[str]:
        """Ids of people whose words the turn under way, or the last one, may hold.

        Args:
            heard: everybody who was heard so far.
        """
        if self._granted is not None:
            found = quoted_by(*self._granted)
            self._quotes |= frozenset(heard) if found is None else found
        return self._quotes

    def events(self, heard: Collection[str]) -> list[Event]:
        """What happened to the agent's turns since the last call; `heard` as for `quotes`."""
        own, self._events = [*self._events, *self._playout.drain()], []
        ended = any(isinstance(event, TurnEnded) for event in own)
        calls = looked_up_by(*self._granted) if self._granted is not None else ()
        found: list[Event] = []
        for event in self._calls.events(calls, self._now, ended=ended):
            quotes = tuple(sorted(self.quotes(heard))) if isinstance(event, ToolCalled) else ()
            found.append(replace(event, quotes=quotes) if isinstance(event, ToolCalled) else event)
        return [*found, *(self._attributed(event, heard) for event in own)]

    def _attributed(self, event: Event, heard: Collection[str]) -> Event:
        """A turn's beginning and end say whose words it may hold."""
        if isinstance(event, TurnStarted | TurnEnded):
            event = replace(event, quotes=tuple(sorted(self.quotes(heard))))
        if isinstance(event, TurnEnded):
            lines = cited_by(*self._granted) if self._granted is not None else ()
            calls = self._calls.cited
            event, self._granted = replace(event, lines=lines, calls=calls), None
        return event

    async def close(self) -> None:
        """Drops a turn that is still being written, or prepared."""
        for task in (self._task, self._preparing):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
