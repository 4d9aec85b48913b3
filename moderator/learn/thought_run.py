"""The third stage in a run's directory: states of each meeting, then what thinks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from moderator.errors import InputError
from moderator.learn import intermediate
from moderator.learn.prepared import PreparedMeeting
from moderator.learn.run import WORDS, Notice, load_run, put_into, read_settings, read_stage
from moderator.learn.thought_stage import ThoughtSettings, train_thinking
from moderator.learn.thought_states import States, collect, joined
from moderator.measure.bench.meeting import BenchMeeting
from moderator.mind.moderator_lm.about import sha256
from moderator.mind.moderator_lm.network import Network
from moderator.mind.moderator_lm.tensor_file import write_tensors
from moderator.plain_json import parse_json

FILE = "thought.safetensors"
"""What thinks, in a run's directory."""

STATES = "thought-states"
"""Directory of what was made of each meeting; may be deleted when the stage is done."""


def learn_thoughts(
    network: Network,
    directory: Path,
    lessons: Sequence[tuple[PreparedMeeting, BenchMeeting]],
    settings: ThoughtSettings,
    notice: Notice,
) -> int:
    """Lets a run learn to think; goes on where it was interrupted.

    Args:
        network: fresh; has the run's weights and thinks afterwards.
        directory: of the run.
        lessons: meetings that the run was trained on, with their annotations.
        settings: how.
        notice: told stage, step, steps and figures.

    Returns:
        How many moments were learned from.

    Raises:
        InputError: there is no run, it was not trained on these meetings, or a file is broken.
        OSError: something cannot be written.
    """
    load_run(network, directory)
    network.floor.plant({})  # trees know their training meetings too well
    _check(directory, lessons)
    words = sha256(directory / WORDS)
    mark = f"{words} {settings.sampling()}"
    kept = directory / STATES
    kept.mkdir(exist_ok=True)
    found = []
    for number, (prepared, meeting) in enumerate(lessons):
        path = kept / f"{number:05}.safetensors"
        mine = f"{mark} {prepared.meeting_id!a}"
        states = intermediate.read(States, path, mine)
        if states is None:
            states = collect(network, prepared, meeting, settings.sampling())
            intermediate.write(states, path, mine)
        found.append(states)
        notice("states", number + 1, len(lessons), {})

    def tell(step: int, steps: int, loss: float, without: float) -> None:
        notice("thought", step, steps, {"loss": loss, "gain": without - loss})

    moments = joined(found)
    thinking = train_thinking(network, moments, settings, tell)
    # In one entry: several would be written in any order.
    about = {"thought": json.dumps({"words": words, "settings": settings.model_dump()})}
    write_tensors(thinking.state_dict(), directory / FILE, about)
    return len(moments)


def _check(directory: Path, lessons: Sequence[tuple[PreparedMeeting, BenchMeeting]]) -> None:
    """Raises InputError where the run was not trained on a meeting: it may be kept for tuning."""
    known = set(read_settings(directory).meetings)
    for prepared, _ in lessons:
        if prepared.meeting_id not in known:
            raise InputError(
                f"the run was not trained on the meeting {prepared.meeting_id!a}",
                where=str(directory),
                todo="give the prepared meetings that it was trained on",
            )


def load_thoughts(network: Network, directory: Path) -> bool:
    """Lets a network that has a run's weights think, if the run has learned to.

    Returns:
        Whether it has.

    Raises:
        InputError: what it learned is broken, or belongs to weights that were trained on since.
    """
    path = directory / FILE
    if not path.exists():
        return False
    tensors, about = read_stage(path)
    if _words(about.get("thought", "")) != sha256(directory / WORDS):
        raise InputError(
            "the run has gone on since it learned to think",
            where=str(path),
            todo="run `moderator learn think` again, or delete the file",
        )
    put_into(network.learn_to_think(), tensors, path)
    network.eval()
    return True


def _words(about: str) -> object:
    """The sha256 of the weights that a thought was learned from; None where nothing says it."""
    try:
        return parse_json(about)["words"]
    except (ValueError, KeyError, TypeError):
        return None
