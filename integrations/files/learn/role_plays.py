"""Writes role-play meetings: records of real ones with one more participant, who plays a role."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from integrations.files.bench.records import acts_of, record_files, to_bench, turns_of
from integrations.files.disk.atomic import disk_errors, write_text
from integrations.files.disk.foreign import read_text, shown
from integrations.files.transcripts.records import parse_record
from moderator.cli.console import progress
from moderator.errors import InputError
from moderator.measure.bench.floor_turns import floor_turns
from moderator.measure.bench.meeting import BenchMeeting
from moderator.plain_json import parse_json
from roles.loader import load_role

if TYPE_CHECKING:
    from roles.schema import Role


@dataclass
class Cast:
    """What became of some records.

    Attributes:
        turns: floor turns of each role, by its id.
        meetings: that each is played in, likewise.
        left_out: records in which nobody does the work of the role whose turn it was.
    """

    turns: Counter[str] = field(default_factory=Counter)
    meetings: Counter[str] = field(default_factory=Counter)
    left_out: int = 0


def playable(names: Sequence[str]) -> list[Role]:
    """The roles of the library by name; all that can be played, if none is named.

    Raises:
        InputError: there is no such role, or nobody in a meeting does its work.
    """
    from moderator.learn.role_play import SHARES

    for name in names:
        if name not in SHARES:
            raise InputError(
                f"nobody can play {name[:60]!a}", where="--role", todo=f"use {', '.join(SHARES)}"
            )
    return [load_role(name) for name in names or SHARES]


def write_role_plays(places: Sequence[Path], out: Path, roles: Sequence[Role]) -> Cast:
    """Writes a role-play for every record, the roles in turn.

    Args:
        places: directories of meeting records, or single ones.
        out: for the new records; one of the same name is replaced.
        roles: of `playable`.

    Raises:
        InputError: a record is missing or broken, or is a role-play already, or nothing can be
            written.
    """
    from moderator.learn.role_play import play

    cast, files = Cast(), [path for place in places for path in record_files(place)]
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
    with progress("casting", float(len(files))) as advance:
        for number, path in enumerate(files):
            role, text = roles[number % len(roles)], read_text(path)
            meeting = to_bench(parse_record(text, path))
            if meeting.played is not None:
                todo = "give the meeting that it was made from"
                raise InputError("a role-play already", where=shown(path), todo=todo)
            played = play(meeting, role, after=number)
            advance(1.0)
            if played is None or played.played is None:
                cast.left_out += 1
                continue
            write_text(out / f"{path.stem}.{role.id}.json", _as_text(text, played, path))
            cast.meetings[role.id] += 1
            cast.turns[role.id] += len(floor_turns(played, played.played))
    return cast


def _as_text(text: str, played: BenchMeeting, path: Path) -> str:
    """The record with what changed; all else, its licence too, stays.

    Raises:
        InputError: something else in it cannot be written again, such as a number without end.
    """
    try:
        record = parse_json(text)
        again = json.dumps(record | _changed(record, played), ensure_ascii=False, allow_nan=False)
        again.encode()
    except ValueError:
        what = "holds a number or a character that JSON cannot hold"
        raise InputError(what, where=shown(path), todo="correct the record") from None
    return again + "\n"


def _changed(record: dict[str, Any], played: BenchMeeting) -> dict[str, Any]:
    """What a role-play changes of a record."""
    me = played.played or ""
    one = played.participants[me]
    return {
        "meeting_id": played.meeting_id,
        "moderator": list(played.moderator),
        "speakers": {**record["speakers"], me: {"role": one.position, "name": one.name}},
        "turns": turns_of(played),
        "dialogue_acts": acts_of(played),
        "played": me,
    }
