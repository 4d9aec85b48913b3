"""livekit-plugins-openai against a server on loopback: real clients, real sockets, no key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import numpy as np
import pytest
from livekit.agents.utils import http_context

from benchmarks.speech_server import SpeechServer
from integrations.livekit.hearing.ears import GATE
from integrations.livekit.hearing.models import RoomModels
from integrations.livekit.hearing.shared_diarization import SharedDiarization
from integrations.livekit.providers.plugins import Plugins, Provided
from moderator.audio import AudioChunk, Waveform, silence
from moderator.ears.live import LiveListener
from moderator.ears.loading import EarModels
from moderator.ears.reading_pool import ReadingPool
from moderator.ears.recogniser import NoRecogniser, Recogniser
from moderator.events import Part, Word
from moderator.testing.ears import EnergyVad, FakeDiarizer, FakeRecogniser
from moderator.testing.mouth import ToneVoice
from moderator.timeline import TICK, to_samples
from roles.loader import load_role

openai = pytest.importorskip("livekit.plugins.openai", reason="extra `plugins`")

ROLE = load_role("facilitator")


def tone(seconds: float) -> Waveform:
    sound: Waveform = (np.sin(np.arange(to_samples(seconds)) * 0.2) * 0.2).astype(np.float32)
    return sound


@pytest.fixture
def server() -> Iterator[SpeechServer]:
    def recognised(samples: Waveform) -> str:
        return "Good morning everybody." if np.abs(samples).max() > 0.05 else ""

    with SpeechServer(recognised, lambda text: tone(0.1 * len(text.split()))) as started:
        yield started


def embedded(recogniser: Recogniser | None = None) -> RoomModels:
    return RoomModels(
        EarModels(EnergyVad, recogniser or FakeRecogniser()),
        ToneVoice(),
        lambda _: ToneVoice(),
        ReadingPool(1),
        SharedDiarization(lambda: FakeDiarizer),
        ("fakes",),
    )


def provided(
    plugins: Callable[[], Plugins], work: Callable[[RoomModels], Awaitable[Any]]
) -> tuple[Any, Any]:
    """What work with the models gives, and what was used."""

    async def run() -> tuple[Any, Any]:
        async with http_context.open():
            made = plugins()
            given = Provided(made)
            try:
                return await work(given.models(embedded(), ROLE)), given.usage
            finally:
                given.close()
                await made.aclose()

    return asyncio.run(run())


async def listened(models: RoomModels, sound: Waveform) -> tuple[list[Word], list[str]]:
    """Hears one person at the pace of a meeting, as fast as words come."""
    words: list[Word] = []
    failures: list[tuple[Part, str]] = []
    ears: LiveListener = models.one_track("ana", GATE)
    now = 0
    while now + TICK <= len(sound):
        chunk = AudioChunk("ana", now, sound[now : now + TICK])
        now += TICK
        words += (await asyncio.to_thread(ears.hear, now, [chunk])).words
        failures += ears.failures()
        await asyncio.sleep(0.02)
    words += (await asyncio.to_thread(ears.finish, now)).words
    failures += ears.failures()
    return words, [what for _, what in failures]


SOUND = np.concatenate(
    [silence(to_samples(1)), tone(2.0), silence(to_samples(6)), tone(1.0), silence(to_samples(3))]
)


@pytest.mark.parametrize("realtime", [False, True])
def test_it_hears_over_http_and_over_a_websocket(server: SpeechServer, realtime: bool) -> None:
    def plugins() -> Plugins:
        return Plugins(stt=openai.STT(base_url=server.url, api_key="none", use_realtime=realtime))

    (words, failures), used = provided(plugins, lambda models: listened(models, SOUND))
    assert failures == []
    assert [word.text for word in words] == ["Good", "morning", "everybody."] * 2
    assert {word.speaker for word in words} == {"ana"}
    assert all(word.estimated for word in words)
    first, second = words[:3], words[3:]
    assert to_samples(0.6) <= first[0].start < first[-1].end <= to_samples(3.4)
    assert to_samples(8.6) <= second[0].start < second[-1].end <= to_samples(10.4)
    assert used["stt"]["audio_s"] > 3
    assert server.asked[0] == ("realtime" if realtime else "audio/transcriptions")


@pytest.mark.parametrize("realtime", [False, True])
def test_the_embedded_recogniser_takes_over_from_a_server_that_fails(
    server: SpeechServer, realtime: bool
) -> None:
    server.fails = True

    def plugins() -> Plugins:
        return Plugins(stt=openai.STT(base_url=server.url, api_key="none", use_realtime=realtime))

    (words, failures), _ = provided(plugins, lambda models: listened(models, SOUND))
    assert words
    assert all(word.text.startswith("w") for word in words)
    assert failures
    assert all("takes over" in what and "SECRET" not in what for what in failures)


def test_it_speaks_over_http_and_another_voice_takes_over(server: SpeechServer) -> None:
    def plugins() -> Plugins:
        return Plugins(tts=openai.TTS(base_url=server.url, api_key="none", response_format="pcm"))

    async def work(models: RoomModels) -> Any:
        voice: Any = models.voice
        first = await asyncio.to_thread(lambda: list(voice.say("One two three.")))
        server.fails = True
        second = await asyncio.to_thread(lambda: list(voice.say("Four five.")))
        return first, second, voice.take_failures()

    ((one,), (other,), failures), used = provided(plugins, work)
    assert abs(len(one.samples) - to_samples(0.3)) < to_samples(0.05)
    assert [word.text for word in one.words] == ["One", "two", "three."]
    assert len(other.samples) == to_samples(0.7)  # two words and gaps of the other voice
    assert len(failures) == 1
    assert used["tts"]["characters"] == len("One two three.Four five.")


@pytest.mark.parametrize("realtime", [False, True])
def test_without_another_recogniser_people_are_told_that_it_is_deaf(
    server: SpeechServer, realtime: bool
) -> None:
    server.fails = True

    async def run() -> tuple[list[Word], set[Part], list[str]]:
        async with http_context.open():
            return await deaf()

    async def deaf() -> tuple[list[Word], set[Part], list[str]]:
        plugin = openai.STT(base_url=server.url, api_key="none", use_realtime=realtime)
        given = Provided(Plugins(stt=plugin))
        ears = given.models(embedded(NoRecogniser()), ROLE).one_track("ana", GATE)
        words: list[Word] = []
        down: set[Part] = set()
        failures: list[str] = []
        sound = np.tile(np.concatenate([tone(1.0), silence(to_samples(1))]), 5)
        for now in range(TICK, len(sound), TICK):
            chunk = AudioChunk("ana", now - TICK, sound[now - TICK : now])
            words += (await asyncio.to_thread(ears.hear, now, [chunk])).words
            down |= ears.down
            failures += [what for _, what in ears.failures()]
            await asyncio.sleep(0.05)
        given.close()
        await plugin.aclose()
        return words, down, failures

    words, down, failures = asyncio.run(run())
    assert words == []
    assert down == {Part.RECOGNISER}
    assert len(failures) >= 3
    assert "SECRET" not in str(failures)
