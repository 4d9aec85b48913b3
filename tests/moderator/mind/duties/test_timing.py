"""Duties that follow the clock."""

from __future__ import annotations

from typing import Any

import pytest

from moderator.events import Act
from moderator.testing.meetings import people, talk
from moderator.testing.scenes import DutyScene, talked
from moderator.testing.scenes import free as floor

PEOPLE = people("Ana", "Ben")
AGENDA: dict[str, Any] = {
    "type": "agenda",
    "grace_s": 30,
    "items": [
        {"title": "Reports", "minutes": 5},
        {"title": "Budget", "minutes": 2.5},
        {"title": "Other", "minutes": 1},
    ],
}


def test_open_greets_once_with_purpose_and_agenda() -> None:
    scene = DutyScene(PEOPLE, {"type": "open", "purpose": "planning"}, AGENDA)
    proposal = scene.at(0.5)
    assert proposal is not None
    assert (proposal.act, proposal.duty, proposal.mind) == (Act.OPEN, "open", "duties")
    assert scene.grant(proposal) == (
        "Hello everyone, I am Robin, your Facilitator. We are here for this: planning. "
        "On the agenda: Reports, Budget, Other, 8 minutes in all. We begin with Reports."
    )
    assert scene.at(1.0) is None


def test_open_gives_up_when_the_others_have_long_begun() -> None:
    scene = DutyScene(PEOPLE, {"type": "open", "within_s": 10})
    assert scene.at(10.0) is not None
    assert scene.at(10.5) is None


def test_agenda_hands_over_after_time_and_grace_and_not_before() -> None:
    scene = DutyScene(PEOPLE, AGENDA)
    assert scene.at(329.5) is None
    proposal = scene.at(330.0)
    assert proposal is not None
    assert proposal.act is Act.HAND_OVER
    assert scene.grant(proposal) == (
        "The 5 minutes for Reports are over. Next is Budget, with 2.5 minutes."
    )
    # The next item's time runs from the hand-over on.
    assert scene.at(330.0 + 179.5) is None
    second = scene.at(330.0 + 180.0)
    assert second is not None
    assert second.facts["next"] == "Other"
    scene.grant(second)
    assert scene.at(5000.0) is None, "after the last item there is nothing to hand over to"


def test_a_hand_over_that_is_not_granted_is_wished_again() -> None:
    scene = DutyScene(PEOPLE, AGENDA)
    assert scene.at(330.0) is not None
    later = scene.at(340.0)
    assert later is not None
    assert "40 s over" in later.cue


def checks(*marks: float, minutes: float = 60) -> DutyScene:
    return DutyScene(
        PEOPLE, {"type": "time_check", "minutes_left": list(marks), "meeting_minutes": minutes}
    )


def test_time_checks_come_at_their_marks_once_each() -> None:
    scene = checks(10, 5, 1)
    said = []
    for second in range(0, 3600, 10):
        proposal = scene.at(float(second) + 0.5)
        if proposal is not None:
            said.append((second, scene.grant(proposal)))
    assert said == [
        (3000, "10 minutes left."),
        (3300, "We have 5 minutes left."),
        (3540, "One minute left."),
    ]


def test_a_late_time_check_tells_the_time_that_is_left_and_skips_missed_marks() -> None:
    scene = checks(10, 5)
    late = scene.at(3600 - 4 * 60)
    assert scene.grant(late) == "4 minutes left."
    assert scene.at(3600 - 3 * 60) is None


def test_under_a_minute_seconds_are_told() -> None:
    assert checks(0.5).at(3569.0) is None
    scene = checks(0.5)
    assert scene.grant(scene.at(3570.0)) == "30 seconds left."


def test_a_mark_beyond_the_meetings_length_is_none() -> None:
    scene = checks(10, 5, minutes=5)
    assert scene.at(1.0) is None


def test_close_comes_once_and_then_there_are_only_answers() -> None:
    scene = DutyScene(
        PEOPLE,
        {"type": "close", "meeting_minutes": 10},
        {"type": "break_silence"},
        {"type": "answer"},
    )
    quiet = floor(60.0, tallies=talked(ana=90, ben=30))
    assert scene.at(599.0, floor(1.0)) is None
    proposal = scene.at(600.0, quiet)
    assert proposal is not None
    assert proposal.act is Act.CLOSE
    assert scene.grant(proposal) == (
        "Our time is over. Ana 75 percent of the talk, Ben 25 percent. Thank you all."
    )
    assert scene.at(660.0, quiet) is None
    answer = scene.at(670.0, words=talk("ana", 668.0, "Robin, who are you?"))
    assert answer is not None
    assert answer.act is Act.ANSWER


def test_close_without_a_word_spoken() -> None:
    scene = DutyScene(PEOPLE, {"type": "close", "meeting_minutes": 10})
    assert scene.grant(scene.at(600.0)) == "That is the time we had. Thank you all."


@pytest.mark.parametrize("duty", ["time_check", "close"])
def test_without_a_planned_length_the_clock_says_nothing(duty: str) -> None:
    assert DutyScene(PEOPLE, {"type": duty}).at(7200.0) is None


def test_the_agenda_gives_the_planned_length() -> None:
    scene = DutyScene(PEOPLE, AGENDA, {"type": "close"})
    proposal = scene.at(8.5 * 60)
    assert proposal is not None
    assert proposal.act is Act.CLOSE, "closing is more pressing than the next item"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("Ana", "Robin Marsh"), "Robin Marsh has my name, so please call me Facilitator."),
        (("Facilitator", "Robyn"), "Robyn has my name, so please write to me in the chat."),
        (("Ana", "Ben"), "Hello everyone, I am Robin, your Facilitator."),
    ],
)
def test_it_says_how_to_call_it_where_somebody_has_its_name(
    names: tuple[str, ...], said: str
) -> None:
    scene = DutyScene(people(*names), {"type": "open"})
    assert scene.grant(scene.at(1.0)).endswith(said)
