"""What is said in a conversation of two, as a duplex model reports it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from livekit.agents import llm

from moderator.events import Heard, Percept, TurnStarted, WordPlayed
from moderator.journal.lines import Event
from moderator.spacing import joined
from moderator.timeline import Samples, to_samples, to_seconds

STOPPED_AFTER = to_samples(0.5)
"""A person without a voice for this long has stopped."""

OVER_AFTER = to_samples(0.8)
"""Their words are final when nothing was added for this long."""

Emit = Callable[..., Any]


class Captions:
    """Tells when the person speaks, what they said, and which words of the agent were heard.

    Args:
        person: their id.
        emit: takes the name of a duplex session's event, and the event.
    """

    def __init__(self, person: str, emit: Emit) -> None:
        self._person, self._emit = person, emit
        self._words: list[str] = []
        self._partial = ""
        self._item = 0
        self._voice_at: Samples | None = None
        self._touched: Samples = 0
        self._new_turn = True

    def __call__(self, event: Event) -> None:
        """Takes one event of the meeting."""
        if isinstance(event, Heard):
            self._heard(event)
        elif isinstance(event, Percept):
            self._review(event.end)
        elif isinstance(event, TurnStarted):
            self._stop(event.at, 1)
            self._finish()  # what the agent answers stands before its answer
            self._new_turn = True
        elif isinstance(event, WordPlayed):
            text = event.text if self._new_turn else f" {event.text}"
            self._new_turn = False
            delta = llm.DuplexOutputTranscriptDelta(text, _ms(event.start), _ms(event.end))
            self._emit("transcript_delta", delta)

    def _heard(self, event: Heard) -> None:
        if self._person in event.speaking:
            if self._voice_at is None:
                self._emit("input_speech_started", llm.InputSpeechStartedEvent())
            self._voice_at = event.at
        fresh = [word.text for word in event.words if word.speaker == self._person]
        partial = event.partials.get(self._person, "")
        if fresh or partial != self._partial:
            self._words += fresh
            self._partial, self._touched = partial, event.at
            self._report(joined([*self._words, partial]), final=False)

    def _review(self, now: Samples) -> None:
        self._stop(now, STOPPED_AFTER)
        if self._voice_at is None and not self._partial and now - self._touched >= OVER_AFTER:
            self._finish()

    def _stop(self, now: Samples, after: Samples) -> None:
        """Tells that the voice has ended, once it has been away for so long."""
        if self._voice_at is not None and now - self._voice_at >= after:
            self._voice_at = None
            self._emit("input_speech_stopped", llm.InputSpeechStoppedEvent(True))

    def _finish(self) -> None:
        if self._words:
            self._report(joined(self._words), final=True)
            self._words = []
            self._item += 1

    def _report(self, text: str, *, final: bool) -> None:
        if text:
            said = llm.InputTranscriptionCompleted(f"person_{self._item}", text, final)
            self._emit("input_audio_transcription_completed", said)


def _ms(at: Samples) -> int:
    return round(to_seconds(at) * 1000)
