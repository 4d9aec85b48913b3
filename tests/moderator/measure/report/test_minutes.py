"""Minutes: what was measured, as Markdown that nobody's words can break."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from moderator.measure.report.minutes import minutes_text
from moderator.testing.journals import opened, short_meeting, write_journal
from roles.loader import load_role

ITEMS = [{"title": "Budget | *old*", "minutes": 5}, {"title": "Tents", "minutes": 2.5}]


def test_what_a_run_knows_stands_in_them(tmp_path: Path) -> None:
    write_journal(tmp_path / "journal.jsonl", short_meeting())
    text = minutes_text(tmp_path)
    for part in ("# Minutes of ", "## Who was there", "## Shares of talk", "## Where to find"):
        assert part in text
    assert "## Agenda" not in text  # the role has none
    assert "`transcript.vtt`" in text


def role(**more: object) -> dict[str, Any]:
    found = load_role("facilitator").model_dump(mode="json")
    agenda = {"type": "agenda", "name": None, "items": ITEMS, "grace_s": 30.0}
    return found | {"duties": [*found["duties"], agenda]} | more


def write(folder: Path, *lines: dict[str, Any], **of_role: object) -> str:
    people = {"a": {"name": "A # _b_\n<script>"}}
    begun = opened("m", role=role(**of_role), participants=people)
    write_journal(folder / "journal.jsonl", [begun, *lines])
    return minutes_text(folder)


HANDED = [
    {"kind": "proposal", "at": 8_000_000, "mind": "duties", "probability": 0.8}
    | {"act": "hand_over", "duty": "agenda", "cue": "over"},
    {"kind": "decision", "at": 8_008_000, "action": "speak", "reason": "floor_free"}
    | {"act": "hand_over", "addressee": None, "inputs": {"probability": 0.8}},
]


def test_an_item_begins_when_the_agent_hands_over_to_it(tmp_path: Path) -> None:
    text = write(tmp_path, *HANDED)
    assert "| 0:00 | Budget \\| \\*old\\* | 5 min |\n| 8:20 | Tents | 2.5 min |" in text
    (tmp_path / "journal.jsonl").unlink()
    assert "| not reached | Tents | 2.5 min |" in write(tmp_path)


def test_no_name_is_markup(tmp_path: Path) -> None:
    assert "* A \\# \\_b\\_ \\<script\\> (not heard)" in write(tmp_path)


def test_no_transcript_is_promised_where_none_is_kept(tmp_path: Path) -> None:
    text = write(tmp_path, retention={"transcript": False})
    assert "transcript.vtt" not in text
    assert "The role keeps no transcript" in text
