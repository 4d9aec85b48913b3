"""Metrics of a meeting in a real room, scraped while it goes on."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from integrations.livekit.hearing.models import RoomModels
from integrations.livekit.measuring.telemetry import Endpoint, metrics_for
from tests.integrations.livekit.rooms.agent import agent, present
from tests.integrations.livekit.rooms.people import person
from tests.integrations.livekit.rooms.voices import Speakers
from tests.integrations.livekit.server import Server, free_port

pytestmark = pytest.mark.e2e

Series = dict[str, list[Sample]]


def scrape(port: int) -> Series:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    found: Series = {}
    for sample in (sample for family in families for sample in family.samples):
        found.setdefault(sample.name, []).append(sample)
    return found


def value(series: Series, name: str, **labels: str) -> float:
    """The sum of the samples that have these labels."""
    return sum(one.value for one in series[name] if labels.items() <= one.labels.items())


def test_a_meeting_is_measured(
    server: Server, models: RoomModels, speakers: Speakers, room: str, out: Path
) -> None:
    question = speakers.say(0, "Robin, who has talked the most so far?")
    over = speakers.say(0, "No wait, that is not what I wanted to know at all.")
    port = free_port()

    async def run() -> tuple[Series, Series]:
        async with AsyncExitStack() as stack:
            metrics = stack.enter_context(metrics_for(Endpoint(port), {}))
            ana = await stack.enter_async_context(person(server, room, "ana", listens=True))
            robin = await stack.enter_async_context(
                agent(server, room, models, out, metrics=metrics)
            )
            await present(ana)
            for _ in range(3):  # recognition under load may miss a name
                _, ended = await ana.say(question)
                if await ana.first_sound(ended, within=6.0) is not None:
                    break
            await asyncio.sleep(4.0)
            during = await asyncio.to_thread(scrape, port)
            text = "I will now tell you at some length what has happened in this meeting so far."
            await ana.call("agent-robin", "say", text * 2)
            assert await ana.first_sound(ended + 4.5, within=8.0) is not None
            await asyncio.sleep(1.0)
            await ana.say(over)
            await asyncio.sleep(1.0)
            robin.session.end("enough")
            await robin.done()
            return during, await asyncio.to_thread(scrape, port)

    during, after = asyncio.run(run())
    assert value(during, "moderator_meeting_active") == 1
    assert 0 < value(during, "moderator_realtime_factor") < 5
    assert 0 < value(during, "moderator_talk_share", moderator_speaker_kind="agent") < 1
    assert value(during, "moderator_response_gap_seconds_count", moderator_act="answer") == 1
    assert value(after, "moderator_yield_duration_seconds_count") == 1
    assert 0 < value(after, "moderator_yield_duration_seconds_sum") < 2.0
    assert value(after, "moderator_decision_duration_seconds_count") > 20
    assert value(after, "moderator_audio_frames_dropped_total") == 0
    assert "ana" not in str([one.labels for each in during.values() for one in each])
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    recognised = summary["phases_s"]["recognition"]
    spent = value(after, "moderator_compute_time_seconds_total", moderator_phase="recognition")
    assert spent == pytest.approx(recognised, abs=0.01)
    assert recognised > 0
    factor = sum(summary["phases_s"].values()) / summary["duration_s"]
    assert summary["real_time_factor"] == pytest.approx(factor, abs=0.001)
    print(f"real-time factor {factor:.2f}, of which recognition {recognised:.2f} s")
