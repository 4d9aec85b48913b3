"""The moderator in an ordinary one-to-one AgentSession, without a room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import Agent, AgentSession
from livekit.agents.llm import ChatMessage
from livekit.agents.voice import io

from integrations.livekit.duplex import PERSON, DuplexModel, DuplexSession
from integrations.livekit.hearing.ears import GATE
from integrations.livekit.showing.alarm import SAID
from moderator.audio import Waveform, to_pcm16
from moderator.ears.base import Ears
from moderator.ears.live import LiveListener, LiveParts
from moderator.ears.loading import EarModels
from moderator.ears.reading_pool import ReadingPool
from moderator.ears.script import ScriptedEars
from moderator.errors import InputError
from moderator.events import Part, TurnEnded, Word
from moderator.mind.duties.session import Duties
from moderator.testing.ears import EnergyVad, FakeEars
from moderator.testing.faulty import FaultyRecogniser, Mode, Switch
from moderator.testing.meetings import talk
from moderator.testing.mouth import ToneVoice
from moderator.timeline import Stopwatch
from roles.loader import load_role
from roles.schema import Role

RATE = 24_000
"""What a session gives a model by default."""

STEP = RATE // 20


class Microphone(io.AudioInput):
    """Silence in real time, with speech in it when there is some."""

    def __init__(self) -> None:
        super().__init__(label="test")
        self._speech: Waveform = np.zeros(0, np.float32)

    def say(self, samples: Waveform) -> float:
        """Speaks, ``(n,)`` at 24 kHz; how many seconds it lasts."""
        self._speech = np.concatenate([self._speech, samples])
        return len(samples) / RATE

    async def __anext__(self) -> rtc.AudioFrame:
        await asyncio.sleep(STEP / RATE)
        part, self._speech = self._speech[:STEP], self._speech[STEP:]
        pcm = to_pcm16(np.pad(part, (0, STEP - len(part))))
        return rtc.AudioFrame(pcm.tobytes(), RATE, 1, STEP)


class Loudspeaker(io.AudioOutput):
    """Keeps what is played, and says that it was."""

    def __init__(self) -> None:
        super().__init__(
            label="test", capabilities=io.AudioOutputCapabilities(pause=False), sample_rate=16_000
        )
        self.played = 0.0
        self._pushed = 0.0

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if not self._pushed:
            self.on_playback_started(created_at=0.0)
        self._pushed += frame.duration
        self.played += frame.duration

    def flush(self) -> None:
        super().flush()
        if self._pushed:
            done, self._pushed = self._pushed, 0.0
            self.on_playback_finished(playback_position=done, interrupted=False)

    def clear_buffer(self) -> None:
        self._pushed = 0.0


@dataclass
class Talk:
    """A session under way."""

    session: AgentSession[None]
    microphone: Microphone
    loudspeaker: Loudspeaker
    states: list[str] = field(default_factory=list)
    said: list[tuple[str, bool]] = field(default_factory=list)
    ended: list[TurnEnded] = field(default_factory=list)

    def history(self) -> list[tuple[str, str]]:
        """Role and text of every message."""
        items = self.session.history.items
        return [(i.role, i.text_content or "") for i in items if isinstance(i, ChatMessage)]

    async def until(self, done: Callable[[], object], within: float = 10.0) -> None:
        async with asyncio.timeout(within):
            while not done():
                await asyncio.sleep(0.05)


def role(**turn: Any) -> Role:
    base = load_role("host").model_dump(mode="json")
    policy = base["turn"] | {"minimum_gap_s": 0.2, "cool_down_s": 0.0, "share_ceiling": 1.0} | turn
    return Role.model_validate(base | {"duties": [{"type": "answer"}], "turn": policy})


def scripted(
    words: Sequence[Word], the_role: Role | None = None, voice: ToneVoice | None = None
) -> DuplexModel:
    """A model that hears these words, whatever comes in."""
    mind = Duties()
    return DuplexModel(the_role or role(), lambda: ScriptedEars(words), voice or ToneVoice(), mind)


@asynccontextmanager
async def talking(model: DuplexModel, instructions: str = "") -> AsyncIterator[Talk]:
    """An ordinary session with nothing but the model."""
    session: AgentSession[None] = AgentSession(llm=model)
    one = Talk(session, Microphone(), Loudspeaker())
    session.input.audio, session.output.audio = one.microphone, one.loudspeaker
    session.on("agent_state_changed", lambda event: one.states.append(event.new_state))
    session.on(
        "user_input_transcribed",
        lambda event: one.said.append((event.transcript, event.is_final)),
    )
    await session.start(Agent(instructions=instructions), record=False)
    duplex = inner(session)
    duplex.on(
        "moderator_event",
        lambda event: one.ended.append(event) if isinstance(event, TurnEnded) else None,
    )
    try:
        yield one
    finally:
        await session.aclose()


def inner(session: AgentSession[None]) -> DuplexSession:
    found = session.current_agent.duplex_session
    assert isinstance(found, DuplexSession)
    return found


def test_a_question_without_a_name_is_answered_in_the_session() -> None:
    async def run() -> Talk:
        async with talking(scripted(talk(PERSON, 0.5, "Who are you?"))) as one:
            await one.until(lambda: any(who == "assistant" for who, _ in one.history()))
            return one

    one = asyncio.run(run())
    assert one.said[-1] == ("Who are you?", True)
    (_, asked), (who, answered) = one.history()
    assert (asked, who) == ("Who are you?", "assistant")
    assert answered.strip() == one.ended[0].heard
    assert role().identity.name in answered
    assert one.loudspeaker.played >= 0.3 * len(answered.split())
    assert "speaking" in one.states
    assert one.states[-1] == "listening"


def test_remarks_are_left_alone_and_texts_are_said() -> None:
    async def run() -> Talk:
        async with talking(scripted(talk(PERSON, 0.3, "I have been here before."))) as one:
            await one.until(lambda: ("I have been here before.", True) in one.said)
            await asyncio.sleep(1.0)
            assert one.states[-1:] == ["listening"]
            assert inner(one.session).say("Lunch is at one.")
            await one.until(lambda: len(one.history()) == 2)
            return one

    assert asyncio.run(run()).history()[-1] == ("assistant", "Lunch is at one.")


def test_it_gives_way_and_the_history_holds_what_was_heard() -> None:
    over = talk(PERSON, 2.4, "no wait a moment please I had something else in mind")

    async def run() -> Talk:
        words = [*talk(PERSON, 0.3, "Who are you?"), *over]
        the_role = role(yield_after_s=0.3)
        async with talking(scripted(words, the_role, ToneVoice(word_s=0.5))) as one:
            await one.until(lambda: one.ended)
            await one.until(lambda: len(one.history()) >= 2)
            return one

    one = asyncio.run(run())
    assert one.ended[0].lost
    answer = next(text for who, text in one.history() if who == "assistant")
    assert answer.strip() == one.ended[0].heard


def test_the_agents_instructions_are_added_to_the_roles() -> None:
    seen: list[str] = []

    class Curious(Duties):
        async def open(self, role: Role, participants: Any) -> Any:
            seen.append(role.instructions)
            return await super().open(role, participants)

    async def run(instructions: str) -> None:
        model = DuplexModel(role(), FakeEars, ToneVoice(), Curious())
        async with talking(model, instructions) as one:
            await one.until(lambda: seen, within=3.0)

    asyncio.run(run("Speak of boats."))
    assert seen[0].endswith("Speak of boats.")
    assert seen[0].startswith(role().instructions.strip())


def test_the_person_and_the_app_are_told_that_it_does_not_understand() -> None:
    hearing, errors = Switch(Mode.CRASH), list[Exception]()
    ears = EarModels(EnergyVad, FaultyRecogniser(hearing))
    parts = partial(LiveParts, ears, ReadingPool(1), ReadingPool(1))

    def listener() -> LiveListener:
        one = parts(Stopwatch())
        return LiveListener(one, [one.models.own_track(PERSON, gate=GATE)])

    async def run() -> Talk:
        model = DuplexModel(role(), listener, ToneVoice(), Duties())
        async with talking(model) as one:
            one.session.on("error", lambda event: errors.append(event.error.error))
            tone = 0.3 * np.sin(np.arange(RATE) * 2 * np.pi * 440 / RATE)

            for _ in range(3):
                assert not errors
                one.microphone.say(tone.astype(np.float32))
                await asyncio.sleep(1.6)
            await one.until(lambda: ("assistant", SAID[Part.RECOGNISER, False]) in one.history())
            hearing.mode = Mode.OK
            one.microphone.say(tone.astype(np.float32))
            await one.until(lambda: ("assistant", SAID[Part.RECOGNISER, True]) in one.history())
            return one

    said = [text for who, text in asyncio.run(run()).history() if who == "assistant"]
    assert said[:2] == [SAID[Part.RECOGNISER, False], SAID[Part.RECOGNISER, True]]
    assert [str(error) for error in errors] == ["the recogniser has failed"]


def test_instructions_that_no_role_may_have_are_reported() -> None:
    errors: list[object] = []

    async def run() -> None:
        model = scripted([])
        session: AgentSession[None] = AgentSession(llm=model)
        session.on("error", lambda event: errors.append(event.error.error))
        session.input.audio, session.output.audio = Microphone(), Loudspeaker()
        await session.start(Agent(instructions="x" * 9_000), record=False)
        async with asyncio.timeout(5):
            while not errors:
                await asyncio.sleep(0.05)
        await session.aclose()

    asyncio.run(run())
    assert isinstance(errors[0], InputError)
    assert "instructions" in str(errors[0])


def test_audio_comes_at_16_khz_whatever_it_was() -> None:
    ears = FakeEars()

    async def run() -> None:
        model = DuplexModel(role(), lambda: ears, ToneVoice(), Duties())
        async with talking(model) as one:
            tone = np.sin(np.arange(RATE) * 2 * np.pi * 440 / RATE) * 0.5
            one.microphone.say(tone.astype(np.float32))
            await asyncio.sleep(2.0)

    asyncio.run(run())
    audio = np.concatenate([chunk.samples for chunk in ears.chunks])
    loud = np.flatnonzero(np.abs(audio) > 0.1)
    assert (loud[-1] - loud[0]) / 16_000 == pytest.approx(1.0, abs=0.1)
    spectrum = np.abs(np.fft.rfft(audio[loud[0] : loud[0] + 8_000]))
    assert np.argmax(spectrum) * 2 == pytest.approx(440, abs=4)


@pytest.mark.e2e
def test_a_spoken_question_is_heard_and_answered() -> None:
    """Embedded models, from sound to sound."""
    import soxr

    from integrations.files.sound.render import speech
    from moderator.models.store import ModelStore
    from moderator.mouth.loading import VoiceLoader
    from roles.schema import VoiceChoice

    voice = VoiceLoader(ModelStore.default(offline=True))(VoiceChoice(speaker="heart-low"))
    spoken = speech(voice, "", "Who are you, and what do you do?").samples
    asked = soxr.resample(spoken, 16_000, RATE)

    async def run() -> Talk:
        async with talking(DuplexModel.load("host")) as one:
            await asyncio.sleep(0.5)
            one.microphone.say(asked)
            await one.until(
                lambda: any(who == "assistant" for who, _ in one.history()), within=40.0
            )
            return one

    one = asyncio.run(run())
    assert "what do you do" in one.history()[0][1].lower()
    assert load_role("host").identity.name in one.history()[1][1]
    assert one.loudspeaker.played > 1.0


@pytest.mark.e2e
def test_a_role_that_never_speaks_is_refused() -> None:
    with pytest.raises(InputError, match="never speaks"):
        DuplexModel.load("observer")


def test_ears_are_made_for_each_conversation() -> None:
    made: list[Ears] = []

    def make() -> Ears:
        made.append(FakeEars())
        return made[-1]

    async def run() -> None:
        model = DuplexModel(role(), make, ToneVoice(), Duties())
        for _ in range(2):
            async with talking(model):
                await asyncio.sleep(0.2)

    asyncio.run(run())
    assert len(made) == 2
