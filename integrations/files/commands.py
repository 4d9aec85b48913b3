"""`moderator replay` and `moderator demo`: meetings from files on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moderator.cli.options import AsJson, Enrol, Force, Jobs, Mind, MindUrl, Offline, On, Recogniser

if TYPE_CHECKING:
    from integrations.files.batch.meetings import Batch
    from integrations.files.replay import ReplayOptions
    from integrations.files.replayable import Replayable
    from integrations.files.request import ReplayRequest
    from moderator.cli.memory import Memory
    from moderator.meeting.assembly import Hearing
    from moderator.mind.base import SpeechLLM
    from moderator.models.store import ModelStore
    from moderator.workers import Spread

Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Directory for the results.")]
Realtime = Annotated[bool, typer.Option("--realtime", help="As slow as the meeting was.")]
Honest = Annotated[
    bool, typer.Option("--honest-latency", help="Computing time counts as meeting time.")
]

Channels = Annotated[
    str,
    typer.Option(
        "--channels",
        metavar="people|mix|N[,N]",
        help="Of a recording with several channels or audio streams: each is a person, all are "
        "mixed, or only some are heard (numbered from 1).",
    ),
]
AcceptDamage = Annotated[
    bool,
    typer.Option("--accept-damage", help="Use what can be read of a damaged recording."),
]

Each = Annotated[
    bool,
    typer.Option("--each", help="Each file, and each entry of a folder, is a meeting of its own."),
]


def replay(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="One recording; or NAME=RECORDING for each participant, with @SECONDS behind it "
            "where it began later; or a folder or zip of these; or a transcript: WebVTT, SRT, "
            "text, docx, JSON, STM, RTTM and CTM, and more; or folders of many meetings "
            "(docs/inputs.md).",
        ),
    ],
    role: Annotated[str, typer.Option(help="A role of the library, or a YAML file.")],
    out: Out,
    seat: Annotated[
        str | None, typer.Option(metavar="ID", help="Take this participant's place.")
    ] = None,
    enrol: Enrol = None,
    channels: Channels = "mix",
    accept_damage: AcceptDamage = False,
    realtime: Realtime = False,
    honest_latency: Honest = False,
    step: Annotated[
        float, typer.Option(min=0.4, max=3.0, metavar="SECONDS", help="Length of a percept.")
    ] = 0.5,
    recogniser: Recogniser = None,
    mind: Mind = "moderator-lm",
    mind_url: MindUrl = None,
    audio_in_report: Annotated[
        bool, typer.Option(help="Put the audio into report.html, so that it is one file.")
    ] = True,
    formats: Annotated[
        str,
        typer.Option(
            metavar="FORMAT,...",
            help="Write the transcript so, too: vtt, srt, text, stm, uem, textgrid, eaf, audacity; "
            "or minutes of the meeting: minutes.",
        ),
    ] = "",
    each: Each = False,
    jobs: Jobs = None,
    on: On = "processes",
    force: Force = False,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Replay recorded meetings with the agent in them.

    A folder of meetings, or several transcripts, are many: each has a directory of its own in DIR,
    what is finished there is kept, and the exit code is 1 where one of them failed.
    """
    from integrations.files.batch.meetings import find_meetings
    from integrations.files.conversion import formats_named
    from integrations.files.request import ReplayRequest
    from moderator.workers import PROCESSES, Spread, check_place
    from roles.loader import load_role

    request = ReplayRequest(
        role=load_role(role),
        seat=seat,
        enrol=tuple(enrol or ()),
        channels=channels,
        accept_damage=accept_damage,
        realtime=realtime,
        honest_latency=honest_latency,
        step_s=step,
        recogniser=recogniser,
        mind=mind,
        mind_url=mind_url,
        embed_audio=audio_in_report,
        formats=formats_named(formats),
        offline=offline,
    )
    check_place(on)
    request.how()
    batch = find_meetings(inputs, out, each=each)
    if batch is not None:
        spread = Spread(jobs, on)
        _replay_batch(batch, request, out, spread, force=force, as_json=as_json)
    else:
        _check_alone(jobs, elsewhere=on != PROCESSES)
        _replay_one(inputs, request, out, force=force, as_json=as_json)


def _check_alone(jobs: int | None, *, elsewhere: bool) -> None:
    """Refuses what one meeting has no use for."""
    from moderator.errors import InputError

    option = "--on" if elsewhere else "--jobs"
    if elsewhere or jobs is not None:
        todo = "leave it out; or add --each, if each recording is a meeting"
        raise InputError("this is one meeting", where=option, todo=todo)


def _replay_one(
    inputs: list[str], request: ReplayRequest, out: Path, *, force: bool, as_json: bool
) -> None:
    from moderator.cli.console import loading, note
    from moderator.cli.memory import Memory

    memory = Memory()
    voices = request.voices()
    meeting = request.meeting(inputs, voices)
    if len(meeting.tracks) > 1 and len(inputs) == 1 and Path(inputs[0]).is_dir():
        note("note: the recordings are taken as one meeting; with --each, each is a meeting")
    store = _store(offline=request.offline, as_json=as_json)
    with loading(enabled=not as_json) as notice:
        mind = request.proposing(store, notice)
    options, hearing = request.options(out, force=force), request.hearing(store, voices)
    summary = _run(meeting, options, hearing, mind, memory, as_json=as_json)
    _print(summary, out, as_json=as_json)


def _replay_batch(
    batch: Batch, request: ReplayRequest, out: Path, spread: Spread, *, force: bool, as_json: bool
) -> None:
    from integrations.files.batch.run import run_batch
    from integrations.files.batch.table import print_batch
    from moderator.cli.console import note
    from moderator.cli.errors import EXIT_FAILED

    if batch.passed_over:
        names = batch.passed_over
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        note(f"note: passed over, as no meetings: {', '.join(names[:5])}{more}")
    outcomes = run_batch(batch.meetings, request, out, spread, force=force, quiet=as_json)
    print_batch(outcomes, out, as_json=as_json)
    if any(one.summary is None for one in outcomes):
        raise typer.Exit(EXIT_FAILED)


def demo(
    out: Out = Path("moderator-demo"),
    realtime: Realtime = False,
    mind: Mind = "moderator-lm",
    mind_url: MindUrl = None,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Render a short meeting of three people and replay it with a facilitator in it."""
    from concurrent.futures import ThreadPoolExecutor
    from dataclasses import replace
    from functools import partial

    from integrations.files import demo as scripted
    from integrations.files.disk.outdir import OutputDirectory, RunState, run_state
    from integrations.files.replay import ReplayOptions
    from integrations.files.replayable import prepare
    from integrations.files.sound.render import write_tracks
    from moderator.cli.console import loading, progress
    from moderator.cli.memory import Memory
    from moderator.meeting.assembly import Hearing, ear_models
    from moderator.mind.loading import load_mind
    from moderator.mouth.loading import VoiceLoader
    from roles.loader import load_role

    memory = Memory()
    store, role = _store(offline=offline, as_json=as_json), load_role(str(scripted.ROLE))
    with loading(enabled=not as_json) as notice:
        proposing = load_mind(mind, mind_url, role=role, store=store, notice=notice)
    results = out / "result"
    again = run_state(results) in (RunState.FINISHED, RunState.INTERRUPTED)
    with OutputDirectory(results, overwrite=again):
        pass  # A directory that cannot be used is refused before any work.
    hearing = Hearing(store, as_live=realtime)
    with (
        ThreadPoolExecutor(1, "load") as beside,
        progress("rendering the meeting", 1.0, enabled=not as_json) as advance,
    ):
        models = beside.submit(ear_models, hearing)
        meeting = scripted.render(VoiceLoader(store), partial(_advance_to, [0.0], advance))
    hearing = replace(hearing, models=models.result())
    folder = out / "recordings"
    folder.mkdir(parents=True, exist_ok=True)
    recordings = write_tracks(meeting, folder)
    options = ReplayOptions(role=role, out=results, realtime=realtime, force=again)
    inputs = [f"{meeting.names[one]}={path}" for one, path in recordings.items()]
    ready = replace(prepare(inputs), meeting_id=scripted.load_script().meeting_id)
    summary = _run(ready, options, hearing, proposing, memory, as_json=as_json)
    _print(summary, results, as_json=as_json)


def _advance_to(done: list[float], advance: Any, share: float) -> None:
    advance(share - done[0])
    done[0] = share


def _store(*, offline: bool, as_json: bool) -> ModelStore:
    from moderator.cli.models import open_store

    return open_store(offline=offline, show_progress=not as_json)


def _run(
    meeting: Replayable,
    options: ReplayOptions,
    hearing: Hearing,
    mind: SpeechLLM,
    memory: Memory,
    *,
    as_json: bool,
) -> dict[str, Any]:
    from integrations.files.replay import Replay
    from moderator.cli.console import loading, note, progress
    from moderator.mouth.loading import lacks_voice
    from moderator.timeline import to_seconds

    told, lacks = meeting.notes, lacks_voice(options.role)
    for text in told:
        note(f"note: {text}")
    if lacks is not None:
        note(f"note: {lacks}")
    with loading(enabled=not as_json) as notice:
        run = Replay(meeting, options, mind, hearing, notice)
    seconds = to_seconds(meeting.duration)
    name = f"replaying {meeting.meeting_id}"
    reached = 0.0

    def count(more: float) -> None:
        nonlocal reached
        reached += more
        advance(more)
        memory.give_back()

    try:
        with progress(name, seconds, unit="seconds", enabled=not as_json) as advance:
            summary = run.run(count)
    except KeyboardInterrupt:
        far = f"stopped at {reached:.1f} s of {seconds:.1f} s"
        note(f"{far}, {options.out} holds what was done, `moderator report` makes its page")
        raise
    for text in meeting.notes:  # what only showed as the recordings were read
        if text not in told:
            note(f"note: {text}")
    return summary


def _print(summary: dict[str, Any], out: Path, *, as_json: bool) -> None:
    from integrations.files.story import failures, print_story
    from moderator.cli.console import note, print_json

    for what, times in failures(out / "journal.jsonl").items():
        note(f"note: {what} ({times} time{'s' * (times > 1)}; the meeting went on without)")
    if as_json:
        print_json(summary)
    else:
        print_story(summary, out)
