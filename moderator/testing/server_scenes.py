"""Sessions of the mind behind a server, shown one moment after the other, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from moderator.events import Percept, Proposal, Word
from moderator.floor.state import FloorStatus, FloorView
from moderator.mind.openai.mind import OpenAIMind
from moderator.mind.openai.session import OpenAISession
from moderator.mind.openai.settings import OpenAISettings
from moderator.testing.chat_server import ChatServer
from moderator.testing.meetings import people, talk
from moderator.timeline import to_samples
from roles.schema import Role

PEOPLE = people("Ana", "Ben")
FREE = FloorView(0, FloorStatus.FREE, silence=to_samples(2))
"""Nobody has spoken for two seconds."""


def role_with(**more: Any) -> Role:
    """A role named Robin, with parts of a role file on top."""
    base: dict[str, Any] = {
        "id": "tested",
        "summary": "for tests",
        "identity": {"name": "Robin"},
        "instructions": "Be brief.",
        "turn": {"eagerness": 0.5},
    }
    return Role.model_validate(base | more)


def server_mind(server: ChatServer, **more: Any) -> OpenAIMind:
    """The mind behind a scripted server, with settings on top."""
    settings = {"model": "m", "base_url": server.url, "timeout_s": 5.0, "max_retries": 0} | more
    return OpenAIMind(OpenAISettings.model_validate(settings), SecretStr("secret-key"))


def percept(second: float, *words: Word, **more: Any) -> Percept:
    """Half a second that ends at `second`."""
    end = to_samples(second)
    return Percept(0, end - 8000, end, words=words, **more)


async def asked(
    session: OpenAISession, *words: Word, second: float = 10.0, floor: FloorView = FREE
) -> Proposal | None:
    """What the session proposes at `second`, after hearing `words`."""
    await session.push(percept(second, *words), replace(floor, now=to_samples(second)))
    return await session.propose()


def one_proposal(
    server: ChatServer, policy: Role | None = None, text: str = "Robin, when do we meet?"
) -> Proposal | None:
    """What a new session proposes when Ana has said `text`."""

    async def run() -> Proposal | None:
        session = await server_mind(server).open(policy or role_with(), PEOPLE)
        try:
            return await asked(session, *talk("ana", 7.0, text))
        finally:
            await session.close()

    return asyncio.run(run())


def session_scene(
    server: ChatServer,
    steps: Callable[[OpenAISession], Any],
    policy: Role | None = None,
    **more: Any,
) -> Any:
    """Runs `steps` on a session of its own; their result."""

    async def run() -> Any:
        session = await server_mind(server, **more).open(policy or role_with(), PEOPLE)
        try:
            return await steps(session)
        finally:
            await session.close()

    return asyncio.run(run())
