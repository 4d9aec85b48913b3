"""LiveKit's adapters, which are plugins as well."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from livekit.agents import llm, stt, tts, vad

from integrations.livekit.providers.home import Home
from integrations.livekit.providers.plugins import Plugins
from integrations.livekit.providers.speaking import TtsVoice
from integrations.livekit.providers.usage import Usage
from moderator.ears.recogniser import RecogniserStream
from moderator.errors import InputError
from moderator.testing.faulty import Mode
from tests.integrations.livekit.providers.fakes import FakeLlm, FakeStt, FakeTts, final
from tests.integrations.livekit.providers.test_hearing import heard, understood, utterance
from tests.integrations.livekit.providers.test_writing import written


class LoudnessVad(vad.VAD):
    """Takes what is loud for speech, and 0.5 s of silence for its end."""

    def __init__(self) -> None:
        super().__init__(capabilities=vad.VADCapabilities(update_interval=0.1))

    def stream(self) -> LoudnessStream:
        return LoudnessStream(self)


class LoudnessStream(vad.VADStream):
    async def _main_task(self) -> None:
        frames: list[Any] = []
        quiet = 0.0
        async for frame in self._input_ch:
            if isinstance(frame, self._FlushSentinel):
                continue
            loud = bool(np.abs(np.frombuffer(frame.data, np.int16)).max() > 500)
            if loud and not frames:
                self._tell(vad.VADEventType.START_OF_SPEECH, [])
            if loud or frames:
                frames.append(frame)
            quiet = 0.0 if loud else quiet + frame.duration
            if frames and quiet >= 0.5:
                self._tell(vad.VADEventType.END_OF_SPEECH, frames)
                frames = []

    def _tell(self, kind: vad.VADEventType, frames: list[Any]) -> None:
        event = vad.VADEvent(
            type=kind,
            samples_index=0,
            timestamp=0.0,
            speech_duration=0.0,
            silence_duration=0.0,
            frames=frames,
        )
        self._event_ch.send_nowait(event)


def one(stream: RecogniserStream) -> list[str]:
    utterance(stream, 16_000)
    return [word.text for word in understood(stream, 5.0)]


def test_a_stream_adapter_hears() -> None:
    plugin: Any = stt.StreamAdapter(
        stt=FakeStt(lambda _: [final("hello there")], streaming=False), vad=LoudnessVad()
    )
    assert heard(plugin, one) == ["hello", "there"]


def test_a_fallback_adapter_hears_with_the_one_that_works() -> None:
    async def both() -> Any:
        broken, good = (FakeStt(lambda _: [final("hello there")]) for _ in range(2))
        broken.switch.mode = Mode.CRASH
        return stt.FallbackAdapter([broken, good], max_retry_per_stt=0)

    def after(stream: RecogniserStream) -> list[str]:
        utterance(stream, 0)  # what it had given to the broken one is lost to the adapter
        understood(stream, 1.0)
        return one(stream)

    assert heard(asyncio.run(both()), after) == ["hello", "there"]


@pytest.mark.parametrize("kind", ["stream", "fallback"])
def test_adapters_speak(kind: str) -> None:
    async def run() -> list[str]:
        broken, good = FakeTts(), FakeTts()
        broken.switch.mode = Mode.CRASH
        adapter: Any = (
            tts.StreamAdapter(tts=good)
            if kind == "stream"
            else tts.FallbackAdapter([broken, good], max_retry_per_tts=0)
        )
        voice = TtsVoice(adapter, Home(), Usage(), "en")
        said = await asyncio.to_thread(lambda: list(voice.say("Hello there.")))
        return [word.text for part in said for word in part.words]

    assert asyncio.run(run()) == ["Hello", "there."]


def test_a_fallback_adapter_writes() -> None:
    broken, good = FakeLlm("x"), FakeLlm("It is Paris [1].")
    broken.switch.mode = Mode.CRASH

    async def both() -> Any:
        return llm.FallbackAdapter([broken, good], max_retry_per_llm=0)

    assert written(asyncio.run(both())) == "According to Ana: It is Paris."


def test_names_of_the_gateway_and_what_is_no_plugin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_API_KEY", "key")
    monkeypatch.setenv("LIVEKIT_API_SECRET", "s" * 40)
    made = Plugins.of("deepgram/nova-3", "cartesia/sonic-3", "openai/gpt-4.1-mini")
    assert [type(one).__module__ for one in (made.stt, made.tts)] == [
        "livekit.agents.inference.stt",
        "livekit.agents.inference.tts",
    ]
    assert made.llm is not None
    assert made.llm.model == "openai/gpt-4.1-mini"
    wrong: Any = FakeTts()
    with pytest.raises(InputError, match="a FakeTts is no STT of livekit-agents, stt"):
        Plugins.of(wrong, None, None)
    monkeypatch.delenv("LIVEKIT_API_KEY")
    with pytest.raises(InputError, match="gateway"):
        Plugins.of("deepgram/nova-3", None, None)
