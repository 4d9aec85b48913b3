"""The duplex model in an ordinary AgentSession, in a room with one person."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from livekit.agents import Agent, AgentSession, JobContext
from livekit.agents.llm import ChatMessage
from livekit.plugins import moderator

from tests.integrations.livekit.rooms.apps import app_of, serving
from tests.integrations.livekit.rooms.people import person, until
from tests.integrations.livekit.rooms.test_serving import agent_seen, dispatch
from tests.integrations.livekit.rooms.test_speaking import LONG, OVER
from tests.integrations.livekit.rooms.voices import Speakers
from tests.integrations.livekit.server import Server

pytestmark = pytest.mark.e2e


def test_one_person_asks_is_answered_and_interrupts(
    server: Server, speakers: Speakers, room: str
) -> None:
    question = speakers.say(0, "Who are you, and what do you do?")
    over = speakers.say(0, OVER)
    host = moderator.load_role("host").model_dump(mode="json")
    turn = host["turn"] | {"share_ceiling": 1.0, "yield_after_s": 0.3}
    role = moderator.Role.model_validate(host | {"duties": [{"type": "answer"}], "turn": turn})
    model = moderator.DuplexModel.load(role)
    started: list[tuple[asyncio.AbstractEventLoop, AgentSession[Any]]] = []
    app = app_of(server)

    @app.rtc_session(agent_name=room)
    async def talk(ctx: JobContext) -> None:
        session: AgentSession[Any] = AgentSession(llm=model)
        session.on("close", lambda _: ctx.shutdown("the person has left"))
        await session.start(Agent(instructions=""), room=ctx.room)
        started.append((asyncio.get_running_loop(), session))

    def said() -> list[str]:
        items = started[0][1].history.items
        return [i.text_content or "" for i in items if isinstance(i, ChatMessage)]

    def tell(text: str) -> None:
        loop, session = started[0]
        duplex = session.current_agent.duplex_session
        assert isinstance(duplex, moderator.DuplexSession)
        loop.call_soon_threadsafe(duplex.say, text)

    async def run() -> None:
        async with serving(app), person(server, room, "ana", listens=True) as ana:
            await dispatch(server, room, "", name=room)
            assert await agent_seen(ana, 30.0) is not None
            await asyncio.sleep(1.5)
            _, ended = await ana.say(question)
            assert await ana.first_sound(ended, within=15.0) is not None, "no answer"
            await until(lambda: len(said()) >= 2)
            assert "who are you" in said()[0].lower()
            assert role.identity.name in said()[1]
            await asyncio.sleep(2.0)
            asked = time.monotonic()
            await asyncio.to_thread(tell, LONG)
            assert await ana.first_sound(asked, within=15.0) is not None
            await asyncio.sleep(1.0)
            await ana.say(over)
            await until(lambda: any(text and LONG.startswith(text.strip()) for text in said()[2:]))
            assert LONG not in said(), "it was interrupted"
            heard = [who for who, _, last in ana.transcripts if last]
            assert "ana" in heard
            assert len(set(heard)) == 2, "both have their words under their own identity"

    asyncio.run(run())
