"""A journal's lines are of the shape that whoever reads them relies on, or told in one line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.reliability.meeting import Room
from integrations.files.recovery.recovering import recover_if_needed
from integrations.files.story import acts
from moderator.errors import InputError
from moderator.journal.erasure import Erasure, owed, redact
from moderator.journal.lines import read
from moderator.journal.rerun import rerun
from moderator.testing.journals import short_meeting, write_journal

BROKEN = [
    ('"at":', '"at":-'),
    ('"at":', '"at":99999999999999'),
    ('"words":[["', '"words":[[7,"'),
    ('"words":[[', '"words":[null,['),
    ('"kind":"proposal"', '"kind":"decision"'),
    ('"action":"', '"action":"un'),
    ('"probability":0', '"probability":NaN,"x":0'),
    ('"participants":{', '"participants":{"x":null,'),
    ('"text":"', '"text":"\\ud800'),
    ('"turn":1', '"turn":"1"'),
    ('"accepted":true', '"accepted":"yes"'),
]

READERS: list[Callable[[Path], object]] = [
    lambda path: list(read(path)),
    rerun,
    acts,
    owed,
    lambda path: recover_if_needed(path.parent),
]


def journal(folder: Path, old: str, new: str) -> Path:
    """A short meeting's, with the first of something replaced."""
    path = write_journal(folder / "journal.jsonl", short_meeting())
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


@pytest.mark.parametrize("reader", READERS, ids=["read", "rerun", "acts", "owed", "recover"])
@pytest.mark.parametrize(("old", "new"), BROKEN, ids=[new for _, new in BROKEN])
def test_a_line_of_another_shape_is_told_by_every_reader(
    tmp_path: Path, old: str, new: str, reader: Callable[[Path], object]
) -> None:
    with pytest.raises(InputError, match="a line of another shape"):
        reader(journal(tmp_path, old, new))


@pytest.mark.parametrize("bad", [b'{"kind":"heard",\xff}', b'{"kind":"heard"' + b"[" * 99_999])
def test_nothing_is_erased_from_what_cannot_be_read(tmp_path: Path, bad: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(bad + b"\n")
    with pytest.raises(InputError, match="not a line of JSON"):
        redact(path, Erasure(("ana",), 5))
    assert path.read_bytes() == bad + b"\n"


def test_a_role_that_is_none_is_told(tmp_path: Path) -> None:
    path = journal(tmp_path, '"role":{', '"role":{"turn":7,"x":{')
    path.write_text(path.read_text("utf-8").replace('},"participants"', '}},"participants"', 1))
    with pytest.raises(InputError, match="a role that is none"):
        rerun(path)


def test_all_that_a_room_writes_is_of_its_shape(tmp_path: Path) -> None:
    asyncio.run(Room(tmp_path / "out", 16.0, {"ana": 11.0}).run())
    kinds = {line["kind"] for line in read(tmp_path / "out" / "journal.jsonl")}
    assert {"opened", "heard", "percept", "decision", "consent", "erased", "closed"} <= kinds


def test_what_a_later_version_writes_is_no_damage(tmp_path: Path) -> None:
    path = write_journal(tmp_path / "journal.jsonl", short_meeting())
    lines = path.read_text("utf-8").splitlines()
    news = json.dumps({"kind": "unheard_of", "at": "soon"})
    more = [json.dumps(json.loads(line) | {"new": True}) for line in lines]
    path.write_text("\n".join([more[0], news, *more[1:]]) + "\n", "utf-8")
    assert len(list(read(path))) == len(lines) + 1
    rerun(path)
