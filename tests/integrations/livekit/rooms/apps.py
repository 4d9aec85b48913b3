"""Apps of livekit-agents, as their authors write them, on the test's server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from livekit.agents import AgentServer, JobExecutorType

from tests.integrations.livekit.server import Server


def app_of(server: Server, **options: Any) -> AgentServer:
    """An app's server, whose jobs run in the test's own process.

    No runner is made ahead of its job: a thread that is still loading models when the app closes
    never ends (`ThreadJobExecutor._main_task` of livekit-agents 1.8 awaits the loading, which
    was cancelled).
    """
    return AgentServer(
        job_executor_type=JobExecutorType.THREAD,
        num_idle_processes=0,
        load_fnc=lambda: 0.0,  # the default, the machine's load, also counts other programs
        ws_url=server.url,
        api_key=server.key,
        api_secret=server.secret,
        host="127.0.0.1",
        port=0,
        **options,
    )


@asynccontextmanager
async def serving(app: AgentServer) -> AsyncIterator[None]:
    """An app that takes jobs; at the end it is drained."""
    registered = asyncio.Event()
    app.on("worker_registered", lambda *_: registered.set())
    task = asyncio.create_task(app.run())
    await asyncio.wait_for(registered.wait(), 60)
    yield
    await app.drain(timeout=20)
    await asyncio.wait_for(app.aclose(), 20)
    await asyncio.wait_for(task, 10)
