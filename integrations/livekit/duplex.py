"""The moderator's mind for an ordinary one-to-one `AgentSession`, as a duplex model.

One person, one role, the same loop as in a room: a duplex model hears all the time and decides by
itself when to speak, when to give way and what to say. Who needs several people heard apart joins
the room instead (`integrations.livekit.plugin.join`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from livekit import rtc
from livekit.agents import NOT_GIVEN, NotGivenOr, llm
from livekit.agents.llm.duplex_adapter import FixedGate

from integrations.livekit.hearing.clock import TrackClock
from integrations.livekit.hearing.ears import GATE
from integrations.livekit.hearing.source import until
from integrations.livekit.showing.alarm import Alarm
from integrations.livekit.showing.captions import Captions
from moderator.audio import AudioChunk, Waveform, silence, to_pcm16
from moderator.ears.base import Ears
from moderator.errors import InputError
from moderator.journal.lines import Event
from moderator.meeting.loop import Meeting
from moderator.meeting.settings import Settings
from moderator.mind.base import Participant, SpeechLLM
from moderator.mind.dictated import Dictated
from moderator.mouth.base import Voice
from moderator.timeline import (
    SAMPLE_RATE,
    TICK,
    LiveClock,
    Samples,
    Stopwatch,
    to_samples,
    to_seconds,
)
from roles.loader import review_role
from roles.schema import Role

logger = logging.getLogger("livekit.plugins.moderator")

PERSON = "you"
"""Id of the one person in the meeting."""

_LONGEST = to_samples(5.0)
"""Audio that waits longer is dropped, oldest first."""


class DuplexModel(llm.DuplexModel):
    """Takes part in a conversation of two in a role.

    Args:
        role: the agent's.
        ears: makes what hears one conversation; its one track is called `PERSON`.
        voice: speaks.
        mind: proposes.

    Raises:
        RoleError: the role contradicts itself.
    """

    def __init__(self, role: Role, ears: Callable[[], Ears], voice: Voice, mind: SpeechLLM) -> None:
        super().__init__(
            capabilities=llm.DuplexCapabilities(
                user_transcription=True, auto_tool_reply_generation=False
            )
        )
        self.role, self.ears, self.voice, self.mind = review_role(role), ears, voice, mind

    @classmethod
    def load(
        cls, role: str | Path | Role = "host", *, mind: str = "duties", mind_url: str | None = None
    ) -> DuplexModel:
        """Loads the embedded models.

        Args:
            role: a name of the library, a YAML file, or a role.
            mind: ``duties``, or ``openai:MODEL``.
            mind_url: OpenAI-compatible server of ``openai:MODEL``.

        Raises:
            InputError: a model is missing, there is no such role or mind, or it never speaks.
        """
        from integrations.livekit.hearing.model_cache import ModelCache
        from integrations.livekit.hearing.shared_diarization import shared_diarization
        from moderator.mind.loading import load_mind
        from moderator.models.store import ModelStore
        from roles.loader import load_role

        the_role = role if isinstance(role, Role) else load_role(role)
        the_mind = load_mind(mind, mind_url, live=True)
        store = ModelStore.default()
        models = ModelCache(store, shared_diarization(store, {})).for_role(the_role)
        if models.voice is None:
            raise InputError(
                "the role never speaks", where=f"role {the_role.id}", todo="take another role"
            )
        return cls(the_role, lambda: models.one_track(PERSON, GATE), models.voice, the_mind)

    @property
    def model(self) -> str:
        """The mind's name."""
        return self.mind.capabilities.name

    @property
    def provider(self) -> str:
        """This project."""
        return "moderator"

    def audio_gate(self) -> FixedGate:
        """Its silence is digital silence."""
        return FixedGate(silence=0.0)

    def session(self) -> DuplexSession:
        """Opens a conversation; call within a running event loop."""
        return DuplexSession(self)

    async def aclose(self) -> None:
        """Holds nothing: sessions close themselves."""


class DuplexSession(llm.DuplexSession[Literal["moderator_event"]]):
    """One conversation; emits every event of the meeting as ``moderator_event`` too.

    Instructions that the framework gives are added to the role's when the conversation begins. The
    context it had before is not read, and tools are not called.
    """

    def __init__(self, model: DuplexModel) -> None:
        super().__init__(model)
        self._model = model
        self._clock, self._over = LiveClock(), asyncio.Event()
        self._microphone = _Microphone(self._clock, self._over)
        self._loudspeaker = _Loudspeaker()
        self._captions = Captions(PERSON, self.emit)
        self._alarm = Alarm(model.label, self.say, lambda error: self.emit("error", error))
        self._mind = Dictated(model.mind)
        self._instructions = ""
        self._tools = llm.ToolContext.empty()
        self._task = asyncio.create_task(self._run(), name="duplex meeting")

    def say(self, text: str) -> bool:
        """Has it say `text` when role and floor let it; False if too much waits already."""
        return self._mind.say(text, PERSON)

    @property
    def audio_stream(self) -> AsyncIterator[llm.DuplexAudioFrame]:
        """100 ms frames at 16 kHz, mono, silence included; ends when the agent was told to go."""
        return self._loudspeaker.frames()

    @property
    def tools(self) -> llm.ToolContext:
        """Those it was given."""
        return self._tools

    def push_audio(self, frame: rtc.AudioFrame) -> None:
        """Takes what the person says, at any rate and number of channels."""
        self._microphone.push(frame)

    async def aclose(self) -> None:
        """Ends the conversation."""
        await super().aclose()
        self._over.set()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        await self._configured.wait()
        if self._closing:
            return
        try:
            meeting = Meeting(
                self._role(),
                {PERSON: Participant(PERSON, PERSON)},
                self._model.ears(),
                self._mind,
                self._model.voice,
                [self._observe],
                self._clock,
                Settings(self._mind.capabilities.live_step_s, live=True),
                Stopwatch(),
            )
            await meeting.run(self._microphone, self._loudspeaker)
        except Exception as error:
            # The adapter, which reads the audio, reports what it raises.
            self._loudspeaker.end(error)
        else:
            self._loudspeaker.end()

    def _observe(self, event: Event) -> None:
        self._captions(event)
        self._alarm(event)
        self.emit("moderator_event", event)

    def _role(self) -> Role:
        """The role with what the framework's agent was instructed beside it."""
        role = self._model.role
        if not self._instructions.strip():
            return role
        both = f"{role.instructions}\n{self._instructions}".strip()
        try:
            return Role.model_validate(role.model_dump() | {"instructions": both})
        except ValueError:
            raise InputError(
                "not usable beside the role's own: too long, or with control characters",
                where="the agent's instructions",
                todo="shorten them",
            ) from None

    async def _update_instructions(self, instructions: str) -> None:
        if self._configured.is_set():
            logger.warning("instructions cannot be changed while the conversation goes on")
            return
        self._instructions = instructions

    async def _append_items(self, items: list[llm.ChatItem]) -> None:
        """The mind has heard for itself what was said."""

    async def _update_tools(self, tools: list[llm.Tool]) -> None:
        if tools:
            logger.warning("the moderator calls no tools", extra={"tools": len(tools)})
        self._tools = llm.ToolContext(tools)

    def _update_options(
        self, *, tool_choice: NotGivenOr[llm.ToolChoice | None] = NOT_GIVEN
    ) -> None:
        """There is nothing to choose."""


class _Microphone:
    """What the person says, as the source of a meeting; goes on while nothing comes."""

    def __init__(self, clock: LiveClock, over: asyncio.Event) -> None:
        self._clock, self._over = clock, over
        self._placing = TrackClock()
        self._resampler: tuple[int, rtc.AudioResampler] | None = None
        self._waiting: list[Waveform] = []
        self._arrived: Samples = 0

    def push(self, frame: rtc.AudioFrame) -> None:
        samples = np.frombuffer(frame.data, dtype=np.int16).reshape(-1, frame.num_channels)
        mono = samples[:, 0] if frame.num_channels == 1 else samples.mean(axis=1).astype(np.int16)
        for part in self._resample(frame.sample_rate, mono.tobytes()):
            pcm = np.frombuffer(part, dtype=np.int16)
            self._waiting.append(pcm.astype(np.float32) / 32768.0)
        self._arrived = self._clock.now()

    def _resample(self, rate: int, pcm: bytes) -> list[bytes]:
        if rate == SAMPLE_RATE:
            return [pcm]
        if self._resampler is None or self._resampler[0] != rate:
            self._resampler = (rate, rtc.AudioResampler(rate, SAMPLE_RATE))
        return [bytes(part.data) for part in self._resampler[1].push(bytearray(pcm))]

    async def ticks(self) -> AsyncIterator[tuple[Samples, Sequence[AudioChunk]]]:
        """Ticks of wall-clock time, until the conversation is over."""
        now: Samples = 0
        early: list[AudioChunk] = []
        self._waiting.clear()
        self._clock.start()
        while not self._over.is_set():
            now += TICK
            await self._clock.wait_until(now)
            due, early = until([*early, *self._drain()], now)
            yield now, due

    def _drain(self) -> list[AudioChunk]:
        if not self._waiting:
            return []
        samples = np.concatenate(self._waiting)[-_LONGEST:]
        self._waiting.clear()
        return [AudioChunk(PERSON, self._placing.place(self._arrived, len(samples)), samples)]


class _Loudspeaker:
    """What the agent says, as the sink of a meeting and a stream of frames."""

    def __init__(self) -> None:
        self._frames: asyncio.Queue[llm.DuplexAudioFrame | Exception | None] = asyncio.Queue()

    def take(self, start: Samples, chunks: Sequence[AudioChunk], own: Waveform | None) -> None:
        pcm = to_pcm16(silence(TICK) if own is None else own)
        frame = rtc.AudioFrame(pcm.tobytes(), SAMPLE_RATE, 1, len(pcm))
        at_ms = round(to_seconds(start) * 1000)
        self._frames.put_nowait(llm.DuplexAudioFrame(frame, at_ms))

    def end(self, error: Exception | None = None) -> None:
        self._frames.put_nowait(error)

    async def frames(self) -> AsyncIterator[llm.DuplexAudioFrame]:
        """Every frame, until the end; raises what ended it."""
        while (frame := await self._frames.get()) is not None:
            if isinstance(frame, Exception):
                raise frame
            yield frame
