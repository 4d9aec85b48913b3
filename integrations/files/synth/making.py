"""Makes meeting records of scripts, and measures the timing that they are given."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from integrations.files.bench.records import acts_of, turns_of
from integrations.files.disk.atomic import disk_errors, write_text
from integrations.files.disk.foreign import invalid, read_text
from moderator.cli.console import progress
from moderator.measure.bench.meeting import BenchMeeting
from moderator.synth.placing import place
from moderator.synth.script import Script
from moderator.synth.timing import Timing, measured
from moderator.timeline import to_seconds


@dataclass(slots=True)
class Made:
    """What became of some scripts.

    Attributes:
        scripts: how many.
        meetings: records that were written.
        turns: agents' in them.
        silent: meetings in which the agent says nothing.
        hours: of meeting time.
    """

    scripts: int = 0
    meetings: int = 0
    turns: int = 0
    silent: int = 0
    hours: float = 0.0


def write_meetings(scripts: Iterable[Script], out: Path, timing: Timing, seed: int) -> Made:
    """Writes a record for every agent of every script.

    Args:
        scripts: as `read_scripts` gives them.
        out: directory; a record of the same name is replaced.
        timing: how people speak.
        seed: of what is drawn.

    Raises:
        InputError: a script is broken, or nothing can be written.
    """
    made, scripts = Made(), list(scripts)
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
    with progress("making meetings", float(len(scripts))) as advance:
        for script in scripts:
            for number, agent in enumerate(script.agents):
                meeting = place(script, number, timing, seed)
                write_text(out / f"{meeting.meeting_id}.json", record_of(meeting, script))
                made.meetings += 1
                made.turns += len(agent.speaks)
                made.silent += not agent.speaks
                made.hours += to_seconds(meeting.duration) / 3600
            made.scripts += 1
            advance(1.0)
    return made


def record_of(meeting: BenchMeeting, script: Script) -> str:
    """A made meeting as a meeting record."""
    people: dict[str, dict[str, str]] = {}
    for id_, one in meeting.participants.items():
        people[id_] = {"name": one.name}
        if one.position:
            people[id_]["role"] = one.position
        if one.description:
            people[id_]["description"] = one.description
        if id_ != meeting.played:
            people[id_]["global_name"] = f"{script.id} {id_}"
    record = {
        "meeting_id": meeting.meeting_id,
        "type": "made of a script",
        "topic": script.topic,
        "language": script.language,
        "duration": to_seconds(meeting.duration),
        "speakers": people,
        "played": meeting.played,
        "turns": turns_of(meeting),
        "dialogue_acts": acts_of(meeting),
    }
    return json.dumps(record, ensure_ascii=False) + "\n"


def read_timing(path: Path | None) -> Timing:
    """A timing that `moderator synth fit` wrote; the measured one for None.

    Raises:
        InputError: it is missing or broken.
    """
    if path is None:
        return measured()
    try:
        return Timing.model_validate_json(read_text(path))
    except ValidationError as error:
        raise invalid(error, path) from None
