"""The journal is read as far as it goes, whatever is in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderator.errors import InputError
from moderator.measure.report import reading
from moderator.measure.report.facts import work_out
from moderator.measure.report.record import Record
from moderator.testing import journals
from moderator.timeline import to_samples


def read(tmp_path: Path, *lines: journals.Entry) -> Record:
    return reading.read_journal(journals.write_journal(tmp_path / "journal.jsonl", lines))


def test_reads_everything_of_a_whole_journal(tmp_path: Path) -> None:
    record = read(tmp_path, *journals.short_meeting())
    assert (record.meeting_id, record.agent) == ("handset", "Robin")
    assert record.people["chloe"] == ("Chloé Marchetti", "engineer")
    assert [mark.action for mark in record.marks].count("speak") == 4
    assert record.tally["wait"] == {"no_proposal": 104, "floor_held": 6}
    assert record.turns[2].lost == "time, please. Ana first."
    assert [text for text, _, _ in record.turns[2].words] == ["One", "at", "a"]
    assert (record.closed, record.complete, record.unreadable) == (True, True, 0)
    assert record.reached == to_samples(60.0)
    assert record.told[0].by == "ben"


def test_who_comes_late_or_takes_another_name_is_called_by_it(tmp_path: Path) -> None:
    record = read(
        tmp_path,
        journals.opened(),
        {"kind": "joined", "at": 0, "id": "guest-7", "name": "Dora"},
        {"kind": "joined", "at": 0, "id": "guest-8", "name": "Nobody"},
        journals.heard(2.0, "guest-7", 1.0, "Hello."),
        {"kind": "renamed", "at": to_samples(3.0), "id": "guest-7", "name": "Dora Li"},
        {"kind": "renamed", "at": to_samples(3.0), "id": "chloe", "name": "Chloé"},
    )
    assert record.people["guest-7"] == ("Dora Li", "")
    assert record.people["chloe"] == ("Chloé", "engineer")
    assert "guest-8" not in record.people  # never spoke


def test_held_back_is_one_stretch_for_one_reason(tmp_path: Path) -> None:
    (held,) = read(tmp_path, *journals.short_meeting()).held
    assert (held.reason, held.act, held.times) == ("floor_held", "cut_in", 6)
    assert (held.start, held.end) == (to_samples(21.5), to_samples(24.0))
    assert held.probability == 0.7


@pytest.mark.parametrize(
    ("probability", "reason", "inputs", "held"),
    [
        (0.6, "floor_held", {"probability": 0.6, "threshold": 0.7}, 0),
        (0.6, "floor_held", {"probability": 0.6, "threshold": 0.4}, 1),
        (0.6, "floor_held", {"probability": None, "threshold": 0.4}, 0),
        (0.6, "floor_held", {}, 1),
        (0.4, "floor_held", {}, 0),
        (0.9, "not_eager_enough", {}, 0),
        (0.6, "never_speaks", {"threshold": 1.0}, 1),
    ],
)
def test_only_a_wish_that_would_else_have_been_granted_is_held_back(
    tmp_path: Path, probability: float, reason: str, inputs: journals.Entry, held: int
) -> None:
    record = read(
        tmp_path,
        journals.opened(),
        journals.proposal(3.0, "invite", probability),
        journals.decision(3.0, "wait", reason, inputs=inputs),
    )
    assert len(record.held) == held


def test_an_old_wish_is_not_held_back(tmp_path: Path) -> None:
    wish = journals.proposal(3.0, "invite", 0.9)
    record = read(tmp_path, journals.opened(), wish, journals.decision(9, "wait", "floor_held"))
    assert record.held == []


def test_a_withdrawn_wish_is_not_held_back(tmp_path: Path) -> None:
    wish = journals.proposal(3.0, "invite", 0.9)
    withdrawn = {"kind": "withdrawn", "at": to_samples(3.5)}
    refused = journals.decision(3.5, "wait", "floor_held")
    record = read(tmp_path, journals.opened(), wish, withdrawn, refused)
    assert record.held == []


def test_a_half_line_at_the_end_is_counted_and_the_rest_kept(tmp_path: Path) -> None:
    path = journals.write_journal(tmp_path / "journal.jsonl", journals.short_meeting()[:-20])
    whole = reading.read_journal(path)
    with path.open("ab") as file:
        file.write(b'{"kind":"decision","at":9999999,"acti')
    record = reading.read_journal(path)
    assert (record.unreadable, record.closed) == (1, False)
    assert record.reached == whole.reached


@pytest.mark.parametrize(
    "line",
    [
        b"null",
        b"[1]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"kind":"decision"}',
        b'{"kind":"heard","at":NaN}',
        b'{"kind":"heard","at":-5}',
        b'{"kind":"heard","at":true}',
        b'{"kind":"heard","at":1e400}',
        b'{"kind":"heard","at":99999999999999999999}',
        b'{"kind":"heard","at":1,"words":[["ana","no end",5]]}',
        b'{"kind":"heard","at":1,"words":[["ana","backwards",50,5]]}',
        b'{"kind":"heard","at":1,"activities":7}',
        b'{"kind":"word_played","turn":1,"text":"x","start":null,"end":3}',
        b'{"kind":"proposal","at":"soon","probability":1}',
    ],
)
def test_a_damaged_line_is_counted_and_passed_over(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    good = json.dumps(journals.opened()).encode()
    end = json.dumps(journals.closed(5.0)).encode()
    path.write_bytes(b"\n".join((good, line, end)) + b"\n")
    record = reading.read_journal(path)
    assert record.unreadable == 1
    assert record.complete


def test_a_later_version_s_lines_are_no_damage(tmp_path: Path) -> None:
    assert read(tmp_path, journals.opened(), {"kind": "weather", "at": "fine"}).unreadable == 0


def test_an_overlong_line_is_not_taken_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LINE_BYTES", 4096)
    path = tmp_path / "journal.jsonl"
    long = json.dumps(journals.closed(5.0) | {"why": "x" * 20_000})
    lines = [json.dumps(journals.opened()), long, json.dumps(journals.closed(7.0))]
    path.write_text("\n".join(lines))
    record = reading.read_journal(path)
    assert (record.unreadable, record.reached) == (1, to_samples(7.0))


def test_entries_beyond_a_limit_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_MARKS", 3)
    monkeypatch.setattr(reading, "MOST_PEOPLE", 2)
    marks = [journals.decision(t, "yield", "talked_over") for t in range(5)]
    crowd = [journals.heard(9.0, f"p{n}", 8.0, "hello") for n in range(5)]
    record = read(tmp_path, journals.opened(participants={}), *marks, *crowd)
    assert (len(record.marks), len(record.people)) == (3, 2)
    # Of a person too many, neither the voice nor the word is kept; each counts once.
    assert record.left_out == 2 + 2 * 3


@pytest.mark.parametrize("content", [None, b"", b"\n\n", b"RIFF....WAVE", b'{"a": 1}\n'])
def test_what_is_no_journal_is_refused_in_one_line(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "journal.jsonl").write_bytes(content)
    with pytest.raises(InputError) as caught:
        reading.read_journal(tmp_path / "journal.jsonl")
    assert caught.value.where.endswith("journal.jsonl")
    assert caught.value.todo


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, '{"models": '])
def test_a_damaged_summary_is_no_summary(tmp_path: Path, text: str) -> None:
    (tmp_path / "summary.json").write_text(text)
    assert reading.read_summary(tmp_path / "summary.json") == {}


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
_KEYS = [
    "at",
    "start",
    "end",
    "turn",
    "text",
    "act",
    "activities",
    "words",
    "participants",
    "role",
    "agent",
    "inputs",
    "probability",
    "action",
    "reason",
    "models",
    "settings",
    "heard",
    "lost",
    "by",
    "command",
    "addressee",
]


@settings(max_examples=80)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["opened", "heard", "percept", "proposal", "decision", "command"])
            | st.sampled_from(["turn_started", "word_played", "turn_ended", "closed"]),
            st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=6),
        ),
        max_size=8,
    )
)
def test_no_line_whatever_breaks_the_reader(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, journals.Entry]]
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "journal.jsonl"
    text = "\n".join(json.dumps({**line, "kind": kind}) for kind, line in lines)
    path.write_text(json.dumps(journals.opened()) + "\n" + text)
    facts = work_out(reading.read_journal(path))
    assert facts.end >= 1
