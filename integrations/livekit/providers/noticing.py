"""LiveKit's VAD plugins as a detector of voices: a stream of its own for every track."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from weakref import finalize

import numpy as np
import numpy.typing as npt
from livekit.agents import vad

from integrations.livekit.providers.hearing import frame_of
from integrations.livekit.providers.home import Home
from moderator.audio import Waveform
from moderator.ears.vad import FRAME
from moderator.timeline import Samples, to_samples

WITHIN_S = 0.02
"""Answers are waited for so long: a tick of the meeting passes in that time for everybody."""

LATEST: Samples = to_samples(1.0)
"""A stream that is further behind what it was given does not answer."""

MOST_WAITING = 1_000


class VadDetector:
    """One track's detector; satisfies `diarize.base.VoiceActivityDetector`.

    A plugin answers in its own time: where an answer has not come yet, the one before it counts, so
    that a voice is noticed later by what the plugin is late. Its probabilities count, and not where
    it says that speech begins and ends: that is decided here, as with the embedded one.

    Args:
        plugin: of livekit-agents.
        home: where it lives.
    """

    def __init__(self, plugin: vad.VAD, home: Home) -> None:
        self._stream = _Stream(plugin, home)
        finalize(self, _Stream.close, self._stream)
        self._sent: Samples = 0
        self._last = 0.0

    @property
    def frame(self) -> int:
        """Samples a frame."""
        return FRAME

    def push(self, audio: Waveform) -> npt.NDArray[np.float32]:
        """Takes whole frames, ``(frames * frame,)``; returns ``(frames,)`` probabilities.

        Raises:
            TimeoutError: it does not answer.
            ValueError: what it answers are no probabilities.
            Exception: what it failed with.
        """
        found = np.empty(len(audio) // FRAME, np.float32)
        if not len(found):
            return found
        before, self._sent = self._sent, self._sent + len(audio)
        self._stream.push(audio)
        events = self._stream.take(self._sent, WITHIN_S)
        if self._sent - self._stream.reached > LATEST:
            raise TimeoutError("it does not answer")
        for number in range(len(found)):
            end = before + (number + 1) * FRAME
            while events and events[0][0] <= end:
                self._last = events.pop(0)[1]
            found[number] = self._last
        if events:  # its windows are not ours
            self._last = events[-1][1]
        return found


class _Stream:
    """The end of the stream that lives in the event loop."""

    def __init__(self, plugin: vad.VAD, home: Home) -> None:
        self._plugin, self._home = plugin, home
        self._come = threading.Condition()
        self._events: deque[tuple[Samples, float]] = deque(maxlen=MOST_WAITING)
        self._error: Exception | None = None
        self._stream: vad.VADStream | None = None
        self._task: asyncio.Task[None] | None = None
        self.reached: Samples = 0
        """Up to where it has answered."""
        home.call(self._open)

    def push(self, audio: Waveform) -> None:
        """Sends samples, ``(n,)``."""
        frame = frame_of(audio)

        def there() -> None:
            if self._stream is not None and self._error is None:
                try:
                    self._stream.push_frame(frame)
                except Exception as error:
                    self._failed(error)

        self._home.call(there)

    def take(self, until: Samples, within_s: float) -> list[tuple[Samples, float]]:
        """What has come: up to where, and the probability there; waits a little for the last."""
        with self._come:
            self._come.wait_for(
                lambda: self.reached > until - FRAME or self._error is not None, within_s
            )
            found = list(self._events)
            self._events.clear()
            if self._error is not None:
                raise self._error
        return found

    def close(self) -> None:
        """Ends it."""
        self._home.call(lambda: self._task.cancel() if self._task is not None else None)

    def _open(self) -> None:
        try:
            self._stream = self._plugin.stream()
        except Exception as error:
            self._failed(error)
            return
        self._task = asyncio.create_task(self._listen(self._stream), name="vad")

    async def _listen(self, stream: vad.VADStream) -> None:
        try:
            async for event in stream:
                self._take(event)
            raise EOFError("it ended its stream")
        except Exception as error:
            self._failed(error)
        finally:
            await stream.aclose()

    def _take(self, event: vad.VADEvent) -> None:
        """Takes one event.

        Raises:
            ValueError: it has no probability, or no time.
        """
        if event.type != vad.VADEventType.INFERENCE_DONE:
            return
        at: object = event.samples_index
        probability: object = event.probability
        if not isinstance(at, int) or isinstance(at, bool) or at < 0:
            raise ValueError("its event has no time")
        if not isinstance(probability, int | float) or not 0.0 <= probability <= 1.0:
            raise ValueError("what it answers is no probability")
        with self._come:
            self.reached = max(self.reached, at)
            self._events.append((at, float(probability)))
            self._come.notify_all()

    def _failed(self, error: Exception) -> None:
        with self._come:
            self._error = self._error or error
            self._come.notify_all()
