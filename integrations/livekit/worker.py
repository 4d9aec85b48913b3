"""A worker that LiveKit sends into rooms; its meetings share one set of models."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livekit.agents import AgentServer, AutoSubscribe, JobContext, JobExecutorType, JobRequest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from integrations.livekit.address import Address
from integrations.livekit.models import RoomModels, load_models
from integrations.livekit.outcome import meeting_id
from integrations.livekit.session import RoomSession, SessionOptions
from moderator.errors import InputError
from moderator.mind.base import SpeechLLM
from moderator.models import ModelStore
from moderator.timeline import Stopwatch
from roles.loader import load_role
from roles.schema import Role

if TYPE_CHECKING:
    from integrations.livekit.metrics import Metrics

LONGEST_METADATA = 100_000
AGENT_NAME = "moderator"

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


class JobWishes(BaseModel):
    """What the metadata of a job may say, as JSON.

    `role` is the name of a role of the library or a whole role; without it the worker's own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: str | dict[str, Any] | None = None
    leave_after_s: float = Field(default=10.0, ge=0.0, le=3600.0)


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """How a worker runs.

    Attributes:
        url: of the LiveKit server.
        key: API key.
        secret: its secret.
        role: of jobs that name none.
        agent_name: under which jobs are dispatched; empty: into every room.
        out: directory for the meetings' directories; None: nothing is written.
        rooms: meetings at the same time; more are left to other workers.
        drain_s: meetings that last longer after SIGTERM are cut.
    """

    url: str
    key: str
    secret: str
    role: Role
    agent_name: str = AGENT_NAME
    out: Path | None = None
    rooms: int = 4
    drain_s: int = 60


def job_role(metadata: str, default: Role) -> tuple[Role, JobWishes]:
    """The role that a job's metadata asks for.

    Raises:
        InputError: the metadata is not valid, with the reason.
    """
    if len(metadata) > LONGEST_METADATA:
        raise InputError("more than 100,000 characters", where="job metadata")
    try:
        wishes = JobWishes.model_validate(json.loads(metadata)) if metadata.strip() else JobWishes()
    except (ValueError, RecursionError) as error:
        raise InputError(_first_line(error), where="job metadata") from None
    if wishes.role is None:
        return default, wishes
    if isinstance(wishes.role, str):
        if not _NAME.fullmatch(wishes.role):
            raise InputError("not the name of a role", where="job metadata: role")
        try:
            return load_role(wishes.role), wishes
        except ValueError as error:
            raise InputError(str(error), where="job metadata: role") from None
    try:
        return Role.model_validate(wishes.role), wishes
    except ValidationError as error:
        raise InputError(_first_line(error), where="job metadata: role") from None


def _first_line(error: BaseException) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        return f"{key}: {first['msg']}"
    return "not JSON"


class Worker:
    """Registers with a server and takes part in the meetings that it is sent to.

    Jobs run in threads of this process: models are loaded once, before the first job, and a job
    with another voice or language loads only what differs.

    Args:
        options: how.
        store: where the models are.
        mind: makes what proposes; each meeting has its own, since it runs on its own event loop.
        metrics: measure the meetings; None: they are not measured.
    """

    def __init__(
        self,
        options: WorkerOptions,
        store: ModelStore,
        mind: Callable[[], SpeechLLM],
        metrics: Metrics | None = None,
    ) -> None:
        self._options, self._store, self._mind = options, store, mind
        self._metrics = metrics
        self._models: dict[tuple[str, str, bool], RoomModels] = {}
        self._loading = threading.Lock()
        self._sessions: dict[str, tuple[asyncio.AbstractEventLoop, RoomSession]] = {}
        self.models_for(options.role)
        self.server = AgentServer(
            job_executor_type=JobExecutorType.THREAD,
            num_idle_processes=1,
            # Counted in meetings: the machine's load, the default, also counts other programs.
            load_fnc=self._load,
            load_threshold=0.999,
            drain_timeout=options.drain_s,
            ws_url=options.url,
            api_key=options.key,
            api_secret=options.secret,
            job_memory_warn_mb=0,
            host="127.0.0.1",
            port=0,
        )
        self.server.rtc_session(
            self._job, agent_name=options.agent_name, on_request=self._requested
        )

    def models_for(self, role: Role) -> RoomModels:
        """The shared models of a role, loaded when they are first needed.

        Raises:
            InputError: a model is missing.
        """
        key = (role.language, role.voice.model_dump_json(), role.turn.may_speak)
        with self._loading:
            if key not in self._models:
                self._models[key] = load_models(role, self._store)
            return self._models[key]

    async def run(self) -> None:
        """Serves until `drain` and `close`."""
        await self.server.run()

    async def drain(self) -> None:
        """Takes no more jobs and lets the agents finish what they are saying."""
        for loop, session in list(self._sessions.values()):
            work = session.drain("the worker was told to end")
            asyncio.run_coroutine_threadsafe(work, loop)
        await self.server.drain()
        await self.server.aclose()

    def _load(self, server: AgentServer) -> float:
        return len(server.active_jobs) / self._options.rooms

    async def _requested(self, request: JobRequest) -> None:
        """Accepts a job whose metadata is valid."""
        try:
            role, _ = job_role(request.job.metadata, self._options.role)
        except InputError as error:
            from moderator.cli.console import note

            note(f"job {request.id} refused: {error}")
            await request.reject()
            return
        await request.accept(
            name=role.identity.name, identity=f"moderator-{role.id}-{request.id[-6:]}"
        )

    async def _job(self, context: JobContext) -> None:
        role, wishes = job_role(context.job.metadata, self._options.role)
        models = await asyncio.to_thread(self.models_for, role)
        name = context.job.room.name
        out = self._options.out and self._options.out / f"{meeting_id(name)}-{context.job.id}"
        identity = context.local_participant_identity
        address = Address(
            self._options.url,
            name,
            identity,
            role.identity.name,
            key=self._options.key,
            secret=self._options.secret,
        )
        options = SessionOptions(role, address, out, patience_s=wishes.leave_after_s)

        async def join(room: Any) -> None:
            await context.connect(auto_subscribe=AutoSubscribe.SUBSCRIBE_NONE)

        session = RoomSession(
            options, models, self._mind(), Stopwatch(), (context.room, join), self._metrics
        )
        self._sessions[context.job.id] = (asyncio.get_running_loop(), session)
        try:
            await session.run()
        finally:
            del self._sessions[context.job.id]
            context.shutdown("the meeting is over")
