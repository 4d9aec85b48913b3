"""A worker that LiveKit sends into rooms; its meetings share one set of models."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livekit import api, rtc
from livekit.agents import AgentServer, JobContext, JobExecutorType, JobRequest
from livekit.protocol.agent import JobTermination

from integrations.files.disk.lock import InUse
from integrations.livekit.hearing.model_cache import ModelCache
from integrations.livekit.hearing.models import RoomModels
from integrations.livekit.hearing.shared_diarization import shared_diarization
from integrations.livekit.outcome import meeting_id
from integrations.livekit.providers.specs import Wanted
from integrations.livekit.serving.job import JobWishes, job_role, job_session
from integrations.livekit.serving.takeover import Heirs, abandoned
from integrations.livekit.session import RoomSession
from integrations.livekit.telling.succession import Roles
from moderator.audio import Waveform
from moderator.cli.console import note
from moderator.errors import InputError
from moderator.journal.restoring import Unfinished
from moderator.mind.base import SpeechLLM
from moderator.models.store import ModelStore
from roles.schema import Role

if TYPE_CHECKING:
    from integrations.livekit.measuring.metrics import Metrics

AGENT_NAME = "moderator"


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
        others: roles that jobs and commands may name, beside the library's.
        wanted: plugins that are made for each meeting.
        encryption: of the rooms, end to end.
    """

    url: str
    key: str
    secret: str
    role: Role
    agent_name: str = AGENT_NAME
    out: Path | None = None
    rooms: int = 4
    drain_s: int = 60
    others: tuple[Role, ...] = ()
    wanted: Wanted = field(default_factory=Wanted)
    encryption: rtc.E2EEOptions | None = field(default=None, repr=False)


class Worker:
    """Registers with a server and takes part in the meetings that it is sent to.

    Jobs run in threads of this process: models are loaded once, before the first job, and a job
    with another voice or language loads only what differs.

    Args:
        options: how.
        store: where the models are.
        mind: makes what proposes; each meeting has its own, since it runs on its own event loop.
        enrolled: a few seconds of speech of people on shared microphones, by name.
        metrics: measure the meetings; None: they are not measured.
    """

    def __init__(
        self,
        options: WorkerOptions,
        store: ModelStore,
        mind: Callable[[], SpeechLLM],
        enrolled: Mapping[str, Waveform] | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._options, self._mind = options, mind
        self._metrics = metrics
        self._roles = Roles((*options.others, options.role))
        self._models = ModelCache(store, shared_diarization(store, enrolled or {}))
        self._sessions: dict[str, tuple[asyncio.AbstractEventLoop, RoomSession]] = {}
        self._coming: set[str] = set()
        self._told_full: str | None = None
        self._draining = False
        self._load_models(options.role)
        self.server = _Server(
            self._goes_on,
            job_executor_type=JobExecutorType.THREAD,
            # Made ahead, a thread that is not ready yet when the worker is told to end never ends.
            num_idle_processes=0,
            # Counted in meetings: the machine's load, the default, also counts other programs.
            load_fnc=self._load,
            # Jobs are refused here: with a threshold, livekit-agents takes the first job that an
            # idle worker gets for all that it can do, and the second is lost.
            load_threshold=math.inf,
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

    def _load_models(self, role: Role) -> RoomModels:
        return self._models.for_role(role, ears_brought=self._options.wanted.stt is not None)

    async def run(self) -> None:
        """Serves until `drain` and `close`; meetings of workers that died are given out anew."""
        heirs = asyncio.create_task(self._look_for_abandoned(), name="heirs")
        try:
            await self.server.run()
        finally:
            heirs.cancel()
            await asyncio.gather(heirs, return_exceptions=True)

    async def _look_for_abandoned(self) -> None:
        options = self._options
        if options.out is None:
            return
        url = options.url.replace("ws", "http", 1)

        def free() -> bool:
            return self._full() is None and not self._draining

        def server() -> api.LiveKitAPI:
            return api.LiveKitAPI(url, options.key, options.secret)

        await Heirs(options.out, server, options.agent_name, free).run()

    async def drain(self) -> None:
        """Takes no more jobs and lets the agents finish what they are saying."""
        self._draining = True
        for loop, session in list(self._sessions.values()):
            work = session.drain("the worker was told to end")
            asyncio.run_coroutine_threadsafe(work, loop)
        await self.server.drain()
        await self.server.aclose()

    def _goes_on(self, job: str) -> bool:
        found = self._sessions.get(job)
        return found is not None and found[1].contact.lately_lost

    def _load(self, server: AgentServer) -> float:
        """What LiveKit's dispatch is told: meetings of those that may be; 1 if there is no room.

        A worker that is full is not asked for more; why it is, is printed when it comes to that.
        """
        full = self._full()
        if full != self._told_full:
            self._told_full = full
            note(f"no further meetings: {full}" if full else "further meetings are taken")
        return 1.0 if full else self._meetings / self._options.rooms

    @property
    def _meetings(self) -> int:
        """Under way, or about to be."""
        return len(self.server.active_jobs) + len(self._coming)

    def _full(self) -> str | None:
        """Why no further meeting is taken; None: one is."""
        if any(session.spared.hypotheses for _, session in list(self._sessions.values())):
            return "those under way are behind: this machine has too much to do"
        if self._meetings >= self._options.rooms:
            return f"{self._options.rooms} are under way, as --rooms allows"
        return None

    def _wished(self, metadata: str) -> tuple[Role, JobWishes]:
        return job_role(metadata, self._options.role, self._roles)

    async def _abandoned(self, room_sid: str) -> Unfinished | None:
        """The meeting of a dead worker in a room."""
        if self._options.out is None:
            return None
        found = await asyncio.to_thread(abandoned, self._options.out, room_sid)
        return found[0] if found else None

    async def _requested(self, request: JobRequest) -> None:
        """Accepts a job whose metadata is valid, if there is room for it."""
        try:
            role, wishes = self._wished(request.job.metadata)
        except InputError as error:
            await _refuse(request, str(error))
            return
        if (full := self._full()) is not None:
            await _refuse(request, full)
            return
        if wishes.goes_on:
            past = await self._abandoned(request.room.sid)
            role = role if past is None else past.role
        self._coming.add(request.id)
        try:
            await request.accept(
                name=role.identity.name, identity=f"moderator-{role.id}-{request.id[-6:]}"
            )
        finally:
            self._coming.discard(request.id)

    async def _job(self, context: JobContext) -> None:
        role, wishes = self._wished(context.job.metadata)
        past = await self._abandoned(context.job.room.sid)
        if past is None and wishes.goes_on:
            context.shutdown("another worker goes on with it")
            return
        role = role if past is None else past.role
        models = await asyncio.to_thread(self._load_models, role)
        name = f"{meeting_id(context.job.room.name)}-{context.job.id}"
        try:
            async with self._options.wanted.provided(models, self._mind(), role) as parts:
                session = job_session(
                    context,
                    role,
                    *parts,
                    out=self._options.out and self._options.out / name,
                    patience_s=wishes.leave_after_s,
                    metrics=self._metrics,
                    others=(*self._options.others, self._options.role),
                    encryption=self._options.encryption,
                    past=past,
                )
                self._sessions[context.job.id] = (asyncio.get_running_loop(), session)
                await session.run()
        except InUse:
            if past is None:
                raise
            note(f"{name}: another worker goes on with it")
        finally:
            self._sessions.pop(context.job.id, None)
            context.shutdown("the meeting is over")


class _Server(AgentServer):
    """A server of jobs that go on where LiveKit takes back one whose agent has lost its connection.

    LiveKit ends the job of an agent that it has seen leave the room, also one that joins anew.

    Args:
        goes_on: whether a job is such a one, by its id.
        options: of `AgentServer`.
    """

    def __init__(self, goes_on: Callable[[str], bool], **options: Any) -> None:
        super().__init__(**options)
        self._goes_on = goes_on

    async def _handle_termination(self, msg: JobTermination) -> None:
        if self._goes_on(msg.job_id):
            note(f"job {msg.job_id} goes on: its agent joins anew")
        else:
            await super()._handle_termination(msg)


async def _refuse(request: JobRequest, why: str) -> None:
    note(f"job {request.id} refused: {why}")
    await request.reject()
