"""The agent in a room, inside the test's own process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from livekit import rtc

from integrations.livekit.address import Address, connect, shared_key
from integrations.livekit.hearing.models import RoomModels
from integrations.livekit.measuring.metrics import Metrics
from integrations.livekit.options import SessionOptions
from integrations.livekit.session import RoomSession
from moderator.mind.base import SpeechLLM
from moderator.mind.loading import load_mind
from moderator.timeline import Stopwatch
from roles.loader import load_role
from roles.schema import Role
from tests.integrations.livekit.rooms.people import Person, person
from tests.integrations.livekit.server import Server

IDENTITY = "agent-robin"


def quiet_role(**turn: object) -> Role:
    """A facilitator that only answers, and soon."""
    role = load_role("facilitator")
    policy = {"minimum_gap_s": 0.3, "share_ceiling": 1.0, **turn}
    return Role.model_validate(
        role.model_dump(mode="json")
        | {
            "duties": [{"type": "answer"}],
            "turn": role.turn.model_dump(mode="json") | policy,
            "authority": {
                "commands": {
                    "hush": "everyone",
                    "resume": "everyone",
                    "status": "everyone",
                    "listen_only": "everyone",
                    "role": "everyone",
                    "say": ["ana"],
                    "leave": ["ana"],
                }
            },
        }
    )


@dataclass
class Agent:
    """A session under way, and what it wrote."""

    session: RoomSession
    task: asyncio.Task[dict[str, Any]]
    out: Path

    async def done(self) -> dict[str, Any]:
        """Waits for its end; the summary."""
        return await asyncio.wait_for(self.task, 20)

    def journal(self) -> list[dict[str, Any]]:
        """All lines so far."""
        if not (self.out / "journal.jsonl").exists():
            return []
        text = (self.out / "journal.jsonl").read_text("utf-8")
        return [json.loads(line) for line in text.splitlines(keepends=True) if line[-1] == "\n"]

    def words(self) -> dict[str, str]:
        """What each person said, lower case, by identity."""
        said: dict[str, list[str]] = {}
        for line in self.journal():
            for who, text, *_ in line.get("words", []):
                said.setdefault(who, []).append(text)
        return {who: " ".join(words).lower() for who, words in said.items()}


@asynccontextmanager
async def agent(
    server: Server,
    room: str,
    models: RoomModels,
    out: Path,
    role: Role | None = None,
    patience_s: float = 1.0,
    metrics: Metrics | None = None,
    mind: SpeechLLM | None = None,
    others: tuple[Role, ...] = (),
    identity: str = IDENTITY,
    first: rtc.Room | None = None,
    key: str | None = None,
) -> AsyncIterator[Agent]:
    """The agent in a room; ended with the block, if it has not ended by itself.

    `first`: a room that an app has made, perhaps with handlers of its own.
    """
    role = role or quiet_role()
    address = Address(
        *(server.url, room, identity, "Robin", None, server.key, server.secret), shared_key(key)
    )
    options = SessionOptions(role, address, out, patience_s=patience_s, others=others)
    mind = mind or load_mind(live=True)
    given = None if first is None else (first, lambda room: connect(room, address))
    session = RoomSession(options, replace(models), mind, Stopwatch(), given, metrics)
    task = asyncio.create_task(session.run())
    try:
        await asyncio.sleep(0)
        yield Agent(session, task, out)
    finally:
        session.end("the test is over")
        await asyncio.wait([task], timeout=20)
        if task.done() and not task.cancelled():
            task.exception()


@asynccontextmanager
async def gathering(
    server: Server,
    room: str,
    models: RoomModels,
    out: Path,
    *names: str,
    role: Role | None = None,
    **options: Any,
) -> AsyncIterator[tuple[Agent, dict[str, Person]]]:
    """The agent with some people, by identity; the last of them listens."""
    async with AsyncExitStack() as stack:
        people = {}
        for name in names:
            one = person(server, room, name, listens=name == names[-1])
            people[name] = await stack.enter_async_context(one)
        robin = await stack.enter_async_context(agent(server, room, models, out, role, **options))
        await present(people[names[0]])
        yield robin, people


async def present(one: Any, within: float = 10.0) -> None:
    """Waits until a participant sees the agent."""
    async with asyncio.timeout(within):
        while IDENTITY not in one.room.remote_participants:
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.8)  # its track is published, theirs are subscribed
