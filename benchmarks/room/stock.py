"""The stock agent that the moderator is compared with, as a worker: ``… -m benchmarks.room.stock``.

livekit-agents' `AgentServer` and `AgentSession` with their default room handling: one linked
participant, LiveKit's local voice activity as the end of a turn, whisper tiny.en, the same voice as
the moderator's (its leading silence trimmed, as the moderator's is), and a language model that
answers everything at once with the same sentence. The linked participant is the one whom the
conversations let ask; left to itself, the agent takes whoever it sees first.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import numpy as np
import typer
from livekit import rtc
from livekit.agents import (
    Agent,
    AgentServer,
    AgentSession,
    APIConnectOptions,
    JobContext,
    JobExecutorType,
    LanguageCode,
    inference,
    llm,
    stt,
    tts,
)
from livekit.agents.voice.room_io import RoomOptions

from integrations.livekit.serving.worker import AGENT_NAME
from moderator.audio import to_pcm16
from moderator.ears.loading import ENGLISH
from moderator.models.store import ModelStore
from moderator.mouth.base import Voice
from moderator.mouth.loading import load_voice
from moderator.timeline import SAMPLE_RATE
from roles.schema import VoiceChoice

ANSWER = "Ana has talked the most so far, about sixty percent of the time."


class Canned(llm.LLM[Any]):
    """Always answers, with no delay."""

    def chat(self, *, chat_ctx: llm.ChatContext, tools: Any = None, **options: Any) -> Any:
        """One answer."""
        return _CannedStream(self, chat_ctx=chat_ctx, tools=[], conn_options=APIConnectOptions())


class _CannedStream(llm.LLMStream):
    async def _run(self) -> None:
        delta = llm.ChoiceDelta(role="assistant", content=ANSWER)
        self._event_ch.send_nowait(llm.ChatChunk(id="answer", delta=delta))


class Whisper(stt.STT[Any]):
    """Whisper tiny.en on a finished turn."""

    def __init__(self, store: ModelStore) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
        from faster_whisper import WhisperModel

        self._model = WhisperModel(
            str(store.directory(ENGLISH)), device="cpu", compute_type="int8", cpu_threads=1
        )

    async def _recognize_impl(
        self, buffer: Any, *, language: Any = None, conn_options: APIConnectOptions
    ) -> stt.SpeechEvent:
        frame = rtc.combine_audio_frames(buffer)
        text = await asyncio.to_thread(self._text, frame)
        data = stt.SpeechData(language=LanguageCode("en"), text=text)
        return stt.SpeechEvent(type=stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=[data])

    def _text(self, frame: rtc.AudioFrame) -> str:
        from scipy.signal import resample_poly

        audio = np.frombuffer(frame.data, dtype=np.int16).astype(np.float32) / 32768
        if frame.sample_rate != SAMPLE_RATE:
            audio = resample_poly(audio, SAMPLE_RATE, frame.sample_rate).astype(np.float32)
        segments, _ = self._model.transcribe(audio, language="en", beam_size=1)
        return " ".join(segment.text.strip() for segment in segments)


class Speech(tts.TTS[Any]):
    """The moderator's voice, sentence by sentence."""

    def __init__(self, voice: Voice) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False),
            sample_rate=SAMPLE_RATE,
            num_channels=1,
        )
        self.voice = voice

    def synthesize(self, text: str, *, conn_options: Any = None) -> tts.ChunkedStream:
        """Speaks one text."""
        return _SpeechStream(tts=self, input_text=text, conn_options=APIConnectOptions())


class _SpeechStream(tts.ChunkedStream):
    async def _run(self, output: tts.AudioEmitter) -> None:
        assert isinstance(self._tts, Speech)
        output.initialize(
            request_id="speech", sample_rate=SAMPLE_RATE, num_channels=1, mime_type="audio/pcm"
        )
        sentences = self._tts.voice.say(self.input_text)
        while (one := await asyncio.to_thread(next, sentences, None)) is not None:
            output.push(to_pcm16(one.samples).tobytes())
        output.flush()


async def converse(context: JobContext, linked: str, whisper: Whisper, voice: Voice) -> None:
    """One room."""
    session: AgentSession[None] = AgentSession(
        stt=whisper,
        vad=inference.VAD(),
        llm=Canned(),
        tts=Speech(voice),
        turn_handling={"turn_detection": "vad"},
    )
    await context.connect()
    agent = Agent(instructions="You help in a meeting.")
    options = RoomOptions(participant_identity=linked)
    await session.start(agent, room=context.room, room_options=options, record=False)

    async def say(data: rtc.RpcInvocationData) -> str:
        session.say(data.payload)
        return ""

    context.room.local_participant.register_rpc_method("moderator.say", say)


def main(
    url: Annotated[str, typer.Option()],
    key: Annotated[str, typer.Option()],
    secret: Annotated[str, typer.Option()],
    linked: Annotated[str, typer.Option(help="Identity of the participant it hears.")] = "ana",
) -> None:
    """Serves until it is told to end."""
    store = ModelStore.default()
    whisper, voice = Whisper(store), load_voice(VoiceChoice(), store)
    list(voice.say("I am warm."))
    server = AgentServer(
        job_executor_type=JobExecutorType.THREAD,
        num_idle_processes=1,
        load_fnc=lambda _: 0.0,
        ws_url=url,
        api_key=key,
        api_secret=secret,
        job_memory_warn_mb=0,
        host="127.0.0.1",
        port=0,
    )

    async def job(context: JobContext) -> None:
        await converse(context, linked, whisper, voice)

    server.rtc_session(job, agent_name=AGENT_NAME)
    typer.echo("serving", err=True)
    asyncio.run(server.run())


if __name__ == "__main__":
    typer.run(main)
