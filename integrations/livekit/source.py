"""The room as the source of a meeting, and ears that follow who is in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from integrations.livekit.contact import Contact
from integrations.livekit.echo import EchoGuard
from integrations.livekit.tracks import Tracks
from moderator.audio import AudioChunk
from moderator.ears.utterances import GateOptions
from moderator.events import Heard
from moderator.timeline import TICK, LiveClock, Samples, to_samples

if TYPE_CHECKING:
    from integrations.livekit.models import SharedDiarization
    from integrations.livekit.shared import SharedMicrophones
    from moderator.ears.background import BackgroundRecogniser
    from moderator.ears.listener import Listener
    from moderator.ears.loading import EarModels

LINGER = to_samples(3.0)
"""How long a track that has gone is still listened to: its last words are being recognised."""


GATE = GateOptions(hang_s=0.1, pause_s=0.3)
"""An utterance ends sooner than in a replay: somebody may be waiting for an answer."""


class RoomSource:
    """Ticks of 100 ms of wall-clock time with what each person said in them.

    Args:
        tracks: bring the audio.
        clock: the meeting's.
        ended: set when the meeting is over.
        echo: takes the agent's own voice off what people's microphones bring.
        contact: is shown all that comes.
    """

    def __init__(
        self,
        tracks: Tracks,
        clock: LiveClock,
        ended: asyncio.Event,
        echo: EchoGuard,
        contact: Contact,
    ) -> None:
        self._tracks, self._clock, self._ended = tracks, clock, ended
        self._echo, self._contact = echo, contact

    async def ticks(self) -> AsyncIterator[tuple[Samples, Sequence[AudioChunk]]]:
        """One tick after the other until the meeting is over; late ones follow at once."""
        now: Samples = 0
        early: list[AudioChunk] = []
        self._clock.start()
        while not self._ended.is_set():
            now += TICK
            await self._clock.wait_until(now)
            due, early = until([*early, *await self._come()], now)
            yield now, due

    async def _come(self) -> list[AudioChunk]:
        """What came since the last tick, without the agent's own voice."""
        chunks = self._tracks.drain()
        self._contact.take(chunks)
        if not self._echo.concerns(chunks):
            return chunks
        self._echo.forget(self._tracks.heard)
        return await asyncio.to_thread(self._echo.clean, chunks)


def until(chunks: Sequence[AudioChunk], now: Samples) -> tuple[list[AudioChunk], list[AudioChunk]]:
    """What belongs to the ticks until `now`, or the one after; and the rest.

    A loop that was held up gets its audio at once but goes through its ticks one by one.
    """
    due, early = [], []
    limit = now + TICK
    for chunk in chunks:
        if chunk.end <= limit:
            due.append(chunk)
            continue
        cut = max(0, limit - chunk.start)
        if cut:
            due.append(AudioChunk(chunk.track, chunk.start, chunk.samples[:cut]))
        early.append(AudioChunk(chunk.track, chunk.start + cut, chunk.samples[cut:]))
    return due, early


class RoomEars:
    """Ears with a source for everybody who is heard; satisfies `moderator.ears.base.Ears`.

    Args:
        listener: hears.
        models: make the sources.
        recogniser: the one behind the models, which is waited for at the end.
        diarization: tells voices on a shared microphone apart.
        shared: knows whose microphone is shared.
        present: who is in the room and may be heard.
        allowed: whether somebody may be heard; nothing of others leaves these ears.
    """

    def __init__(
        self,
        listener: Listener,
        models: EarModels,
        recogniser: BackgroundRecogniser,
        diarization: SharedDiarization,
        shared: SharedMicrophones,
        present: Callable[[], frozenset[str]],
        allowed: Callable[[str], bool],
    ) -> None:
        self._listener, self._models, self._recogniser = listener, models, recogniser
        self._diarization, self._shared = diarization, shared
        self._present, self._allowed = present, allowed
        self._gone: dict[str, Samples] = {}
        self._as_shared: dict[str, bool] = {}

    def hear(self, now: Samples, chunks: Sequence[AudioChunk]) -> Heard:
        """Takes what arrived until `now`; whoever speaks for the first time gets a source."""
        allowed = [chunk for chunk in chunks if self._allowed(chunk.track)]
        for chunk in allowed:
            self._gone.pop(chunk.track, None)
            if chunk.track not in self._listener.sources:
                self._add(chunk)
        known = frozenset(self._listener.sources)
        self._drop(now)
        return self._clean(self._listener.hear(now, [c for c in allowed if c.track in known]))

    def finish(self, now: Samples) -> Heard:
        """Ends all streams and waits for their last words."""
        self._recogniser.patient = True
        return self._clean(self._listener.finish(now))

    def _add(self, chunk: AudioChunk) -> None:
        """Hears one more track; a shared one as soon as diarization is loaded."""
        name = chunk.track
        shares = self._shared.shares(name)
        if not shares or self._diarization.failed:
            own = self._models.own_track(name, start=chunk.start, gate=GATE)
            self._listener.add(own)
        elif (diarizer := self._diarization.open()) is not None:
            prefix = self._shared.prefix(name)
            self._listener.add(
                self._models.shared_mic(name, diarizer, start=chunk.start, gate=GATE, prefix=prefix)
            )
        self._as_shared[name] = shares

    def _drop(self, now: Samples) -> None:
        """Takes out who refused, at once, and who has gone, when their last words are known.

        Who begins or ceases to share their microphone gets another source with the next audio.
        """
        present = self._present()
        for name in self._listener.sources:
            if not self._allowed(name):
                self._listener.remove(name, forget=True)
            elif self._as_shared[name] != self._shared.shares(name):
                self._listener.remove(name)
            elif name not in present and now - self._gone.setdefault(name, now) >= LINGER:
                self._listener.remove(name)
                del self._gone[name]

    def _clean(self, heard: Heard) -> Heard:
        """Without what was on its way when somebody refused."""

        def ok(speaker: str) -> bool:
            return self._allowed(self._shared.microphone_of(speaker))

        return replace(
            heard,
            speaking=frozenset(name for name in heard.speaking if ok(name)),
            activities=tuple(piece for piece in heard.activities if ok(piece.speaker)),
            words=tuple(word for word in heard.words if ok(word.speaker)),
            partials={name: text for name, text in heard.partials.items() if ok(name)},
        )
