"""What the page shows follows from what the journal says."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderator.events import Action, Reason
from moderator.measure.report import prose, wording
from moderator.measure.report.data import page_data
from moderator.measure.report.facts import Facts, depth, merged, work_out
from moderator.measure.report.reading import read_journal
from moderator.testing import journals
from moderator.timeline import to_samples
from roles.schema import Act


def facts_of(tmp_path: Path, *lines: journals.Entry) -> Facts:
    path = journals.write_journal(tmp_path / "journal.jsonl", lines)
    return work_out(read_journal(path))


_SPANS = st.lists(
    st.tuples(st.integers(0, 300), st.integers(1, 60)).map(lambda s: (s[0], s[0] + s[1])),
    max_size=12,
)


@given(_SPANS, st.integers(0, 40))
def test_merged_spans_are_apart_and_cover_the_same(
    spans: list[tuple[int, int]], pause: int
) -> None:
    result = merged(spans, pause)
    assert all(later[0] - former[1] >= pause for former, later in pairwise(result))
    inside = {t for start, end in result for t in range(start, end)}
    assert {t for start, end in spans for t in range(start, end)} <= inside


@given(st.lists(_SPANS, max_size=4))
def test_overlap_and_talk_agree_with_counting_every_instant(
    lanes: list[list[tuple[int, int]]],
) -> None:
    flat = [merged(spans, 1) for spans in lanes]
    voices = [sum(a <= t < b for spans in flat for a, b in spans) for t in range(400)]
    overlaps, talk = depth(flat)
    assert talk == sum(count >= 1 for count in voices)
    assert {t for a, b in overlaps for t in range(a, b)} == {
        t for t, count in enumerate(voices) if count >= 2
    }


def test_shares_add_up_and_the_agent_is_among_them(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, *journals.short_meeting())
    assert sum(lane.share for lane in facts.lanes) == pytest.approx(1.0)
    assert facts.agent.name == "Robin"
    assert (facts.agent.talk, facts.agent.turns) == (2100 + 900 + 2100 + 1200, 4)


def test_a_turn_cut_off_says_what_was_heard_what_was_lost_and_why(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, *journals.short_meeting())
    (told,) = [line for line in prose.line_notes(facts) if line.line.lost]
    assert " ".join(told.line.words) == "One at a"
    assert told.line.lost == "time, please. Ana first."
    assert told.cut == "gave way: somebody talked over it"
    assert told.because == "its role may cut in here"


def test_every_decision_to_speak_leads_to_its_line(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, *journals.short_meeting())
    turns = [
        facts.lines[link].turn
        for mark, link in zip(facts.record.marks, facts.links, strict=True)
        if mark.action in ("speak", "yield")
    ]
    assert [turn.number if turn else None for turn in turns] == [1, 2, 2, 3, 4]


def test_words_without_voice_still_have_a_lane(tmp_path: Path) -> None:
    words = journals.heard(3.0, "ana", 1.0, "only words here")
    del words["activities"]
    facts = facts_of(tmp_path, journals.opened(), words, journals.closed(4.0))
    assert facts.lanes[0].spans == [(1000, 1928)]


def test_a_silent_journal_makes_a_page(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, journals.opened(), journals.closed(0.0))
    assert prose.lede(facts).endswith("It never spoke.")
    assert all(lane.share == 0 for lane in facts.lanes)


def test_the_seat_that_the_agent_took_has_no_lane_of_its_own(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, journals.opened(seat="ana"), journals.closed(9.0))
    assert [lane.name for lane in facts.lanes] == ["Ben Okafor", "Chloé Marchetti", "Robin"]
    assert "in the seat of Ana Brandt" in prose.lede(facts)


def test_an_interrupted_run_says_how_far_it_came(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, *journals.short_meeting()[:-1])
    assert "Its journal ends at 0:5" in prose.notices(facts, {})[0]
    early = facts_of(tmp_path, journals.opened(), journals.closed(75, complete=False, why="full"))
    assert prose.notices(early, {}) == ["This run ended early, at 1:15: full."]


def test_what_was_done_to_the_input_is_told(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, journals.opened(), journals.closed(9.0))
    summary = {"notes": ["a gap was filled", *(["x" * 1_000] * 40)]}
    told = prose.notices(facts, summary)
    assert told[0] == "About the input: a gap was filled."
    assert len(told) == prose.MOST_NOTES
    assert max(map(len, told)) < 330
    assert prose.notices(facts, {"notes": "none"}) == []


def test_a_failure_is_told_where_it_happened(tmp_path: Path) -> None:
    failure = {"kind": "failure", "at": to_samples(3.0), "part": "mind", "what": "no answer"}
    facts = facts_of(tmp_path, journals.opened(), failure, journals.closed(9.0))
    assert [(line.start, line.note) for line in facts.lines] == [
        (3000, "The mind failed: no answer")
    ]
    assert "A part failed once; the transcript says when." in prose.notices(facts, {})


def test_long_talk_is_cut_into_lines(tmp_path: Path) -> None:
    talk = journals.heard(200.0, "ana", 1.0, "and so on, " * 200)
    facts = facts_of(tmp_path, journals.opened(), talk, journals.closed(200.0))
    assert [len(line.words) for line in facts.lines] == [120] * 5


def test_the_same_journal_gives_the_same_data(tmp_path: Path) -> None:
    lines = journals.short_meeting()
    assert page_data(facts_of(tmp_path, *lines)) == page_data(facts_of(tmp_path, *lines))


def test_every_code_of_the_journal_has_words() -> None:
    assert set(wording.ACTIONS) == set(Action)
    assert set(wording.REASONS) == set(Reason)
    assert set(wording.ACTS) == set(Act)


@pytest.mark.parametrize(
    ("seconds", "clock", "length"),
    [
        (0, "0:00", "0 s"),
        (59.7, "0:59", "59 s"),
        (754, "12:34", "12 min 34 s"),
        (29045, "8:04:05", "8 h 4 min"),
        (28800, "8:00:00", "8 h"),
    ],
)
def test_times_read_well(seconds: float, clock: str, length: str) -> None:
    assert wording.clock(seconds) == clock
    assert wording.length(seconds).replace("\xa0", " ") == length


def test_purposes_name_whom_they_are_meant_for() -> None:
    assert wording.purpose("invite", "Dana") == "to invite Dana"
    assert wording.purpose("hand_over", "Dana") == "to hand over to Dana"
    assert wording.purpose("cut_in", "Dana") == "to cut in, speaking to Dana"
    assert wording.purpose("", "") == ""
