"""LiveKit's TTS plugins as a voice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT

from integrations.livekit.providers.home import CONNECT, Home, Speaks
from integrations.livekit.providers.usage import Usage
from integrations.livekit.providers.words import shares
from moderator.audio import Waveform, silence
from moderator.errors import VoiceError
from moderator.mouth.base import Sentence, SpokenWord, VoiceSpec
from moderator.mouth.believed import LONGEST
from moderator.mouth.sentences import split
from moderator.mouth.shaping import shape
from moderator.timeline import SAMPLE_RATE, Samples, to_seconds

FIRST_WITHIN_S = 4.0
"""Until a sentence's first sound: less than what the meeting waits for a sentence, so that another
voice can still say it."""

WHOLE_WITHIN_S = 7.0
"""Until a sentence's last sound, for the same reason."""

LONGEST_S = to_seconds(LONGEST)


class TtsVoice:
    """A voice that a plugin makes; satisfies `Voice`. `say` may not be called in its event loop.

    Args:
        plugin: of livekit-agents.
        home: where it lives.
        usage: is told what it is given.
        language: ISO 639-1 code of what it speaks here.
    """

    def __init__(self, plugin: Speaks, home: Home, usage: Usage, language: str) -> None:
        self._plugin, self._home, self._usage = plugin, home, usage
        self._language = language

    @property
    def spec(self) -> VoiceSpec:
        """What the plugin says of itself."""
        plugin = self._plugin
        name = f"tts {plugin.provider} {plugin.model}"
        return VoiceSpec(name, "", (self._language,), "the service's terms")

    def say(self, text: str) -> Iterator[Sentence]:
        """Speaks `text` sentence by sentence.

        Raises:
            VoiceError: the plugin failed or does not answer; nothing of its message is repeated.
        """
        for part in split(text):
            yield self._say_one(part)

    def _say_one(self, text: str) -> Sentence:
        self._usage.add("tts", "characters", len(text))
        making = self._home.start(self._made(text))
        try:
            frames = making.result(WHOLE_WITHIN_S + 0.5)
        except TimeoutError as error:
            making.cancel()
            raise VoiceError("it does not answer") from error
        except Exception as error:
            raise VoiceError(f"it failed ({type(error).__name__})") from error
        samples, rate = _samples(frames)
        sentence = shape(text, samples, rate, _told(text, frames))
        if not np.any(sentence.samples):
            raise VoiceError("it makes no sound")
        length = len(sentence.samples)
        self._usage.add("tts", "audio_s", to_seconds(length))
        return sentence if sentence.words else replace(sentence, words=_estimated(text, length))

    async def _made(self, text: str) -> list[rtc.AudioFrame]:
        frames: list[rtc.AudioFrame] = []
        length = 0.0
        async with asyncio.timeout(WHOLE_WITHIN_S), AsyncExitStack() as stack:
            sound = await stack.enter_async_context(self._stream(text))
            pieces = aiter(sound)
            async with asyncio.timeout(FIRST_WITHIN_S):
                piece = await anext(pieces, None)
            while piece is not None and length < LONGEST_S:
                frame = piece.frame
                if not isinstance(frame, rtc.AudioFrame):
                    raise ValueError("what it makes is no sound")
                frames.append(frame)
                length += frame.duration
                piece = await anext(pieces, None)
        return frames

    def _stream(self, text: str) -> Any:
        if not self._plugin.capabilities.streaming:
            return self._plugin.synthesize(text, conn_options=CONNECT)
        stream = self._plugin.stream(conn_options=CONNECT)
        stream.push_text(text)
        stream.end_input()
        return stream


def _samples(frames: list[rtc.AudioFrame]) -> tuple[Waveform, int]:
    """Frames as mono samples ``(n,)``, and their rate.

    Raises:
        VoiceError: they do not belong together.
    """
    if not frames:
        return silence(0), SAMPLE_RATE
    rate, channels = frames[0].sample_rate, frames[0].num_channels
    if any((one.sample_rate, one.num_channels) != (rate, channels) for one in frames):
        raise VoiceError("its sound changes its form")
    pcm = np.concatenate([np.frombuffer(one.data, np.int16) for one in frames])
    mono: Waveform = pcm.reshape(-1, channels).astype(np.float32).mean(axis=1) / np.float32(32768)
    return mono, rate


def _told(text: str, frames: list[rtc.AudioFrame]) -> list[tuple[str, float, float]]:
    """The words with the plugin's own times; none where they do not fit the text."""
    told = [word for one in frames for word in one.userdata.get(USERDATA_TIMED_TRANSCRIPT, ())]
    told = [word for word in told if str(word).strip()]
    written = text.split()
    if len(told) != len(written):
        return []
    found: list[tuple[str, float, float]] = []
    for word, timed in zip(written, told, strict=True):
        start, end = getattr(timed, "start_time", None), getattr(timed, "end_time", None)
        if not isinstance(start, int | float) or not isinstance(end, int | float):
            return []
        if not 0 <= start <= end < LONGEST_S:
            return []
        found.append((word, start, end))
    return found


def _estimated(text: str, length: Samples) -> tuple[SpokenWord, ...]:
    """The words' shares of the speech, by length."""
    written = text.split()
    spans = shares(written, 0, length)
    return tuple(SpokenWord(word, *span) for word, span in zip(written, spans, strict=True))
