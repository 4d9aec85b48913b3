"""Runs the benchmark over files: reads, trains, scores, writes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from integrations.files.bench.records import check_apart, find_seats, read_meetings, without_seat
from integrations.files.disk.atomic import disk_errors, replacing, write_text
from integrations.files.disk.foreign import shown
from moderator.cli.console import note, progress, table_console
from moderator.errors import InputError, MindError
from moderator.measure.bench import baselines, report, runner
from moderator.measure.bench.boosting import recipes
from moderator.measure.bench.evaluation import Choice, Scored
from moderator.measure.bench.meeting import BenchMeeting, Seat
from moderator.measure.bench.minds import MindScorer
from moderator.measure.bench.moments import Protocol
from moderator.measure.bench.scorer import Scorer
from moderator.measure.bench.seat_model import SeatModel
from moderator.mind.base import SpeechLLM
from moderator.mind.loading import load_mind
from moderator.mind.moderator_lm.loading import NAME as MODERATOR_LM
from moderator.mind.moderator_lm.mind import ModeratorLM
from moderator.workers import PROCESSES, Advance, check_place, workers
from roles.loader import load_role
from roles.schema import Role

if TYPE_CHECKING:
    from moderator.mind.moderator_lm.loading import Loaded

THINKING = f"{MODERATOR_LM}-think"
"""The embedded model that decides after a thought; the same weights."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for on the command line.

    Attributes:
        records: directories or records that are scored.
        seat: whose place is taken.
        minds: minds by name.
        plan: what is measured.
        train: records to train the timing baselines on.
        tune: records to choose thresholds on.
        threshold: given instead of chosen.
        role: name or file of the minds' role.
        mind_url: an OpenAI-compatible server.
        plots: directory for plots.
        cost_hours: length of the cost measurement; None for none.
        out: file for the figures.
        jobs: calls at the same time; None: as many as there is room for.
        on: where, see `moderator.workers.workers`.
    """

    records: Sequence[Path]
    seat: str
    minds: Sequence[str]
    plan: runner.Plan
    train: Sequence[Path]
    tune: Sequence[Path]
    threshold: float | None
    role: str
    mind_url: str | None
    plots: Path | None
    cost_hours: float | None
    out: Path | None
    jobs: int | None = None
    on: str = PROCESSES


def run(request: Request) -> dict[str, Any]:
    """Runs the benchmark, prints its tables and writes its files.

    Returns:
        All figures.

    Raises:
        InputError: something about records, minds or output is wrong.
    """
    check_place(request.on)
    _check_extras(request)
    _check_outputs(request)
    minds = _minds(request)
    meetings = read_meetings(request.records)
    seats = find_seats(meetings, request.seat)
    tuned = _tuning_seats(request, meetings)
    training = read_meetings(request.train) if request.train else []
    check_apart(meetings, training, "--train")
    check_apart([seat.meeting for seat in tuned], training, "--train and --tune")
    described = any(one.meeting.participants[one.speaker].description for one in seats)
    rows = [*minds.scorers, *(minds.titled if described else ())]
    scorers, scored, tuning = _measure(request, seats, tuned, training, rows)
    choice = Choice(request.threshold, tuning or None)
    traits = [scorer.traits for scorer in scorers]
    with progress("computing intervals"):
        result = report.results(scored, traits, request.plan, choice)
    result["left_out"] = [one.meeting_id for one in without_seat(meetings, seats)]
    result["notes"] = _notes(request)
    if request.cost_hours is not None:
        from moderator.measure.bench.cost import measure_cost

        length = request.cost_hours * 3600
        result["cost"] = []
        for mind in minds.played:
            with (
                _mind_errors(),
                progress(f"playing {request.cost_hours:g} h to {mind.name}", length) as advance,
            ):
                result["cost"].append(measure_cost(mind, seats, request.cost_hours, advance))
    _print(result)
    if request.out is not None:
        text = json.dumps(result, ensure_ascii=False, indent=1, allow_nan=False)
        write_text(request.out, text + "\n")
    if request.plots is not None:
        from moderator.measure.bench.plots import draw

        with disk_errors(request.plots):
            request.plots.mkdir(parents=True, exist_ok=True)
        for name, data in draw(result).items():
            with replacing(request.plots / name) as file:
                file.write(data)
    return result


def _check_extras(request: Request) -> None:
    """What is not installed is missed before the work, not after it."""
    needed = {"--train": "sklearn"} if request.train else {}
    needed |= {"--plots": "matplotlib"} if request.plots is not None else {}
    for option, module in needed.items():
        if find_spec(module) is None:
            raise InputError(
                f"{module} is not installed",
                where=option,
                todo="pip install 'livekit-moderator[bench]'",
            )


def _check_outputs(request: Request) -> None:
    """What cannot be written is refused before the work, not after it."""
    if request.out is not None and not request.out.parent.is_dir():
        raise InputError("no such directory", where=shown(request.out.parent), todo="make it")
    if request.out is not None and request.out.is_dir():
        raise InputError("a directory", where=f"--json {shown(request.out)}", todo="name a file")
    for path in (request.out and request.out.parent, request.plots):
        if path is not None and path.is_dir() and not os.access(path, os.W_OK):
            raise InputError("cannot be written to", where=shown(path), todo="choose another one")
    if request.plots is not None and Protocol.STREAM not in request.plan.protocols:
        todo = "add it with --protocol stream or all"
        raise InputError("plots are of the stream, which is not scored", where="--plots", todo=todo)
    if request.plots is not None and request.plots.exists() and not request.plots.is_dir():
        raise InputError("not a directory", where=shown(request.plots), todo="name another one")


def _tuning_seats(request: Request, scored: Sequence[BenchMeeting]) -> list[Seat]:
    """The seats to choose thresholds on; none where these meetings are scored themselves."""
    if not request.tune or request.threshold is not None:
        return []
    meetings = read_meetings(request.tune)
    if {one.meeting_id for one in meetings} == {one.meeting_id for one in scored}:
        note("note: --tune holds what is scored: thresholds are chosen by cross-validation")
        return []
    check_apart(scored, meetings, "--tune")
    return find_seats(meetings, request.seat)


@dataclass(frozen=True, slots=True)
class Minds:
    """Minds as rows of the tables.

    Attributes:
        scorers: each with its role and without.
        played: those whose cost can be measured: they hear a meeting percept by percept.
        titled: those that know a seat's title alone, for seats that are described.
    """

    scorers: Sequence[Scorer]
    played: Sequence[MindScorer]
    titled: Sequence[Scorer] = ()


def _minds(request: Request) -> Minds:
    """Every mind with its role and without.

    Raises:
        InputError: a mind or the role is unknown.
    """
    role = load_role(request.role)
    names = list(dict.fromkeys(request.minds))
    if request.mind_url is not None and not any(name.startswith("openai") for name in names):
        todo = "add openai:MODEL to --minds"
        raise InputError("no mind to ask there", where="--mind-url", todo=todo)
    made: list[Scorer] = []
    titled: list[Scorer] = []
    played: list[MindScorer] = []
    for name in names:
        if name.partition(":")[0] in (MODERATOR_LM, THINKING):
            scorers, mind = _embedded(name, role)
            made += scorers
            played.append(mind)
            titled.append(replace(scorers[0], name=f"{name}, title alone", described=False))
            continue
        load = NamedMind(name, request.mind_url if name != "duties" else None)
        load()  # a mistake is found before the work
        rows = [
            MindScorer(name, load, role),
            MindScorer(f"{name}, no role", load, without_role(role), name),
        ]
        made += rows
        played += rows
    with _mind_errors():
        for mind in played:
            mind.check()
    return Minds(made, played, titled)


def _embedded(name: str, role: Role) -> tuple[list[SeatModel], MindScorer]:
    """The embedded model with its role and without, and the mind around it.

    Raises:
        InputError: it is to think, and its weights were trained without thoughts.
    """
    kind, _, file = name.partition(":")
    # An absolute path means the same to whoever works elsewhere.
    weights = EmbeddedModel(str(Path(file).absolute()) if file else "")
    thinks = kind == THINKING
    if thinks and weights().about.after_thought is None:
        raise InputError(
            "these weights were trained without thoughts",
            where=f"--minds {name[:60]}",
            todo="use moderator-lm, or weights exported after `moderator learn think`",
        )
    scorers = [
        SeatModel(name, weights, thinks=thinks),
        SeatModel(f"{name}, no role", weights, role=False, without_role_of=name, thinks=thinks),
    ]
    thought = role.thought.model_copy(update={"mode": "on" if thinks else "off"})
    thinking = role.model_copy(update={"thought": thought})
    return scorers, MindScorer(name, EmbeddedMind(weights), thinking)


@dataclass(frozen=True, slots=True)
class EmbeddedModel:
    """Loads the embedded model, in whatever process.

    Attributes:
        weights: a checkpoint; empty: the shipped one.
    """

    weights: str = ""

    def __call__(self) -> Loaded:
        """The model."""
        from moderator.cli.models import open_store
        from moderator.mind.moderator_lm.loading import load

        store = open_store(offline=False, show_progress=False)
        return load(store, Path(self.weights) if self.weights else None)


@dataclass(frozen=True, slots=True)
class EmbeddedMind:
    """Loads the mind around the embedded model.

    Attributes:
        model: loads that.
    """

    model: EmbeddedModel

    def __call__(self) -> SpeechLLM:
        """The mind."""
        return ModeratorLM(self.model)


@dataclass(frozen=True, slots=True)
class NamedMind:
    """Loads a mind by its name, in whatever process; equal ones load the same.

    Attributes:
        name: as on the command line.
        url: an OpenAI-compatible server.
    """

    name: str
    url: str | None = None

    def __call__(self) -> SpeechLLM:
        """The mind."""
        return load_mind(self.name, self.url)


@contextmanager
def _mind_errors() -> Iterator[None]:
    """A mind that cannot go on ends the benchmark with one line."""
    try:
        yield
    except MindError as error:
        todo = "see that the mind is there and answers"
        raise InputError(str(error), where="--minds", todo=todo) from None


def without_role(role: Role) -> Role:
    """Somebody who is there under the same name, with no duties and no instructions."""
    return Role(
        id="participant",
        summary="Takes part in the meeting.",
        language=role.language,
        identity=role.identity.model_copy(update={"title": "Participant"}),
    )


def _measure(
    request: Request,
    seats: Sequence[Seat],
    tuned: Sequence[Seat],
    training: Sequence[BenchMeeting],
    minds: Sequence[Scorer],
) -> tuple[list[Scorer], list[Scored], list[Scored]]:
    rules: list[Scorer] = [baselines.SILENT, baselines.SPEAKING, baselines.AfterSilence()]
    plan = request.plan
    with workers(request.jobs, request.on) as pool, ExitStack() as stack:
        bar = _bars(stack)
        timing: list[Scorer] = []
        if training:
            models = len(recipes(plan.protocols, plan.step_s, plan.seed))
            timing = runner.train(training, plan, pool, bar("training", models))
        scorers = [*rules, *timing, *minds]
        learnt = [one for one in scorers if one.traits.threshold is None]

        def score(what: str, seats: Sequence[Seat], scorers: Sequence[Scorer]) -> list[Scored]:
            advance = bar(what, runner.steps(seats, scorers))
            return runner.score(seats, scorers, plan, pool, advance)

        with _mind_errors():
            scored = score("scoring", seats, scorers)
            tuning = score("tuning", tuned, learnt) if tuned else []
    return scorers, scored, tuning


def _bars(stack: ExitStack) -> Callable[[str, int], Advance]:
    def bar(what: str, total: int) -> Advance:
        stack.close()  # one bar at a time
        return stack.enter_context(progress(what, float(total)))

    return bar


def _notes(request: Request) -> list[str]:
    notes = []
    if not request.train:
        notes.append("timing features only: left out, as there is no --train DIR to train it on")
    if request.minds:
        notes.append(f"minds have the role {request.role}; 'no role' has neither duties nor text")
    return notes


def _print(result: dict[str, Any]) -> None:
    console = table_console()
    for table in report.tables(result):
        console.print(table)
    for line in (*report.gain_lines(result), *report.cost_lines(result)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    note(f"threshold: {result['threshold']}")
    for line in report.failure_lines(result):
        note(f"note: {line}")
    if result["left_out"]:
        note(f"note: left out, as nobody has the seat: {', '.join(result['left_out'])}")
    for text in result["notes"]:
        note(f"note: {text}")
