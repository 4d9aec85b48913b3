"""A meeting whose ears, mind and voice are an app's own, behind a server on loopback."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from livekit.agents import JobContext
from livekit.plugins import moderator

from integrations.livekit.hearing.models import RoomModels
from moderator.audio import Waveform
from moderator.timeline import to_samples
from tests.integrations.livekit.providers.speech_server import SpeechServer
from tests.integrations.livekit.rooms.agent import quiet_role
from tests.integrations.livekit.rooms.apps import app_of, serving
from tests.integrations.livekit.rooms.people import person
from tests.integrations.livekit.rooms.test_serving import agent_seen, dispatch
from tests.integrations.livekit.rooms.voices import Speakers
from tests.integrations.livekit.server import Server

openai = pytest.importorskip("livekit.plugins.openai", reason="extra `plugins`")

pytestmark = pytest.mark.e2e


def recognised(models: RoomModels, samples: Waveform) -> str:
    """What the embedded recogniser understands of one utterance."""
    stream = models.ears.recogniser.open()
    stream.begin(0)
    stream.push(samples, True)
    stream.end(len(samples))
    words = []
    while stream.due:
        words += [word.text for word in stream.read().words]
    return " ".join(words)


@pytest.mark.parametrize("realtime", [False, True])
def test_a_question_is_heard_answered_and_spoken_by_plugins(
    server: Server,
    models: RoomModels,
    speakers: Speakers,
    room: str,
    tmp_path: Path,
    realtime: bool,
) -> None:
    question = speakers.say(1, "Robin, what is the capital of France?")
    voice: Any = models.voice

    def speak(text: str) -> Waveform:
        return np.concatenate([sentence.samples for sentence in voice.say(text)])

    service = SpeechServer(
        lambda samples: recognised(models, samples), speak, lambda _: "The capital is Paris."
    )
    summaries: list[dict[str, Any]] = []

    async def run() -> None:
        app = app_of(server, initialize_process_timeout=60)

        @app.rtc_session(agent_name="moderator")
        async def meeting(ctx: JobContext) -> None:
            own = {"base_url": service.url, "api_key": "none"}
            summaries.append(
                await moderator.join(
                    ctx,
                    quiet_role(),
                    out=tmp_path / "out",
                    leave_after_s=0.5,
                    stt=openai.STT(use_realtime=realtime, **own),
                    llm=openai.LLM(model="local", **own),
                    tts=openai.TTS(response_format="pcm", **own),
                )
            )

        async with serving(app):
            async with person(server, room, "ana", listens=True) as ana:
                await dispatch(server, room, "")
                assert await agent_seen(ana, 60.0) is not None
                await asyncio.sleep(1.5)
                _, over = await ana.say(
                    np.concatenate([question, np.zeros(to_samples(0.5), np.float32)])
                )
                assert await ana.first_sound(over - 0.5, 12.0) is not None
                await asyncio.sleep(3.0)
            async with asyncio.timeout(20):
                while not summaries:
                    await asyncio.sleep(0.1)

    with service:
        asyncio.run(run())
    lines = [
        json.loads(one) for one in (tmp_path / "out" / "journal.jsonl").read_text().splitlines()
    ]
    said = " ".join(word[1] for line in lines for word in line.get("words", ())).lower()
    assert "capital of france" in said
    assert [line for line in lines if line["kind"] == "failure"] == []
    heard = [line["heard"] for line in lines if line["kind"] == "turn_ended"]
    assert heard == ["The capital is Paris."]
    assert all(word[4] is True for line in lines for word in line.get("words", ()))
    (summary,) = summaries
    assert summary["usage"]["stt"]["audio_s"] > 2
    assert summary["usage"]["llm"] == {"input_tokens": 50, "output_tokens": 9}
    assert summary["usage"]["tts"]["characters"] == len("The capital is Paris.")
    spoken = "realtime" if realtime else "audio/transcriptions"
    assert {spoken, "chat/completions", "audio/speech"} <= set(service.asked)
