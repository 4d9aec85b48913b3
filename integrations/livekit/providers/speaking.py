"""LiveKit's TTS plugins as a voice, which sounds while the rest of a sentence is still made."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import numpy as np
import soxr
from livekit import rtc
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT

from integrations.livekit.providers.home import CONNECT, Home, Speaks
from integrations.livekit.providers.timing import Timed, Wording
from integrations.livekit.providers.usage import Usage
from moderator.audio import Waveform, silence
from moderator.errors import VoiceError
from moderator.mouth.base import Sentence, VoiceSpec
from moderator.mouth.believed import LONGEST
from moderator.mouth.sentences import split
from moderator.mouth.shaping import CEILING, audible, gain_of
from moderator.timeline import SAMPLE_RATE, Samples, to_samples, to_seconds

FIRST_WITHIN_S = 4.0
"""Until a sentence's first sound: less than what the meeting waits for a sentence, so that another
voice can still say it."""

WHOLE_WITHIN_S = 7.0
"""Until a sentence's last sound, for the same reason."""

FIRST_PART: Samples = to_samples(0.6)
"""Of a sentence, before it sounds: its loudness is measured by that."""

NEXT_PART: Samples = to_samples(1.0)

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
        """Speaks `text` sentence by sentence, in parts as they come.

        Raises:
            VoiceError: the plugin failed or does not answer; nothing of its message is repeated.
        """
        for part in split(text):
            yield from self._say_one(part)

    def _say_one(self, text: str) -> Iterator[Sentence]:
        self._usage.add("tts", "characters", len(text))
        frames: queue.SimpleQueue[rtc.AudioFrame | None] = queue.SimpleQueue()
        making = self._home.start(self._made(text, frames))
        making.add_done_callback(lambda _: frames.put(None))
        parts, sounds = Parts(text), False
        try:
            while (frame := frames.get(timeout=WHOLE_WITHIN_S + 0.5)) is not None:
                for part in parts.take(frame):
                    sounds = True
                    yield part
            making.result(0)
            for part in parts.finish():
                sounds = True
                yield part
        except (TimeoutError, queue.Empty) as error:
            raise VoiceError("it does not answer") from error
        except VoiceError:
            raise
        except Exception as error:
            raise VoiceError(f"it failed ({type(error).__name__})") from error
        finally:
            making.cancel()  # whoever is cut off needs no more of it
            self._usage.add("tts", "audio_s", to_seconds(parts.length))
        if not sounds:
            raise VoiceError("it makes no sound")

    async def _made(self, text: str, frames: queue.SimpleQueue[rtc.AudioFrame | None]) -> None:
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
                frames.put(frame)
                length += frame.duration
                piece = await anext(pieces, None)

    def _stream(self, text: str) -> Any:
        if not self._plugin.capabilities.streaming:
            return self._plugin.synthesize(text, conn_options=CONNECT)
        stream = self._plugin.stream(conn_options=CONNECT)
        stream.push_text(text)
        stream.end_input()
        return stream


class Parts:
    """Makes the parts of one sentence out of frames, at the meeting's rate and level.

    Args:
        text: the sentence.
    """

    def __init__(self, text: str) -> None:
        self._text, self._wording = text, Wording(text)
        self._form: tuple[int, int] | None = None
        self._resampler: Any = None
        self._waiting = silence(0)
        self._gain: float | None = None
        self._skipped: Samples = 0
        self.length: Samples = 0
        """Samples handed out so far."""

    def take(self, frame: rtc.AudioFrame) -> list[Sentence]:
        """The part that is complete with this frame, if one is.

        Raises:
            VoiceError: it has another form than those before.
        """
        form = frame.sample_rate, frame.num_channels
        if self._form is None:
            self._form = form
            self._resampler = soxr.ResampleStream(form[0], SAMPLE_RATE, 1, dtype="float32")
        if form != self._form:
            raise VoiceError("its sound changes its form")
        self._wording.told(map(_timed, frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, ())))
        pcm = np.frombuffer(frame.data, np.int16).reshape(-1, form[1])
        mono = pcm.astype(np.float32).mean(axis=1) / np.float32(32768)
        self._keep(self._resampler.resample_chunk(mono))
        wanted = FIRST_PART if self._gain is None else NEXT_PART
        return self._part(last=False) if len(self._waiting) >= wanted else []

    def finish(self) -> list[Sentence]:
        """The last part, without the silence behind it; none where there is nothing left."""
        if self._resampler is not None:
            self._keep(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))
        self._waiting = self._waiting[: audible(self._waiting)[1]]
        return self._part(last=True) if len(self._waiting) else []

    def _keep(self, samples: Waveform) -> None:
        """Takes samples; silence before the first sound is left out."""
        self._waiting = np.concatenate([self._waiting, samples.astype(np.float32)])
        if self._gain is None:
            first, last = audible(self._waiting)
            first = first if last else len(self._waiting)
            self._skipped += first
            self._waiting = self._waiting[first:]

    def _part(self, *, last: bool) -> list[Sentence]:
        goes_on = self._gain is not None
        gain = self._gain = self._gain if self._gain is not None else gain_of(self._waiting)
        samples, self._waiting = self._waiting, silence(0)
        samples = np.clip(samples * np.float32(gain), -CEILING, CEILING).astype(np.float32)
        words = self._wording.upto(self.length, len(samples), self._skipped, last=last)
        self.length += len(samples)
        return [Sentence(self._text, samples, words, goes_on)]


def _timed(word: object) -> Timed:
    """A word as a plugin gives it."""
    return str(word).strip(), getattr(word, "start_time", None), getattr(word, "end_time", None)
