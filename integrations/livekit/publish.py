"""The agent's voice in the room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from livekit import rtc

from moderator.audio import AudioChunk, Waveform, silence, to_pcm16
from moderator.events import Decision
from moderator.journal.lines import Event
from moderator.timeline import FRAME, SAMPLE_RATE, LiveClock, Samples, to_samples

QUEUE_MS = 200

TRACK_NAME = "moderator (synthetic voice)"
"""Front-ends show it, and egress writes it down: nobody is to take the voice for a person's."""

LEAD = to_samples(0.04)
"""Silence before a turn: what the next tick may be late by without being heard as a gap."""

GAP = to_samples(0.015)
"""Frames that follow each other within this are one stream; a queue that ran dry leaves more."""


class Publisher:
    """Plays the agent's samples in the room; the sink of a meeting, and an observer of it.

    When the agent pauses or is cut off, what waits in the queue is dropped: at most
    140 ms of its voice.

    Args:
        clock: the meeting's.
        said: told what leaves for the room, and at what meeting time.
    """

    def __init__(self, clock: LiveClock, said: Callable[[Samples, Waveform], None]) -> None:
        self._clock, self._said = clock, said
        self._source: rtc.AudioSource | None = None
        self._waiting: asyncio.Queue[Waveform] = asyncio.Queue(maxsize=50)
        self._task: asyncio.Task[None] | None = None
        self._playing = False
        self.dropped: Samples = 0
        """What was spoken faster than it could be sent, and was not."""

    async def publish(self, room: rtc.Room) -> None:
        """Publishes the agent's microphone; again after the room was joined anew."""
        await self.close()
        self._source = rtc.AudioSource(SAMPLE_RATE, 1, queue_size_ms=QUEUE_MS)
        track = rtc.LocalAudioTrack.create_audio_track(TRACK_NAME, self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        await room.local_participant.publish_track(track, options)
        self._task = asyncio.create_task(self._play(self._source), name="publish")

    def take(self, start: Samples, chunks: Sequence[AudioChunk], own: Waveform | None) -> None:
        """Takes one tick of the agent's voice."""
        if own is None:
            self._playing = False
            return
        if not self._playing:
            self._put(silence(LEAD))
        self._playing = True
        self._put(own)

    def __call__(self, event: Event) -> None:
        """Empties the queue when the agent pauses or is cut off."""
        if isinstance(event, Decision) and event.silences:
            self.clear()

    def clear(self) -> None:
        """Drops what has not been played."""
        while not self._waiting.empty():
            self._waiting.get_nowait()
        if self._source is not None:
            self._source.clear_queue()

    async def close(self) -> None:
        """Stops playing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._source is not None:
            await self._source.aclose()
            self._source = None

    def _put(self, samples: Waveform) -> None:
        if self._waiting.full():
            self.dropped += len(samples)
        else:
            self._waiting.put_nowait(samples)

    async def _play(self, source: rtc.AudioSource) -> None:
        due: Samples = 0
        while True:
            samples = await self._waiting.get()
            for first in range(0, len(samples), FRAME):
                part = samples[first : first + FRAME]
                at = self._clock.now() + to_samples(source.queued_duration)
                at = due if abs(at - due) < GAP else at
                self._said(at, part)
                due = at + len(part)
                frame = rtc.AudioFrame(to_pcm16(part).tobytes(), SAMPLE_RATE, 1, len(part))
                await source.capture_frame(frame)
