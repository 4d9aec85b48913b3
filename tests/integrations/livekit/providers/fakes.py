"""Plugins of livekit-agents that do what they are told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, APIConnectionError, llm, stt, tts
from livekit.agents.types import APIConnectOptions, TimedString

from moderator.testing.faulty import Mode, Switch

RATE = 16_000

Script = Callable[[float], Sequence[stt.SpeechEvent]]
"""Events at a flush, by the seconds that were sent so far."""


def final(text: str, **fields: Any) -> stt.SpeechEvent:
    data = stt.SpeechData(language="en", text=text, **fields)  # type: ignore[arg-type]
    return stt.SpeechEvent(stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=[data])


def interim(text: str) -> stt.SpeechEvent:
    data = stt.SpeechData(language="en", text=text)  # type: ignore[arg-type]
    return stt.SpeechEvent(stt.SpeechEventType.INTERIM_TRANSCRIPT, alternatives=[data])


class FakeStt(stt.STT[Any]):
    """Streams, or recognises whole recordings: answers by a script whenever something is over."""

    def __init__(
        self, script: Script, *, streaming: bool = True, diarization: bool = False
    ) -> None:
        able = stt.STTCapabilities(
            streaming=streaming, interim_results=True, diarization=diarization
        )
        super().__init__(capabilities=able)
        self.script, self.switch = script, Switch()
        self.streams: list[FakeRecognition] = []

    async def _recognize_impl(
        self, buffer: Any, *, language: Any = None, conn_options: APIConnectOptions
    ) -> stt.SpeechEvent:
        await behave(self.switch)
        return self.script(rtc.combine_audio_frames(buffer).duration)[0]

    def stream(
        self,
        *,
        language: Any = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> FakeRecognition:
        made = FakeRecognition(self, conn_options)
        self.streams.append(made)
        return made


async def behave(switch: Switch) -> None:
    """Fails or hangs."""
    while switch.mode is Mode.HANG:
        await asyncio.sleep(0.01)
    if switch.mode is Mode.CRASH:
        raise APIConnectionError("SECRET", retryable=False)


class FakeRecognition(stt.RecognizeStream):
    def __init__(self, plugin: FakeStt, options: APIConnectOptions) -> None:
        super().__init__(stt=plugin, conn_options=options)
        self._plugin, self.sent = plugin, 0.0

    async def _run(self) -> None:
        async for got in self._input_ch:
            await behave(self._plugin.switch)
            if isinstance(got, rtc.AudioFrame):
                self.sent += got.duration
                continue
            if self._plugin.switch.mode is Mode.RUBBISH:
                self._event_ch.send_nowait("SECRET")  # type: ignore[arg-type]
                continue
            for event in self._plugin.script(self.sent):
                self._event_ch.send_nowait(event)


class FakeTts(tts.TTS[Any]):
    """Makes a tone of 0.1 s a word, with the words' times if it is to."""

    def __init__(
        self, *, streaming: bool = False, aligned: bool = False, rate: int = 24_000
    ) -> None:
        able = tts.TTSCapabilities(streaming=streaming, aligned_transcript=aligned)
        super().__init__(capabilities=able, sample_rate=rate, num_channels=1)
        self.aligned, self.switch = aligned, Switch()
        self.pause_s, self.made = 0.0, 0
        self.texts: list[str] = []

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> FakeSpeech:
        return FakeSpeech(tts=self, input_text=text, conn_options=conn_options)

    def stream(
        self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> FakeSpeaking:
        return FakeSpeaking(tts=self, conn_options=conn_options)

    async def make(self, text: str, emitter: tts.AudioEmitter, *, stream: bool) -> None:
        self.texts.append(text)
        emitter.initialize(
            request_id="x",
            sample_rate=self.sample_rate,
            num_channels=1,
            mime_type="audio/pcm",
            stream=stream,
        )
        if stream:
            emitter.start_segment(segment_id="y")
        await behave(self.switch)
        at = 0.0
        for word in text.split():
            tone = np.sin(np.arange(self.sample_rate // 10) * 0.1) * 9_000
            if self.aligned:
                emitter.push_timed_transcript(TimedString(word, at, at + 0.1))
            emitter.push(
                (tone if self.switch.mode is Mode.OK else tone * 0).astype("<i2").tobytes()
            )
            at += 0.1
            self.made += 1
            await asyncio.sleep(self.pause_s)
        emitter.flush()


class FakeSpeech(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        assert isinstance(self._tts, FakeTts)
        await self._tts.make(self._input_text, output_emitter, stream=False)


class FakeSpeaking(tts.SynthesizeStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        assert isinstance(self._tts, FakeTts)
        text = "".join([one async for one in self._input_ch if isinstance(one, str)])
        await self._tts.make(text, output_emitter, stream=True)


class FakeLlm(llm.LLM[Any]):
    """Says one text, in pieces."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.switch = text, Switch()
        self.asked: list[llm.ChatContext] = []
        self.calls: list[tuple[str, str]] = []

    def chat(self, *, chat_ctx: llm.ChatContext, **options: Any) -> FakeWriting:
        self.asked.append(chat_ctx)
        given = options.get("conn_options") or DEFAULT_API_CONNECT_OPTIONS
        return FakeWriting(self, chat_ctx=chat_ctx, tools=[], conn_options=given)


class FakeWriting(llm.LLMStream):
    async def _run(self) -> None:
        assert isinstance(self._llm, FakeLlm)
        await behave(self._llm.switch)
        calls = [
            llm.FunctionToolCall(name=name, arguments=arguments, call_id="x")
            for name, arguments in self._llm.calls
        ]
        if calls:
            delta = llm.ChoiceDelta(role="assistant", tool_calls=calls)
            self._event_ch.send_nowait(llm.ChatChunk(id="x", delta=delta))
            return
        for at in range(0, len(self._llm.text), 5):
            delta = llm.ChoiceDelta(role="assistant", content=self._llm.text[at : at + 5])
            self._event_ch.send_nowait(llm.ChatChunk(id="x", delta=delta))
        usage = llm.CompletionUsage(completion_tokens=7, prompt_tokens=40, total_tokens=47)
        self._event_ch.send_nowait(llm.ChatChunk(id="x", usage=usage))
