"""A journal without what says nothing; what it decides again is the same."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from moderator.ears.script import ScriptedEars
from moderator.events import Act, Action, Decision, Heard, Percept, Proposal, Reason, Word
from moderator.journal.file import Journal
from moderator.journal.lines import Closed, Event, Line, Opened, read
from moderator.journal.rerun import rerun
from moderator.measure.report.reading import read_journal
from moderator.meeting.loop import Meeting
from moderator.meeting.settings import Settings
from moderator.mind.duties.session import Duties
from moderator.testing.meetings import OwnAudio, SilentSource, chatter, people, talk
from moderator.testing.mouth import ToneVoice
from moderator.timeline import ReplayClock, Stopwatch
from roles.loader import load_role

WORDS = [
    *chatter("ana", 1.0, 9.0),
    *talk("ben", 14.0, "Robin, who has talked the most?"),
    *chatter("ana", 30.0, 34.0),
    *chatter("ben", 33.0, 38.0),
    *talk("ana", 60.0, "Robin, how much time is left?"),
]


def meet(path: Path, step_s: float) -> list[Event]:
    """A meeting of 90 s with words, silences, and turns of the agent; its events."""
    role, names = load_role("facilitator"), people("Ana", "Ben")
    journal, events = Journal(path), list[Event]()
    shown = {one.id: {"name": one.name, "position": one.position} for one in names.values()}
    journal.write(Opened("m", role.model_dump(mode="json"), shown, "Robin (agent)"))
    meeting = Meeting(
        role,
        dict(names),
        ScriptedEars(WORDS),
        Duties(),
        ToneVoice(),
        [journal.write, events.append],
        ReplayClock(),
        Settings(step_s),
        Stopwatch(),
    )
    asyncio.run(meeting.run(SilentSource(90.0), OwnAudio()))
    journal.write(Closed(meeting.now, True, "the end"))
    journal.close()
    return events


@pytest.mark.parametrize("step_s", [0.1, 0.3, 0.5])
def test_the_decisions_come_out_the_same_from_fewer_lines(tmp_path: Path, step_s: float) -> None:
    path = tmp_path / "journal.jsonl"
    events = meet(path, step_s)
    lines = list(read(path))
    made = Counter(
        (event.action.value, event.reason.value) for event in events if isinstance(event, Decision)
    )
    kept = Counter((line["action"], line["reason"]) for line in lines if line["kind"] == "decision")
    kept["wait", "no_proposal"] += sum(line.get("waits", 0) for line in lines)
    assert kept == made
    assert made["speak", "floor_free"] >= 2
    assert rerun(path) == []
    for kind in (Heard, Proposal):
        name = kind.__name__.lower()
        written = sum(line["kind"] == name for line in lines)
        assert written == sum(isinstance(event, kind) for event in events)
    ends = [line["end"] for line in lines if line["kind"] == "percept"]
    assert ends == sorted(ends)
    assert ends[-1] == max(event.end for event in events if isinstance(event, Percept))
    fewer = sum(line["kind"] in ("percept", "decision") for line in lines)
    all_of_them = sum(isinstance(event, Percept | Decision) for event in events)
    print(f"step {step_s} s: {fewer} of {all_of_them} lines of percepts and decisions")
    assert fewer < 0.6 * all_of_them
    if step_s == 0.1:
        path.write_text(path.read_text().replace('"kind":"turn_ended"', '"kind":"untold"', 1))
        assert rerun(path)


def test_the_report_counts_what_one_line_stands_for(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    events = meet(path, 0.1)
    waited = sum(
        isinstance(event, Decision) and event.reason is Reason.NO_PROPOSAL for event in events
    )
    assert read_journal(path).tally["wait"]["no_proposal"] == waited


def wait(at: int, reason: Reason = Reason.NO_PROPOSAL) -> Decision:
    return Decision(at, Action.WAIT, reason)


def lines_of(*events: Event) -> list[Line]:
    journal = Journal()
    for event in events:
        journal.write(event)
    journal.write(Closed(100, True, "the end"))
    return journal.lines[:-1]


def percept(index: int) -> Percept:
    return Percept(index, index, index + 1)


def test_percepts_without_news_are_one_line() -> None:
    silent: list[Event] = [event for i in range(5) for event in (percept(i), wait(i + 1))]
    first, decided, rest = lines_of(*silent)
    assert (first["index"], decided["kind"]) == (0, "decision")
    assert rest == {"kind": "percept", "index": 4, "start": 1, "end": 5, "waits": 4}


@pytest.mark.parametrize(
    "news",
    [
        Heard(3, words=(Word("ana", "so", 1, 2),)),
        Heard(3, frozenset({"ana"})),
        Heard(3, partials={"ana": "so"}),
        Proposal(2, "test", 0.4, Act.ANSWER),
    ],
    ids=["word", "voice", "partial", "wish"],
)
def test_news_are_written_with_the_percept_they_came_in(news: Event) -> None:
    quiet: list[Event] = [percept(0), wait(1), percept(1), wait(2)]
    lines = lines_of(*quiet, news, percept(2), wait(3), percept(3), wait(4))
    kinds = [line["kind"] for line in lines]
    spans = [(line["start"], line["end"]) for line in lines if line["kind"] == "percept"]
    assert kinds.index(news.__class__.__name__.lower()) == 3, "after the run before it"
    assert spans == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_a_voice_that_goes_on_is_no_news_and_one_that_ends_is() -> None:
    voice: list[Event] = [
        event
        for i in range(4)
        for event in (Heard(i + 1, frozenset({"ana"})), percept(i), wait(i + 1))
    ]
    silence: list[Event] = [event for i in range(4, 8) for event in (percept(i), wait(i + 1))]
    spans = [
        (line["start"], line["end"])
        for line in lines_of(*voice, *silence)
        if line["kind"] == "percept"
    ]
    assert spans == [(0, 1), (1, 4), (4, 5), (5, 8)]


def test_a_decision_for_another_reason_is_never_left_out() -> None:
    held: list[Event] = [
        percept(0),
        wait(1),
        percept(1),
        wait(2, Reason.STALE),
        percept(2),
        wait(3),
    ]
    reasons = [line["reason"] for line in lines_of(*held) if line["kind"] == "decision"]
    assert "stale" in reasons
