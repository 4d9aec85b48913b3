"""Whether the agent can hear the room, or has lost it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from moderator.audio import AudioChunk
from moderator.timeline import LiveClock, Samples, to_samples

LOST_AFTER = to_samples(0.5)
"""The room is lost when the connection is and no sound came for so long.

A connection whose signalling alone is repaired carries the sound all the time. One that carries
nothing any more is filled with zeros by the client library.
"""

NOBODY_AFTER = to_samples(3.0)
"""A room that is back and brings no microphone within this has none."""


LATELY = to_samples(60.0)
"""A connection that is back for less than this was lost lately."""


class Contact:
    """Follows the connection and the sound that comes by it.

    Args:
        clock: the meeting's.
        changed: told when the room is lost, and when it is heard again: with its first sound, and
            not with the connection, which is there before the microphones are.
    """

    def __init__(self, clock: LiveClock, changed: Callable[[bool], None]) -> None:
        self._clock, self._changed = clock, changed
        self._heard = True
        self._connected = True
        self._since: Samples = 0
        self._ever_lost = False

    @property
    def lately_lost(self) -> bool:
        """The connection is lost, or was until a moment ago."""
        lately = self._ever_lost and self._clock.now() - self._since < LATELY
        return lately or not self._connected

    def connection(self, *, up: bool) -> None:
        """The connection was lost, or is there again."""
        if up != self._connected:
            self._connected, self._since = up, self._clock.now()
            self._ever_lost = True

    def take(self, chunks: Sequence[AudioChunk]) -> None:
        """Takes what the room brought since the last tick."""
        now = self._clock.now()
        if self._connected and not self._heard:
            if chunks or now - self._since >= NOBODY_AFTER:
                self._tell(heard=True)
        elif not self._connected and self._heard:
            if any(chunk.samples.any() for chunk in chunks):
                self._since = now
            elif now - self._since >= LOST_AFTER:
                self._tell(heard=False)

    def _tell(self, *, heard: bool) -> None:
        self._heard = heard
        self._changed(heard)
