"""Meetings whose ears, mind and voice are plugins, behind a server on loopback."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from livekit.agents import JobContext, inference
from livekit.plugins import moderator

from benchmarks.speech_server import SpeechServer, embedded
from integrations.livekit.hearing.models import RoomModels
from integrations.livekit.providers.specs import Wanted
from integrations.livekit.serving.worker import Worker, WorkerOptions
from moderator.audio import Waveform, silence
from moderator.cli.models import open_store
from moderator.mind.loading import load_mind
from moderator.timeline import to_samples
from roles.loader import dump_role
from tests.integrations.livekit.rooms.agent import quiet_role
from tests.integrations.livekit.rooms.apps import app_of, serving
from tests.integrations.livekit.rooms.people import Person, person, until
from tests.integrations.livekit.rooms.test_serving import agent_seen, dispatch
from tests.integrations.livekit.rooms.voices import Speakers
from tests.integrations.livekit.server import Server

openai = pytest.importorskip("livekit.plugins.openai", reason="extra `plugins`")

pytestmark = pytest.mark.e2e

WRITTEN = "It is Paris [1]."
ANSWER = "According to Ana: It is Paris."


@pytest.fixture
def service(models: RoomModels) -> Iterator[SpeechServer]:
    """Hears and speaks by the embedded models."""
    assert models.voice is not None
    with embedded(models.ears.recogniser, models.voice, lambda _: WRITTEN) as started:
        yield started


def asked(speakers: Speakers) -> Waveform:
    """A question, and before it what answers it: nothing else is spoken."""
    said, question = "The capital of France is Paris.", "Robin, what is the capital of France?"
    pause = silence(to_samples(2.0))
    return np.concatenate([speakers.say(1, said), pause, speakers.say(1, question)])


def journal(out: Path) -> list[dict[str, Any]]:
    return [json.loads(one) for one in (out / "journal.jsonl").read_text("utf-8").splitlines()]


def said(lines: list[dict[str, Any]]) -> str:
    return " ".join(word[1] for line in lines for word in line.get("words", ())).lower()


def spoken(lines: list[dict[str, Any]]) -> list[str]:
    return [line["heard"] for line in lines if line["kind"] == "turn_ended"]


async def ask(one: Person, question: Waveform) -> None:
    """Asks the agent, once it listens, and hears it answer."""
    assert await agent_seen(one, 60.0) is not None
    await asyncio.sleep(1.5)
    _, over = await one.say(np.concatenate([question, silence(to_samples(0.5))]))
    assert await one.first_sound(over - 0.5, 15.0) is not None
    await asyncio.sleep(4.0)


@pytest.mark.parametrize("realtime", [False, True])
def test_a_question_is_heard_answered_and_spoken_by_plugins(
    server: Server,
    service: SpeechServer,
    speakers: Speakers,
    room: str,
    out: Path,
    realtime: bool,
) -> None:
    question = asked(speakers)
    summary = asyncio.run(
        in_app(server, service, room, out, realtime, lambda ana: ask(ana, question))
    )
    lines = journal(out)
    assert "capital of france" in said(lines)
    assert [line for line in lines if line["kind"] == "failure"] == []
    assert spoken(lines) == [ANSWER]
    assert all(word[4] is True for line in lines for word in line.get("words", ()))
    assert summary["usage"]["stt"]["audio_s"] > 2
    assert summary["usage"]["llm"] == {"input_tokens": 50, "output_tokens": 9}
    assert summary["usage"]["tts"]["characters"] == len(ANSWER)
    heard_by = "realtime" if realtime else "audio/transcriptions"
    assert {heard_by, "chat/completions", "audio/speech"} <= set(service.asked)
    assert "Paris" in (out / "report.html").read_text("utf-8")
    assert "France" in (out / "report.html").read_text("utf-8")


async def in_app(
    server: Server,
    service: SpeechServer,
    room: str,
    out: Path,
    realtime: bool,
    work: Callable[[Person], Awaitable[None]],
) -> dict[str, Any]:
    """A meeting of an app that brings its own of all; its summary."""
    summaries: list[dict[str, Any]] = []
    app = app_of(server, initialize_process_timeout=60)

    @app.rtc_session(agent_name="moderator")
    async def meeting(ctx: JobContext) -> None:
        own = {"base_url": service.url, "api_key": "none"}
        summaries.append(
            await moderator.join(
                ctx,
                quiet_role(),
                out=out,
                leave_after_s=0.5,
                stt=openai.STT(use_realtime=realtime, **own),
                llm=openai.LLM(model="local", **own),
                tts=openai.TTS(response_format="pcm", **own),
                vad=inference.VAD(),
            )
        )

    async with serving(app):
        async with person(server, room, "ana", listens=True) as ana:
            await dispatch(server, room, "")
            await work(ana)
        async with asyncio.timeout(20):
            while not summaries:
                await asyncio.sleep(0.1)
    return summaries[0]


@pytest.mark.parametrize("realtime", [False, True])
def test_the_embedded_parts_take_over_when_the_server_fails(
    server: Server,
    service: SpeechServer,
    speakers: Speakers,
    room: str,
    out: Path,
    realtime: bool,
) -> None:
    question = asked(speakers)
    again = speakers.say(1, "Robin, who has talked most so far?")
    told: list[str] = []

    async def work(ana: Person) -> None:
        await ask(ana, question)
        service.fails = True
        service.hang_up()
        await ask(ana, again)
        me = next(iter(ana.room.remote_participants.values()))
        told.extend((me.attributes["moderator.hearing"], me.attributes["moderator.speaking"]))
        told.extend(text for _, text in ana.chat)

    asyncio.run(in_app(server, service, room, out, realtime, work))
    lines = journal(out)
    assert "talked most" in said(lines)
    first, second = spoken(lines)
    assert first == ANSWER
    assert "Ana" in second
    failures = {(line["part"], line["what"]) for line in lines if line["kind"] == "failure"}
    assert {part for part, _ in failures} == {"recogniser", "voice"}
    assert all("takes over" in what and "SECRET" not in what for _, what in failures)
    assert told[:2] == ["ok", "ok"]  # nobody needs to be told
    assert not [text for text in told if "failed" in text]


def arguments(service: SpeechServer, folder: Path) -> Wanted:
    """The three as the command line names them."""
    own = f"base_url: {service.url}\napi_key: none\n"
    for name, more in (
        ("STT", "use_realtime: true"),
        ("LLM", "model: local"),
        ("TTS", "response_format: pcm"),
    ):
        (folder / f"{name}.yaml").write_text(f"{own}{more}\n")
    hears, writes, speaks = (
        f"livekit.plugins.openai:{name}@{folder / name}.yaml" for name in ("STT", "LLM", "TTS")
    )
    return Wanted(hears, speaks, writes)


def test_the_command_line_brings_plugins(
    server: Server, service: SpeechServer, speakers: Speakers, room: str, tmp_path: Path, out: Path
) -> None:
    question = asked(speakers)
    role = tmp_path / "role.yaml"
    role.write_text(dump_role(quiet_role()))
    wanted = arguments(service, tmp_path)
    given = ("--stt", wanted.stt, "--llm", wanted.llm, "--tts", wanted.tts)
    where = ("--room", room, "--url", server.url, "--out", out, "--leave-after", "0.5")
    environ = {
        **os.environ,
        "LIVEKIT_API_KEY": server.key,
        "LIVEKIT_API_SECRET": server.secret,
        "MODERATOR_OFFLINE": "1",
    }

    async def run() -> dict[str, Any]:
        program = (sys.executable, "-m", "moderator", "join", "--role", role, "--json")
        agent = await asyncio.create_subprocess_exec(
            *map(str, (*program, *where, *given)),
            env=environ,
            stdout=asyncio.subprocess.PIPE,
        )
        async with person(server, room, "ana", listens=True) as ana:
            await ask(ana, question)
        told, _ = await asyncio.wait_for(agent.communicate(), 30)
        assert agent.returncode == 0
        summary: dict[str, Any] = json.loads(told)
        return summary

    summary = asyncio.run(run())
    assert spoken(journal(out)) == [ANSWER]
    assert set(summary["usage"]) == {"stt", "llm", "tts"}


def test_the_command_line_brings_a_server_of_tools(
    server: Server, service: SpeechServer, speakers: Speakers, room: str, tmp_path: Path, out: Path
) -> None:
    """A real process answers; what it says is spoken, journalled and reported as a tool's."""
    pytest.importorskip("mcp", reason="extra `mcp`")
    service.calls = (("find_date", '{"topic": "launch"}'),)
    service.write = lambda _: "The launch takes place on the tenth of June [1]."
    question = speakers.say(1, "Robin, when does the launch take place?")
    role = tmp_path / "role.yaml"
    role.write_text(dump_role(quiet_role().model_copy(update={"tools": ["find_date"]})))
    tools = f"{sys.executable} -m tests.integrations.livekit.providers.mcp_server"
    given = ("--llm", arguments(service, tmp_path).llm, "--mcp", tools)
    where = ("--room", room, "--url", server.url, "--out", out, "--leave-after", "0.5")
    environ = {
        **os.environ,
        "LIVEKIT_API_KEY": server.key,
        "LIVEKIT_API_SECRET": server.secret,
        "MODERATOR_OFFLINE": "1",
    }

    async def run() -> None:
        program = (sys.executable, "-m", "moderator", "join", "--role", role, "--json")
        agent = await asyncio.create_subprocess_exec(
            *map(str, (*program, *where, *given)), env=environ, stdout=asyncio.subprocess.PIPE
        )
        async with person(server, room, "ana", listens=True) as ana:
            await ask(ana, question)
        await asyncio.wait_for(agent.communicate(), 30)
        assert agent.returncode == 0

    asyncio.run(run())
    lines = journal(out)
    (call,) = [line for line in lines if line["kind"] == "tool"]
    assert (call["tool"], call["outcome"]) == ("find_date", "ok")
    assert spoken(lines) == ["According to find date: The launch takes place on the tenth of June."]
    report = (out / "report.html").read_text("utf-8")
    assert "from the tool find_date: The launch takes place on the tenth of June." in report


def test_a_worker_brings_plugins(
    server: Server, service: SpeechServer, speakers: Speakers, room: str, tmp_path: Path, out: Path
) -> None:
    question = asked(speakers)
    wanted = arguments(service, tmp_path)
    options = WorkerOptions(
        server.url, server.key, server.secret, quiet_role(), "moderator", out, wanted=wanted
    )
    store = open_store(offline=True, show_progress=False)
    worker = Worker(options, store, lambda: load_mind(live=True))

    async def run() -> None:
        registered = asyncio.Event()
        worker.server.on("worker_registered", lambda *_: registered.set())
        running = asyncio.create_task(worker.run())
        await asyncio.wait_for(registered.wait(), 20)
        async with person(server, room, "ana", listens=True) as ana:
            await dispatch(server, room, '{"leave_after_s": 0.5}')
            await ask(ana, question)
        await until(lambda: list(out.glob("*/summary.json")), 20.0)
        await asyncio.wait_for(worker.drain(), 30)
        await asyncio.wait_for(running, 10)

    asyncio.run(run())
    (folder,) = out.iterdir()
    assert spoken(journal(folder)) == [ANSWER]
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    assert summary["usage"]["tts"]["characters"] == len(ANSWER)
