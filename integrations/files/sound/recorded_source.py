"""Recordings as the source of a meeting, and its files as the sink."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

import numpy as np

from integrations.files.sound.audio import AudioFile
from integrations.files.sound.wav import WavWriter
from moderator.audio import AudioChunk, Waveform
from moderator.ears.ahead import LEAST
from moderator.timeline import SAMPLE_RATE, TICK, Samples

SHARED = "room"
"""Track id of a recording of everybody."""

Progress = Callable[[float], None]
"""Is told how many seconds of the meeting have gone by since the last call."""


Tick: TypeAlias = tuple[Samples, Sequence[AudioChunk]]
"""The end of a tick as meeting time, and what each recording brought."""

AHEAD = 120 * SAMPLE_RATE // TICK
"""Ticks that are read before they are due, where somebody wants to know them."""


class Foresees(Protocol):
    """Wants to know what comes, `LEAST` ticks of `moderator.ears.ahead` or more before it does."""

    def foresee(self, now: Samples, chunks: Sequence[AudioChunk], *, last: bool = False) -> None:
        """Is told a tick; `last`: the meeting ends there."""
        ...


class RecordedSource:
    """Recordings that began together, tick by tick until the longest one ends.

    Args:
        tracks: by track id; without any, the source is silence of `duration`.
        duration: how long a source without recordings lasts.
        progress: told once a second of meeting time.
        seer: is told ticks up to `AHEAD` before they come; None: nobody.
    """

    def __init__(
        self,
        tracks: Mapping[str, AudioFile],
        duration: Samples,
        progress: Progress,
        seer: Foresees | None = None,
    ) -> None:
        self._tracks, self._duration, self._progress = tracks, duration, progress
        self._seer = seer

    async def ticks(self) -> AsyncIterator[Tick]:
        """Per tick its end as meeting time, and what each recording brought."""
        for now, chunks in self._read() if self._seer is None else self._foreseen(self._seer):
            yield now, chunks
            if now % SAMPLE_RATE == 0:
                self._progress(1.0)

    def _foreseen(self, seer: Foresees) -> Iterator[Tick]:
        """The same ticks, told to somebody beforehand: few at first, so that the meeting begins.

        The recordings are read twice, which costs little, and no sound is kept between.
        """
        coming, room, count, now = self._read(), LEAST, 0, 0
        last, error = False, None
        for index, tick in enumerate(self._read()):
            while not last and error is None and count <= index + room:
                try:
                    following = next(coming, None)
                    last = following is None
                    now, chunks = following or (now, ())
                    seer.foresee(now, chunks, last=last)
                except Exception as found:  # it is for when the meeting has come there
                    error = found
                else:
                    count += 1
            if error is not None and index >= count:
                raise error
            room = min(room + 2, AHEAD)
            yield tick

    def _read(self) -> Iterator[Tick]:
        now: Samples = 0
        blocks = {name: file.blocks(TICK) for name, file in self._tracks.items()}
        while blocks or now < self._duration:
            chunks = _next_chunks(blocks, now)
            if not chunks and now >= self._duration:
                return
            now += TICK
            yield now, chunks


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
