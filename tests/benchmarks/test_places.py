"""A replay elsewhere is the same, and where it is not, that would be seen."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.reliability.fuzzing.transcripts import RECORD
from benchmarks.reliability.places import Place, compare, compared, places
from moderator.errors import InputError
from moderator.testing.journals import short_meeting, write_journal

HERE = Path(sys.executable)


def test_a_replay_is_the_same_on_a_lesser_processor(tmp_path: Path) -> None:
    record = tmp_path / "tried.json"
    record.write_text(json.dumps(RECORD))
    told: list[None] = []
    where = places([HERE], ["best", "none"])
    found = list(compare([record], where, "facilitator", "duties", lambda: told.append(None)))
    assert [one.place.capability for one in found] == ["best", "none"]
    assert all(one.same_bytes and not one.differ and one.decisions for one in found)
    assert len(told) == 2


def test_another_decision_is_seen(tmp_path: Path) -> None:
    lines = short_meeting()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = write_journal(tmp_path / "a" / "journal.jsonl", lines)
    changed = [
        line | {"action": "wait"} if line.get("action") == "backchannel" else line for line in lines
    ]
    other = write_journal(tmp_path / "b" / "journal.jsonl", changed)
    place = Place(HERE, "best", "here")
    same = compared(place, first, first, first)
    assert (same.differ, same.first_s, same.same_bytes) == (0, None, True)
    found = compared(place, first, first, other)
    assert found.differ
    assert found.first_s == 39.0
    assert not found.same_bytes


def test_what_is_no_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no capability 'sse'"):
        places([HERE], ["sse"])
    with pytest.raises(InputError, match="cannot be run"):
        places([tmp_path / "python"], ["best"])
    place = Place(HERE, "best", "here")
    with pytest.raises(InputError, match=r"the replay failed: error: no such file"):
        list(compare([tmp_path / "none.json"], [place], "facilitator", "duties", lambda: None))
