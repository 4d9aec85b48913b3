"""Who is there, and whether what one person says is said to the agent."""

from __future__ import annotations

from pathlib import Path

from moderator.journal.file import Journal
from moderator.journal.lines import Line
from moderator.journal.rerun import rerun
from moderator.meeting.company import Company
from moderator.meeting.loop import Meeting
from moderator.mind.base import Participant
from moderator.testing.meetings import talk
from roles.schema import Identity, Role
from tests.moderator.meeting.test_changes import hold, role

ROLE = Role(id="tested", summary="for tests", identity=Identity(name="Robin"))


def needing_name() -> Role:
    turn = ROLE.turn.model_copy(update={"alone_needs_name": True})
    return ROLE.model_copy(update={"turn": turn})


def test_alone_is_with_one_person_of_whom_all_is_known() -> None:
    company = Company({})
    assert company.alone_with(ROLE) is None
    company.join(0, Participant("ana", "Ana"))
    assert company.alone_with(ROLE) == "ana"
    assert company.alone_with(needing_name()) is None
    company.unheard = 1
    assert company.alone_with(ROLE) is None
    company.unheard = 0
    company.join(0, Participant("ben", "Ben"))
    assert company.alone_with(ROLE) is None
    company.leave(0, "ana")
    assert company.alone_with(ROLE) == "ben"


ASKED = [
    *talk("ana", 2.0, "How much time is left?"),
    *talk("ana", 16.0, "How much time is left?"),
    *talk("ana", 30.0, "How much time is left?"),
]


def answers(lines: list[Line]) -> list[float]:
    """Seconds at which an answer was granted."""
    granted = [line for line in lines if line["kind"] == "decision" and line["action"] == "speak"]
    return [line["at"] / 16_000 for line in granted if line["act"] == "answer"]


def test_a_question_needs_the_agents_name_as_soon_as_somebody_else_is_there(
    tmp_path: Path,
) -> None:
    path, ben = tmp_path / "journal.jsonl", Participant("ben", "Ben")
    lines = hold(
        path,
        12.0,
        lambda meeting, _: meeting.leave("ben"),
        (24.0, lambda meeting, _: meeting.join(ben)),
        words=ASKED,
        first=role("facilitator"),
    )
    found = answers(lines)
    assert len(found) == 1
    assert 17.0 < found[0] < 21.0
    alone = [line["person"] for line in lines if line["kind"] == "alone_with"]
    assert alone == ["ana", None]
    assert rerun(path) == []


def test_it_does_not_where_more_may_be_there_or_the_role_says_so(tmp_path: Path) -> None:
    def gone(meeting: Meeting, _: Journal) -> None:
        meeting.leave("ben")
        meeting.unheard(1)

    assert not answers(hold(tmp_path / "a.jsonl", 1.0, gone, words=ASKED))
    strict = needing_name().turn
    first = role("facilitator").model_copy(update={"turn": strict})
    lines = hold(
        tmp_path / "b.jsonl", 1.0, lambda meeting, _: meeting.leave("ben"), words=ASKED, first=first
    )
    assert not answers(lines)
