"""A diarizer for whom somebody else says who spoke."""

from __future__ import annotations

from diarize.base import Audio, DiarizerSpec, SpeakerActivity


class Nobody:
    """Finds no speaker, and at once; satisfies `Diarizer`."""

    def __init__(self) -> None:
        self._settled = 0

    @property
    def spec(self) -> DiarizerSpec:
        """No delay, nobody."""
        return DiarizerSpec(0.0, 0.0, 0)

    @property
    def settled(self) -> int:
        """All samples that were given."""
        return self._settled

    def push(self, audio: Audio) -> list[SpeakerActivity]:
        """Takes the next samples, shape ``(n,)``."""
        self._settled += len(audio)
        return []

    def flush(self) -> list[SpeakerActivity]:
        """Nothing waits."""
        return []
