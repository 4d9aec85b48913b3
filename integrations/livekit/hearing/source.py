"""The room as the source of a meeting, and ears that follow who is in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING

from integrations.livekit.contact import Contact
from integrations.livekit.hearing.echo import EchoGuard
from integrations.livekit.hearing.tracks import Tracks
from moderator.audio import AudioChunk
from moderator.meeting.lateness import Lateness
from moderator.sparing import Spared
from moderator.timeline import TICK, LiveClock, Samples

if TYPE_CHECKING:
    pass


class RoomSource:
    """Ticks of 100 ms of wall-clock time with what each person said in them.

    Args:
        tracks: bring the audio.
        clock: the meeting's.
        ended: set when the meeting is over.
        echo: takes the agent's own voice off what people's microphones bring.
        contact: is shown all that comes.
        spare: told what to do without, when that changes.
        begin: meeting time at which the meeting goes on.
    """

    def __init__(
        self,
        tracks: Tracks,
        clock: LiveClock,
        ended: asyncio.Event,
        echo: EchoGuard,
        contact: Contact,
        spare: Callable[[Spared], None],
        begin: Samples = 0,
    ) -> None:
        self._begin = begin
        self._tracks, self._clock, self._ended = tracks, clock, ended
        self._echo, self._contact = echo, contact
        self._lateness, self._spare = Lateness(), spare

    async def ticks(self) -> AsyncIterator[tuple[Samples, Sequence[AudioChunk]]]:
        """One tick after the other until the meeting is over; late ones follow at once."""
        now = self._begin
        early: list[AudioChunk] = []
        self._clock.start(now)
        while not self._ended.is_set():
            now += TICK
            await self._clock.wait_until(now)
            spared = self._lateness.take(self._clock.now(), self._clock.now() - now)
            if spared is not None:
                self._spare(spared)
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
