"""A journal's lines under other labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from moderator.errors import InputError
from moderator.events import Relabelled
from moderator.journal.lines import text_of, to_line
from moderator.journal.relabelling import Labels, Relabeller, labels_in

LABELS = Labels({"s1": "Zoe", "s3": "s2"}, {"Zoe": "Zoe", "s2": "Ben"})


def lines(*some: dict[str, Any], labels: Labels = LABELS) -> list[dict[str, Any]]:
    relabeller = Relabeller(labels)
    return [relabeller.line(line) for line in some]


OPENED = {
    "kind": "opened",
    "participants": {
        "s1": {"name": "Ana", "position": "chair"},
        "s3": {"name": "Cem", "position": None},
        "s2": {"name": "Ben", "position": "scribe"},
    },
}


def test_people_are_those_whom_the_labels_make() -> None:
    (opened,) = lines(OPENED)
    assert opened["participants"] == {
        "Zoe": {"name": "Zoe", "position": "chair"},
        "s2": {"name": "Ben", "position": "scribe"},
    }


def test_every_place_of_an_id_has_the_label() -> None:
    heard: dict[str, Any] = {
        "kind": "heard",
        "at": 9,
        "speaking": ["s1", "s2", "s3"],
        "activities": [["s1", 0, 5], ["s3", 2, 4]],
        "words": [["s3", "s1", 2, 4]],
        "partials": {"s1": "s1 and"},
    }
    decision = {
        "kind": "decision",
        "addressee": "s1",
        "inputs": {"holder": "s3", "voices": "s1,s2,s3", "floor": "held", "threshold": 0.5},
    }
    renamed = {"kind": "renamed", "at": 1, "id": "s3", "name": "Cemal"}
    ended = {"kind": "turn_ended", "heard": "Thank you, s1.", "quotes": ["s3", "s1", "s2"]}
    found = lines(heard, decision, renamed, ended, {"kind": "command", "by": "s3"})
    assert found == [
        {
            "kind": "heard",
            "at": 9,
            "speaking": ["Zoe", "s2"],
            "activities": [["Zoe", 0, 5], ["s2", 2, 4]],
            "words": [["s2", "s1", 2, 4]],
            "partials": {"Zoe": "s1 and"},
        },
        {
            "kind": "decision",
            "addressee": "Zoe",
            "inputs": {"holder": "s2", "voices": "Zoe,s2", "floor": "held", "threshold": 0.5},
        },
        {"kind": "renamed", "at": 1, "id": "s2", "name": "Ben"},
        {"kind": "turn_ended", "heard": "Thank you, s1.", "quotes": ["Zoe", "s2"]},
        {"kind": "command", "by": "s2"},
    ]


def test_what_a_mind_noted_has_the_name_but_not_in_what_was_said() -> None:
    proposal = {"kind": "proposal", "cue": "Ana asked s3: is Ana here", "facts": {"to": "s1"}}
    _, found = lines(OPENED, proposal)
    assert found["cue"] == "Zoe asked Ben: is Ana here"
    assert found["facts"] == {"to": "Zoe"}
    _, found = lines(OPENED, proposal | {"cue": "Anabel has had the floor"})
    assert found["cue"] == "Anabel has had the floor"


def test_without_labels_nothing_is_touched() -> None:
    assert lines(OPENED, labels=Labels())[0] is OPENED


def test_the_last_labels_count(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    events = [Relabelled(5, {"s1": "Zoe"}, {"Zoe": "Zoe"}), Relabelled(5)]
    path.write_text("".join(text_of(to_line(event)) for event in events[:1]))
    assert labels_in(path) == Labels({"s1": "Zoe"}, {"Zoe": "Zoe"})
    path.write_text("".join(text_of(to_line(event)) for event in events) + '{"kind":"relab')
    assert labels_in(path) == Labels()
    path.write_text('{"kind":"relabelled","at":1,"labels":{"a":1},"names":{}}\n')
    with pytest.raises(InputError, match="a line of another shape"):
        labels_in(path)
