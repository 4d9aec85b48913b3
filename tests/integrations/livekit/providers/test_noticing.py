"""An app's VAD as what notices voices."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import inference, vad

from integrations.livekit.providers.home import Home
from integrations.livekit.providers.noticing import VadDetector
from integrations.livekit.providers.plugins import Plugins
from moderator.audio import Waveform, silence
from moderator.cli.models import open_store
from moderator.ears.vad import FRAME
from moderator.errors import InputError
from moderator.mouth.loading import load_voice
from moderator.timeline import to_samples
from roles.schema import VoiceChoice


class FakeVad(vad.VAD):
    """Answers each window by its loudness, or as it is told to."""

    def __init__(self, answer: Callable[[rtc.AudioFrame], Any], window: int = FRAME) -> None:
        super().__init__(capabilities=vad.VADCapabilities(update_interval=window / 16_000))
        self.answer, self.window = answer, window

    def stream(self) -> vad.VADStream:
        return FakeStream(self)


class FakeStream(vad.VADStream):
    async def _main_task(self) -> None:
        plugin, at, waiting = self._vad, 0, 0
        assert isinstance(plugin, FakeVad)
        async for got in self._input_ch:
            if not isinstance(got, rtc.AudioFrame):
                continue
            waiting += got.samples_per_channel
            while waiting >= plugin.window:
                waiting, at = waiting - plugin.window, at + plugin.window
                found = plugin.answer(got)
                if found is None:
                    return
                event = vad.VADEvent(
                    vad.VADEventType.INFERENCE_DONE, at, 0.0, 0.0, 0.0, probability=found
                )
                self._event_ch.send_nowait(event)


def tone(samples: int) -> Waveform:
    sound: Waveform = (np.sin(np.arange(samples) * 0.2) * 0.2).astype(np.float32)
    return sound


def loud(frame: rtc.AudioFrame) -> float:
    return float(np.abs(np.frombuffer(frame.data, np.int16)).max() > 1_000)


def detected(plugin: vad.VAD, sound: Waveform, step: int = 3 * FRAME) -> list[float]:
    async def run() -> list[float]:
        detector = VadDetector(plugin, Home())
        found: list[float] = []
        for at in range(0, len(sound) - step + 1, step):
            found += list(await asyncio.to_thread(detector.push, sound[at : at + step]))
        return found

    return asyncio.run(run())


@pytest.mark.parametrize("window", [FRAME, 160, 1024])
def test_its_probabilities_are_those_of_our_frames(window: int) -> None:
    sound = np.concatenate([silence(30 * FRAME), tone(30 * FRAME), silence(30 * FRAME)])
    found = detected(FakeVad(loud, window), sound)
    assert len(found) == 90
    assert all(value == 0.0 for value in [*found[:28], *found[66:]])
    assert all(value == 1.0 for value in found[36:58])


@pytest.mark.parametrize("wrong", [2.0, -0.1, float("nan"), "x"])
def test_what_is_no_probability_is_a_failure(wrong: object) -> None:
    with pytest.raises(ValueError, match="what it answers is no probability"):
        detected(FakeVad(lambda _: wrong), silence(60 * FRAME))


def test_one_that_ends_has_failed() -> None:
    with pytest.raises(EOFError):
        detected(FakeVad(lambda _: None), silence(60 * FRAME))


def test_one_that_does_not_answer_has_failed() -> None:
    with pytest.raises(TimeoutError):
        detected(FakeVad(loud, window=10**9), silence(120 * FRAME))


@pytest.mark.e2e
def test_livekits_own_hears_a_voice() -> None:
    voice = load_voice(VoiceChoice(), open_store(offline=True, show_progress=False))
    said = np.concatenate([one.samples for one in voice.say("The launch is in June.")])
    pause = silence(to_samples(1.0))
    found = np.array(detected(inference.VAD(), np.concatenate([pause, said, pause])))
    assert found[:25].max() < 0.5
    assert found[-15:].max() < 0.5
    assert found.max() > 0.9


def test_what_is_no_vad_is_told_in_one_line() -> None:
    with pytest.raises(InputError, match=r"^a str is no VAD of livekit-agents, vad, give a"):
        Plugins.of(None, None, None, "silero")  # type: ignore[arg-type]
