"""Who is told, in a conversation of two, that a part has failed: the person, and the app."""

from __future__ import annotations

import logging
from collections.abc import Callable

from livekit.agents import llm

from moderator.errors import ModeratorError
from moderator.events import Part, PartChanged
from moderator.journal.lines import Event
from moderator.timeline import wall_clock

logger = logging.getLogger("livekit.plugins.moderator")

SAID = {
    (
        Part.RECOGNISER,
        False,
    ): "I do not understand you at the moment: speech recognition has failed.",
    (Part.RECOGNISER, True): "I understand you again.",
    (Part.DETECTOR, False): "I may take a noise for your voice at the moment.",
    (Part.VOICE, True): "I can speak again.",
}
"""What the person is told. There is nothing to write in: what is no matter to them, and that its
own voice has failed, it does not say."""


class PartFailed(ModeratorError):
    """A part of the agent has failed; the conversation goes on without it."""

    recoverable = True


class Alarm:
    """Tells of parts that fail and work again; an observer of the meeting.

    Args:
        label: the model's, for the app.
        say: has the agent say something.
        report: gets the app's error event.
    """

    def __init__(
        self,
        label: str,
        say: Callable[[str], object],
        report: Callable[[llm.RealtimeModelError], object],
    ) -> None:
        self._label, self._say, self._report = label, say, report

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        if not isinstance(event, PartChanged):
            return
        text = SAID.get((event.part, event.up))
        if text is not None:
            self._say(text)
        if event.up:
            logger.info("a part works again", extra={"part": event.part.value})
            return
        logger.warning("a part has failed", extra={"part": event.part.value})
        error = PartFailed(f"the {event.part.value} has failed")
        self._report(
            llm.RealtimeModelError(
                timestamp=wall_clock(), label=self._label, error=error, recoverable=True
            )
        )
