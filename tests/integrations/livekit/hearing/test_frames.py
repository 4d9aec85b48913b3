"""A track's stream is woken by its own frames alone."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from livekit.rtc._ffi_client import FfiClient

from integrations.livekit.hearing.frames import SWITCH_S, TrackFrames, switch_often

RATE, FRAME_MS = 16_000, 20


def spy(stream: TrackFrames, foreign: list[int]) -> None:
    """Notes the events of other streams that a stream is woken by."""
    own, put = stream._ffi_handle.handle, stream._ffi_queue.put_nowait

    def note(event: Any) -> None:
        if event.audio_stream_event.stream_handle != own:
            foreign.append(event.audio_stream_event.stream_handle)
        put(event)

    stream._ffi_queue.put_nowait = note


@pytest.mark.e2e
def test_a_stream_gets_its_own_track_and_nothing_of_others() -> None:
    async def run() -> None:
        sources = [rtc.AudioSource(RATE, 1) for _ in range(2)]
        tracks = [rtc.LocalAudioTrack.create_audio_track("t", source) for source in sources]
        streams = [TrackFrames(track, RATE, FRAME_MS) for track in tracks]
        foreign: list[int] = []
        for stream in streams:
            spy(stream, foreign)
        tone = (8_000 * np.sin(np.arange(RATE // 10) / 5)).astype(np.int16)
        for _ in range(5):
            await sources[0].capture_frame(rtc.AudioFrame(tone.tobytes(), RATE, 1, len(tone)))
        loud = 0
        async with asyncio.timeout(5):
            async for event in streams[0]:
                loud += int(np.abs(np.frombuffer(event.frame.data, np.int16)).max() > 1_000)
                if loud >= 10:
                    break
        for stream, source in zip(streams, sources, strict=True):
            await stream.aclose()
            await source.aclose()
        assert not foreign
        queues = FfiClient.instance.queue._subscribers
        assert not any(queue is stream._ffi_queue for queue, _, _ in queues for stream in streams)

    asyncio.run(run())


def test_threads_alternate_often_where_tracks_are_heard() -> None:
    before = sys.getswitchinterval()
    try:
        sys.setswitchinterval(0.005)
        switch_often()
        assert sys.getswitchinterval() == pytest.approx(SWITCH_S)
        sys.setswitchinterval(SWITCH_S / 10)  # an app's own choice
        switch_often()
        assert sys.getswitchinterval() < SWITCH_S
    finally:
        sys.setswitchinterval(before)
