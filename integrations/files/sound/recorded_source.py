"""Recordings as the source of a meeting, and its files as the sink."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

import numpy as np

from integrations.files.sound.audio import AudioFile
from integrations.files.sound.wav import WavWriter
from moderator.audio import AudioChunk, Waveform
from moderator.timeline import SAMPLE_RATE, TICK, Samples

SHARED = "room"
"""Track id of a recording of everybody."""

Progress = Callable[[float], None]
"""Is told how many seconds of the meeting have gone by since the last call."""


class RecordedSource:
    """Recordings that began together, tick by tick until the longest one ends.

    Args:
        tracks: by track id; without any, the source is silence of `duration`.
        duration: how long a source without recordings lasts.
        progress: told once a second of meeting time.
    """

    def __init__(
        self, tracks: Mapping[str, AudioFile], duration: Samples, progress: Progress
    ) -> None:
        self._tracks, self._duration, self._progress = tracks, duration, progress

    async def ticks(self) -> AsyncIterator[tuple[Samples, Sequence[AudioChunk]]]:
        """Per tick its end as meeting time, and what each recording brought."""
        now: Samples = 0
        blocks = {name: file.blocks(TICK) for name, file in self._tracks.items()}
        while blocks or now < self._duration:
            chunks = _next_chunks(blocks, now)
            if not chunks and now >= self._duration:
                return
            now += TICK
            yield now, chunks
            if now % SAMPLE_RATE == 0:
                self._progress(1.0)


def _next_chunks(blocks: dict[str, Iterator[Waveform]], start: Samples) -> list[AudioChunk]:
    """The next block of every recording that has not ended; ended ones are taken out."""
    chunks = []
    for name in list(blocks):
        block = next(blocks[name], None)
        if block is None:
            del blocks[name]
        else:
            chunks.append(AudioChunk(name, start, block))
    return chunks


class WavSink:
    """Writes the agent's audio, and the meeting with it mixed in.

    Args:
        agent: gets the agent's voice on the meeting's timeline.
        meeting: gets everybody's sum with the agent's.
    """

    def __init__(self, agent: WavWriter, meeting: WavWriter) -> None:
        self._agent, self._meeting = agent, meeting
        self._own: Waveform | None = None

    def take(self, start: Samples, chunks: Sequence[AudioChunk], own: Waveform | None) -> None:
        """Takes one tick; what is silent is only written when something follows."""
        before, self._own = self._own, own
        begin = start - TICK
        if before is not None:
            self._agent.pad_to(begin)
            self._agent.write(before)
        if chunks or before is not None:
            mix = np.zeros(TICK, dtype=np.float32) if before is None else before.copy()
            for chunk in chunks:
                mix[: len(chunk.samples)] += chunk.samples
            self._meeting.pad_to(begin)
            self._meeting.write(mix)

    def finish(self, duration: Samples) -> None:
        """Pads both to the meeting's length and gives them their names.

        What the agent would have said after the meeting's end is not written.
        """
        for writer in (self._agent, self._meeting):
            writer.pad_to(duration)
            writer.close()

    def abandon(self, error: BaseException) -> None:
        """Leaves them as an interrupted run does; see `WavWriter`."""
        for writer in (self._agent, self._meeting):
            writer.__exit__(type(error), error, None)
