"""The moderator for apps of livekit-agents, as ``livekit.plugins.moderator``.

An app that has a server of its own puts the moderator into its rooms with `join`::

    from livekit.agents import AgentServer, JobContext, cli
    from livekit.plugins import moderator

    server = AgentServer(setup_fnc=moderator.prewarm, initialize_process_timeout=60)

    @server.rtc_session(agent_name="moderator")
    async def meeting(ctx: JobContext) -> None:
        await moderator.join(ctx, role="facilitator")

    cli.run_app(server)
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livekit import rtc
from livekit.agents import JobContext, JobProcess, Plugin

from integrations.livekit.address import shared_key
from integrations.livekit.duplex import DuplexModel as DuplexModel
from integrations.livekit.duplex import DuplexSession as DuplexSession
from integrations.livekit.hearing.model_cache import ModelCache
from integrations.livekit.hearing.shared_diarization import shared_diarization
from integrations.livekit.providers.home import Hears, Notices, Speaks, Writes
from integrations.livekit.providers.plugins import Plugins, Provided
from integrations.livekit.providers.tools import LiveKitTools
from integrations.livekit.serving.job import job_role, job_session
from integrations.livekit.session import RoomSession
from integrations.livekit.telling.succession import Roles
from moderator import __version__ as __version__
from moderator.errors import InputError
from moderator.mind.base import SpeechLLM
from moderator.mind.loading import load_mind
from moderator.models.store import ModelStore
from roles.loader import load_role as load_role
from roles.loader import review_role
from roles.schema import Role as Role

if TYPE_CHECKING:
    from livekit.agents.llm import Tool, Toolset
    from livekit.agents.llm.mcp import MCPServer

    from integrations.livekit.measuring.metrics import Metrics

__all__ = [
    "DuplexModel",
    "DuplexSession",
    "Role",
    "__version__",
    "join",
    "load_role",
    "prewarm",
    "requested_role",
]

logger = logging.getLogger("livekit.plugins.moderator")

_MODELS = "moderator.models"
"""Where a process keeps its loaded models, in `JobProcess.userdata`."""


def prewarm(process: JobProcess, role: str | Path | Role = "facilitator") -> None:
    """Loads a role's models before the first job; for ``AgentServer(setup_fnc=…)``.

    Takes a few seconds: give the server an ``initialize_process_timeout`` of 60.

    Raises:
        InputError: a model is missing, or there is no such role.
    """
    _models(process).for_role(_role(role))


async def join(
    context: JobContext,
    role: str | Path | Role = "facilitator",
    *,
    out: str | Path | None = None,
    mind: str | SpeechLLM = "duties",
    mind_url: str | None = None,
    leave_after_s: float = 10.0,
    metrics: Metrics | None = None,
    others: Sequence[str | Path | Role] = (),
    stt: Hears | str | None = None,
    tts: Speaks | str | None = None,
    llm: Writes | str | None = None,
    e2ee: rtc.E2EEOptions | str | bytes | None = None,
    vad: Notices | None = None,
    tools: Sequence[Tool | Toolset] = (),
    mcp_servers: Sequence[MCPServer] = (),
    turn_detector: None = None,
) -> dict[str, Any]:
    """Takes part in the meeting in a job's room, until everybody has left.

    Connects the room by itself, so that nobody is subscribed who did not agree. A job that is told
    to end cuts the meeting and closes its files.

    Args:
        context: the job's.
        role: a name of the library, a YAML file, or a role.
        out: directory for journal, transcript and sound; None: nothing is written.
        mind: ``duties``, ``openai:MODEL``, or a mind.
        mind_url: OpenAI-compatible server of ``openai:MODEL``.
        leave_after_s: leave a room that has been empty for so long.
        metrics: measure the meeting; see `integrations.livekit.measuring.telemetry`.
        others: roles that it may be told to take later, beside the library's.
        stt: hears instead of the embedded recogniser, which takes over where it fails; a text
            names a model of LiveKit's inference gateway. What you give stays yours to close.
        tts: speaks, likewise.
        llm: writes answers that no measured fact gives; never decides when they are given.
        e2ee: the key of an end-to-end encrypted room, or LiveKit's options for it.
        vad: notices voices instead of the embedded detector.
        tools: made with ``@function_tool``; `llm`, or a mind that writes, may call those that the
            role allows, while it composes an answer.
        mcp_servers: with more such tools, of `livekit.agents.mcp`; they are connected here.
        turn_detector: None; another is refused, since the floor says when somebody has finished.

    Returns:
        The summary of the meeting.

    Raises:
        InputError: a model is missing, there is no such role or mind, a plugin is of another kind,
            or the room refuses.
    """
    the_role = _role(role)
    if turn_detector is not None:
        raise InputError(
            "no turn detector is taken: the floor of all people says when somebody has finished",
            where="turn_detector",
            todo="set turn.minimum_gap_s in the role",
        )
    toolbox = LiveKitTools(tools, mcp_servers) if tools or mcp_servers else None
    provided = Provided(Plugins.of(stt, tts, llm, vad, toolbox))
    the_mind = load_mind(mind, mind_url, live=True) if isinstance(mind, str) else mind
    the_mind = provided.mind(the_mind)
    try:
        if toolbox is not None:
            await toolbox.connect()
            toolbox.require(the_role)
        load = partial(_models(context.proc).for_role, ears_brought=stt is not None)
        models = await asyncio.to_thread(load, the_role)
        session = job_session(
            context,
            the_role,
            provided.models(models, the_role),
            the_mind,
            out=None if out is None else Path(out),
            patience_s=leave_after_s,
            metrics=metrics,
            others=[_role(other) for other in others],
            encryption=shared_key(e2ee),
        )
        summary = await _taken_part(session)
    finally:
        provided.close()
        if toolbox is not None:
            await toolbox.aclose()
    context.shutdown("the meeting is over")
    return summary


async def _taken_part(session: RoomSession) -> dict[str, Any]:
    """Runs a session to its end; one that is told to end closes its files."""
    meeting = asyncio.create_task(session.run(), name="meeting")
    try:
        return await asyncio.shield(meeting)
    except asyncio.CancelledError:
        session.end("the job was told to end")
        await asyncio.wait([meeting])
        raise


def requested_role(
    context: JobContext,
    default: str | Path | Role = "facilitator",
    others: Sequence[str | Path | Role] = (),
) -> Role:
    """The role that the job's metadata asks for, as `moderator serve` reads it.

    Args:
        context: the job's.
        default: where the metadata name none.
        others: roles that they may name, beside the library's.

    Raises:
        InputError: the metadata is not valid, with the reason.
    """
    known = Roles(_role(other) for other in others)
    return job_role(context.job.metadata, _role(default), known)[0]


def _role(role: str | Path | Role) -> Role:
    """A role, held to what a role's file is held to, wherever it comes from."""
    return review_role(role) if isinstance(role, Role) else load_role(role)


def _models(process: JobProcess) -> ModelCache:
    """The models of this process; jobs of one process share them."""
    cache = process.userdata.get(_MODELS)
    if not isinstance(cache, ModelCache):
        store = ModelStore.default()
        cache = ModelCache(store, shared_diarization(store, {}))
        process.userdata[_MODELS] = cache
    return cache


class ModeratorPlugin(Plugin):
    """What livekit-agents knows of this package."""

    def __init__(self) -> None:
        super().__init__("moderator", __version__, "livekit.plugins.moderator", logger)

    def download_files(self) -> None:
        """Fetches the embedded models; ``python -m livekit.agents download-files`` calls this."""
        from moderator.ears.loading import ENGLISH, VAD
        from moderator.mouth.loading import HIBARI_MODEL

        ModelStore.default().pull(VAD, ENGLISH, HIBARI_MODEL)


if threading.current_thread() is threading.main_thread():  # nowhere else it may be done
    Plugin.register_plugin(ModeratorPlugin())
