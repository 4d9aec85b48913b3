"""`moderator join`: the agent in a LiveKit room, on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moderator.cli.options import AsJson, Enrol, Force, Mind, MindUrl, Offline, Recogniser

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from integrations.livekit.dashboard.server import Dashboard
    from integrations.livekit.hearing.models import RoomModels
    from integrations.livekit.measuring.metrics import Metrics
    from integrations.livekit.measuring.telemetry import Endpoint
    from integrations.livekit.options import SessionOptions
    from integrations.livekit.providers.specs import Wanted
    from integrations.livekit.serving.worker import Worker
    from moderator.mind.base import SpeechLLM
    from moderator.models.store import ModelStore
    from roles.schema import Role

    Page = AbstractAsyncContextManager[Dashboard | None]


Url = Annotated[str, typer.Option(envvar="LIVEKIT_URL", help="Address of the LiveKit server.")]
ApiKey = Annotated[str, typer.Option(envvar="LIVEKIT_API_KEY", help="API key.")]
ApiSecret = Annotated[
    str, typer.Option(envvar="LIVEKIT_API_SECRET", help="Its secret.", show_default=False)
]
MetricsPort = Annotated[
    int | None,
    typer.Option(
        envvar="MODERATOR_METRICS_PORT",
        min=0,
        max=65535,
        metavar="PORT",
        help="Metrics for Prometheus at http://HOST:PORT/metrics; 0: any free port.",
    ),
]
OtherRoles = Annotated[
    list[str] | None,
    typer.Option(
        "--other-role",
        metavar="FILE",
        help="A role that it may be told to take by its id; may be given several times.",
    ),
]
_NAMES = "a model of LiveKit's gateway, or module:Class, with @FILE for a YAML of its arguments"
_SPEECH = f"openai:MODEL, {_NAMES}"
Stt = Annotated[
    str | None, typer.Option("--stt", metavar="PLUGIN", help=f"Hears instead: {_SPEECH}.")
]
Llm = Annotated[
    str | None, typer.Option("--llm", metavar="PLUGIN", help=f"Writes answers: {_NAMES}.")
]
Tts = Annotated[
    str | None, typer.Option("--tts", metavar="PLUGIN", help=f"Speaks instead: {_SPEECH}.")
]
_SERVER = "OpenAI-compatible server of an openai:MODEL."
SttUrl = Annotated[str | None, typer.Option("--stt-url", metavar="URL", help=_SERVER)]
TtsUrl = Annotated[str | None, typer.Option("--tts-url", metavar="URL", help=_SERVER)]
Vad = Annotated[
    str | None,
    typer.Option("--vad", metavar="PLUGIN", help="Notices voices instead: module:Class@FILE."),
]
Mcp = Annotated[
    list[str] | None,
    typer.Option(
        "--mcp",
        metavar="URL_OR_COMMAND",
        help="A server of tools for answers, as the role allows; may be given several times.",
    ),
]
E2eeKeyFile = Annotated[
    Path | None,
    typer.Option(
        "--e2ee-key-file",
        metavar="FILE",
        help="Key of end-to-end encrypted rooms; or set MODERATOR_E2EE_KEY.",
    ),
]
MetricsHost = Annotated[
    str,
    typer.Option(
        envvar="MODERATOR_METRICS_HOST", metavar="HOST", help="Address to serve metrics on."
    ),
]


def join(
    role: Annotated[str, typer.Option(help="A role of the library, or a YAML file.")],
    room: Annotated[
        str, typer.Option(help="Name of the room; with --token, the token decides.")
    ] = "",
    url: Url = "ws://127.0.0.1:7880",
    api_key: ApiKey = "",
    api_secret: ApiSecret = "",
    token: Annotated[
        str | None,
        typer.Option(envvar="LIVEKIT_TOKEN", help="A token for the room, instead of a key."),
    ] = None,
    identity: Annotated[str | None, typer.Option(help="The agent's identity in the room.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Directory for journal, transcript and sound."),
    ] = None,
    other_role: OtherRoles = None,
    mind: Mind = "duties",
    mind_url: MindUrl = None,
    stt: Stt = None,
    llm: Llm = None,
    tts: Tts = None,
    stt_url: SttUrl = None,
    tts_url: TtsUrl = None,
    vad: Vad = None,
    mcp: Mcp = None,
    recogniser: Recogniser = None,
    enrol: Enrol = None,
    step: Annotated[
        float | None,
        typer.Option(
            min=0.1, max=3.0, metavar="SECONDS", help="Length of a percept; else the mind's own."
        ),
    ] = None,
    leave_after: Annotated[
        float,
        typer.Option(
            min=0.0, max=3600.0, metavar="SECONDS", help="Leave a room empty for so long."
        ),
    ] = 10.0,
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = "127.0.0.1",
    e2ee_key_file: E2eeKeyFile = None,
    dashboard: Annotated[
        bool, typer.Option("--dashboard", help="Show the meeting on a page, on this machine.")
    ] = False,
    dashboard_port: Annotated[
        int,
        typer.Option(min=0, max=65535, metavar="PORT", help="Of the page; 0: any free one."),
    ] = 0,
    force: Force = False,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Take part in a meeting in a LiveKit room, now, until everybody has left."""
    import os
    from contextlib import nullcontext
    from secrets import token_hex

    from moderator.cli.console import note, print_json
    from moderator.cli.models import open_store
    from moderator.errors import InputError
    from moderator.mind.loading import load_mind
    from roles.loader import load_role

    _prepare_livekit("join")
    from integrations.livekit.address import Address, given_key
    from integrations.livekit.dashboard.server import Dashboard
    from integrations.livekit.measuring.telemetry import metrics_for
    from integrations.livekit.options import SessionOptions
    from integrations.livekit.providers.specs import Wanted
    from integrations.livekit.telling.succession import load_roles

    if not room and token is None:
        raise InputError("no room is named", where="moderator join", todo="give --room")
    the_role = load_role(role)
    who = identity or f"moderator-{the_role.id}-{token_hex(3)}"
    own, encryption = the_role.identity.name, given_key(e2ee_key_file, os.environ)
    address = Address(url, room, who, own, token, api_key, api_secret, encryption)
    others = tuple(load_roles(other_role or []))
    options = SessionOptions(the_role, address, out, force, step, leave_after, others)
    page = nullcontext() if not dashboard else Dashboard(address, the_role.id, dashboard_port)
    store = open_store(offline=offline, show_progress=not as_json)
    wanted = Wanted(stt, tts, llm, vad, tuple(mcp or ()), stt_url, tts_url)
    the_mind = load_mind(mind, mind_url, store=store, live=True)
    wanted.check(the_mind, the_role)
    _tell_of_voice(the_role, tts)
    models = _models(the_role, store, recogniser, enrol or [], ears_brought=stt is not None)
    with metrics_for(_endpoint(metrics_port, metrics_host)) as metrics:
        summary = _take_part(options, models, the_mind, wanted, metrics, page)
    if as_json:
        print_json(summary)
    else:
        note(f"{summary['duration_s']:.0f} s, {summary['agent']['turns']} turns of the agent")


def _tell_of_voice(role: Role, tts: str | None) -> None:
    """Says where there is no voice for a role's language."""
    from moderator.cli.console import note
    from moderator.mouth.loading import lacks_voice

    lacks = lacks_voice(role) if tts is None else None
    if lacks is not None:
        note(f"note: {lacks}")


def serve(
    role: Annotated[
        str, typer.Option(help="Role of jobs that name none: of the library, or a YAML file.")
    ] = "facilitator",
    url: Url = "ws://127.0.0.1:7880",
    api_key: ApiKey = "",
    api_secret: ApiSecret = "",
    agent_name: Annotated[
        str, typer.Option(help="Name under which jobs are dispatched; empty: into every room.")
    ] = "moderator",
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Gets a directory for each meeting."),
    ] = None,
    rooms: Annotated[
        int, typer.Option(min=1, max=64, help="Meetings at the same time on this worker.")
    ] = 4,
    enrol: Enrol = None,
    other_role: OtherRoles = None,
    mind: Mind = "duties",
    mind_url: MindUrl = None,
    stt: Stt = None,
    llm: Llm = None,
    tts: Tts = None,
    stt_url: SttUrl = None,
    tts_url: TtsUrl = None,
    vad: Vad = None,
    mcp: Mcp = None,
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = "127.0.0.1",
    e2ee_key_file: E2eeKeyFile = None,
    offline: Offline = False,
) -> None:
    """Take part in every meeting that LiveKit dispatches the agent to, until told to end."""
    import asyncio
    import functools
    import os

    from moderator.cli.models import open_store
    from moderator.mind.loading import load_mind
    from roles.loader import load_role

    _prepare_livekit("serve")
    from integrations.files.sound.enrolments import read_enrolments
    from integrations.livekit.address import Address, given_key
    from integrations.livekit.measuring.telemetry import metrics_for
    from integrations.livekit.providers.specs import Wanted
    from integrations.livekit.serving.worker import Worker, WorkerOptions
    from integrations.livekit.telling.succession import load_roles

    the_role = load_role(role)
    Address(url, "", "", "", None, api_key, api_secret)  # says what is wrong with them
    others = tuple(load_roles(other_role or []))
    wanted = Wanted(stt, tts, llm, vad, tuple(mcp or ()), stt_url, tts_url)
    _tell_of_voice(the_role, tts)
    options = WorkerOptions(
        *(url, api_key, api_secret, the_role, agent_name, out, rooms),
        others=others,
        wanted=wanted,
        encryption=given_key(e2ee_key_file, os.environ),
    )
    store = open_store(offline=offline)
    enrolled = read_enrolments(enrol or [])
    # What is wrong with mind and plugins is said before any job comes.
    wanted.check(load_mind(mind, mind_url, store=store, live=True), the_role)
    make = functools.partial(load_mind, mind, mind_url, store=store, live=True)
    with metrics_for(_endpoint(metrics_port, metrics_host)) as metrics:
        worker = Worker(options, store, make, enrolled, metrics)
        asyncio.run(_serve(worker, options.agent_name))


def _endpoint(port: int | None, host: str) -> Endpoint | None:
    from integrations.livekit.measuring.telemetry import Endpoint

    return None if port is None else Endpoint(port, host)


async def _serve(worker: Worker, agent_name: str) -> None:
    import asyncio
    import signal

    from moderator.cli.console import note

    draining: set[asyncio.Task[None]] = set()

    def drain() -> None:
        if not draining:
            draining.add(asyncio.create_task(worker.drain()))

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, drain)
    name = agent_name or "an agent for every room"
    worker.server.on("worker_registered", lambda *_: note(f"serving as {name}"))
    await worker.run()
    await asyncio.gather(*draining)


def _models(
    role: Role, store: ModelStore, recogniser: str | None, enrol: list[str], *, ears_brought: bool
) -> Callable[[], RoomModels]:
    """What loads a role's models; recordings to enrol are read, and refused, before."""
    from integrations.files.sound.enrolments import read_enrolments
    from integrations.livekit.hearing.models import load_models
    from integrations.livekit.hearing.shared_diarization import shared_diarization

    diarization = shared_diarization(store, read_enrolments(enrol))
    return lambda: load_models(role, store, diarization, recogniser, ears_brought=ears_brought)


def _prepare_livekit(command: str) -> None:
    """Before anything of LiveKit is imported.

    Raises:
        InputError: it is not installed.
    """
    from importlib.util import find_spec

    from moderator.cli.ending import skip_finalisation
    from moderator.errors import InputError

    if find_spec("livekit") is None or find_spec("livekit.rtc") is None:
        raise InputError(
            "the LiveKit client is not installed",
            where=f"moderator {command}",
            todo="install it with: pip install 'livekit-moderator[livekit]'",
        )
    skip_finalisation()  # the client's native threads report until the very end


def _take_part(
    options: SessionOptions,
    models: Callable[[], RoomModels],
    mind: SpeechLLM,
    wanted: Wanted,
    metrics: Metrics | None,
    page: Page,
) -> dict[str, Any]:
    """Loads the models and runs the session until it ends or the process is told to end."""
    import asyncio
    import logging

    from moderator.timeline import Stopwatch

    logging.getLogger("livekit").addHandler(logging.NullHandler())  # errors come as one line
    watch = Stopwatch()
    with watch.phase("load"):
        loaded = models()
    return asyncio.run(_run(options, loaded, mind, wanted, watch, metrics, page))


async def _run(
    options: SessionOptions,
    models: RoomModels,
    mind: SpeechLLM,
    wanted: Wanted,
    watch: Any,
    metrics: Metrics | None,
    page: Page,
) -> dict[str, Any]:
    import asyncio
    import signal

    from integrations.livekit.session import RoomSession
    from moderator.cli.console import note

    async with wanted.provided(models, mind, options.role) as parts, page as shown:
        session = RoomSession(options, *parts, watch, metrics=metrics)
        draining: set[asyncio.Task[None]] = set()

        def drain() -> None:
            draining.add(asyncio.create_task(session.drain("the process was told to end")))

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, drain)
        note(f"joining {options.address.room or 'the room of the token'}")
        if shown is not None:
            note(f"the meeting's page: {shown.url}")
        return await session.run()
