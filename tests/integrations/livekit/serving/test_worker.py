"""Which jobs a worker ends when LiveKit takes them back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit.agents import AgentServer
from livekit.protocol.agent import JobTermination

from integrations.livekit.contact import LATELY, Contact
from integrations.livekit.serving import worker


class Clock:
    def __init__(self) -> None:
        self.at = 0

    def now(self) -> int:
        return self.at


def test_a_job_that_joins_anew_is_not_ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended: list[str] = []

    async def end(_: AgentServer, message: JobTermination) -> None:
        ended.append(message.job_id)

    monkeypatch.setattr(AgentServer, "_handle_termination", end)
    server = worker._Server(lambda job: job == "lost", ws_url="ws://x", api_key="k", api_secret="s")

    async def run() -> None:
        for job in ("lost", "asked"):
            await server._handle_termination(JobTermination(job_id=job))

    asyncio.run(run())
    assert ended == ["asked"]
    assert "job lost goes on" in capsys.readouterr().err


def test_a_connection_was_lost_lately_until_it_has_been_back_for_a_minute() -> None:
    clock: Any = Clock()
    contact = Contact(clock, lambda _: None)
    assert not contact.lately_lost
    clock.at = 10 * LATELY
    contact.connection(up=True)
    assert not contact.lately_lost
    contact.connection(up=False)
    clock.at += 5 * LATELY
    assert contact.lately_lost
    contact.connection(up=True)
    assert contact.lately_lost
    clock.at += LATELY
    assert not contact.lately_lost
