"""Speech of different people, made by the embedded voices."""

from __future__ import annotations

from functools import lru_cache

from integrations.files.sound.render import speech
from moderator.audio import Waveform
from moderator.mouth.loading import HIBARI_SPEAKERS, VoiceLoader
from roles.schema import VoiceChoice


class Speakers:
    """Renders what people say.

    Args:
        load: makes the voices.
    """

    def __init__(self, load: VoiceLoader) -> None:
        self._load = load
        self.say = lru_cache(maxsize=64)(self._say)

    def _say(self, voice: int, text: str) -> Waveform:
        """A turn by voice number `voice`, ``(n,)`` at 16 kHz."""
        name = list(HIBARI_SPEAKERS)[voice % len(HIBARI_SPEAKERS)]
        return speech(self._load(VoiceChoice(speaker=name)), "", text).samples
