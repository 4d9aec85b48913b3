"""Audio frames of a track, as the client library brings them."""

from __future__ import annotations

import sys

from livekit import rtc
from livekit.rtc._ffi_client import FfiClient

SWITCH_S = 0.0005
"""How long one thread may keep the interpreter from the others, in seconds."""


def switch_often() -> None:
    """Has the threads of this process alternate more often than Python's 5 ms.

    Every event of the client library takes the interpreter for a moment, and so does every step of
    a model that hears. Where many come, as when somebody floods the room, each waits for the other
    for those 5 ms, and a tick takes 120 ms where 20 are computed.
    """
    sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH_S))


class TrackFrames(rtc.AudioStream):
    """A stream that is woken by its own track's frames alone.

    The library's own is handed the frames of every stream in the process and drops what is not
    its own, so that a worker's cost grows with the square of its tracks: 16 tracks of 20 ms frames
    make 12,800 wake-ups a second (findings/every_frame_wakes_every_stream.sh).

    Args:
        track: whose audio.
        sample_rate: it is resampled to this.
        frame_ms: length of a frame in milliseconds.
        capacity: frames that may wait to be read; then the oldest go.
    """

    def __init__(
        self, track: rtc.Track, sample_rate: int, frame_ms: int, capacity: int = 0
    ) -> None:
        super().__init__(track, None, capacity, sample_rate, 1, frame_ms)
        own, events = self._ffi_handle.handle, FfiClient.instance.queue
        # The task that reads the queue has not begun yet: it will read this one.
        events.unsubscribe(self._ffi_queue)
        self._ffi_queue = events.subscribe(
            self._loop, lambda event: event.audio_stream_event.stream_handle == own
        )
