"""The end of a service's stream that lives in the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable

from livekit import rtc
from livekit.agents import stt

from integrations.livekit.providers.home import CONNECT, Hears, Home
from moderator.errors import ModeratorError

MOST_WAITING = 1_000
"""Events that nobody has taken yet; of more the oldest are lost."""


class StreamEnded(ModeratorError):
    """A service ended a stream that it was to listen to."""

    recoverable = True


class Line:
    """One stream of a plugin: frames go in from any thread, events come out.

    Args:
        plugin: that streams.
        home: where it lives.
    """

    def __init__(self, plugin: Hears, home: Home) -> None:
        self._plugin, self._home = plugin, home
        self._come = threading.Condition()
        self._events: deque[object] = deque(maxlen=MOST_WAITING)
        self._error: Exception | None = None
        self._stream: stt.RecognizeStream | None = None
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        home.call(self._open)

    def push(self, frame: rtc.AudioFrame) -> None:
        """Sends a frame."""
        self._do(lambda stream: stream.push_frame(frame))

    def flush(self) -> None:
        """Says that an utterance is over."""
        self._do(lambda stream: stream.flush())

    def take(self, within_s: float) -> list[stt.SpeechEvent]:
        """What has come; waits so long for the first event.

        Raises:
            ValueError: something came that is no event of speech.
            Exception: what the plugin failed with.
        """
        with self._come:
            self._come.wait_for(lambda: self._events or self._error is not None, within_s)
            events = list(self._events)
            self._events.clear()
            error = self._error
        found = [event for event in events if isinstance(event, stt.SpeechEvent)]
        if len(found) < len(events):
            raise ValueError("its transcript is none")
        if error is not None and not found:
            raise error
        return found

    def close(self) -> None:
        """Ends the stream."""
        self._home.call(self._close)

    def _open(self) -> None:
        try:
            self._stream = self._plugin.stream(conn_options=CONNECT)
        except Exception as error:
            self._failed(error)
            return
        self._task = asyncio.create_task(self._listen(self._stream), name="stt")

    async def _listen(self, stream: stt.RecognizeStream) -> None:
        try:
            async for event in stream:
                with self._come:
                    self._events.append(event)
                    self._come.notify_all()
            self._failed(StreamEnded("the service ended its stream"))
        except Exception as error:
            self._failed(error)
        finally:
            await stream.aclose()

    def _do(self, work: Callable[[stt.RecognizeStream], None]) -> None:
        def there() -> None:
            if self._stream is None or self._error is not None or self._closed:
                return
            try:
                work(self._stream)
            except Exception as error:
                self._failed(error)

        self._home.call(there)

    def _failed(self, error: Exception) -> None:
        with self._come:
            self._error = self._error or error
            self._come.notify_all()

    def _close(self) -> None:
        self._closed = True
        if self._task is not None:
            self._task.cancel()
