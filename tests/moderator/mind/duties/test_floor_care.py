"""Duties that follow the floor."""

from __future__ import annotations

from typing import Any

import pytest

from moderator.events import Act, Action, Decision
from moderator.floor.state import Tally
from moderator.labels import SOMEBODY
from moderator.mind.duties.session import Duties
from moderator.testing.meetings import chatter, hold_meeting, of, people, talk
from moderator.testing.scenes import DutyScene, free, held, overlapping, talked
from moderator.timeline import to_samples
from roles.schema import Role

PEOPLE = people("Ana", "Ben", "Cleo")
MONOLOGUE = {"type": "end_monologue", "after_s": 60}


def test_a_monologue_gets_a_raised_hand_then_an_invitation_in_the_pause() -> None:
    scene = DutyScene(PEOPLE, MONOLOGUE)
    assert scene.at(59.0, held("ana", 59)) is None
    hand = scene.at(60.0, held("ana", 60, tallies=talked(ben=20)))
    assert hand is not None
    assert (hand.act, hand.addressee) == (Act.HAND_RAISE, "cleo")
    assert hand.facts == {"held_s": 60.0}
    scene.grant(hand)
    waiting = scene.at(62.0, held("ana", 62, tallies=talked(ben=20)))
    assert waiting is not None
    assert waiting.act is Act.INVITE
    pause = scene.at(63.0, free(0.8, tallies=talked(ana=62, ben=20)))
    assert scene.grant(pause) == (
        "Thank you, Ana. That was 62 seconds. Let us hear what the others think. "
        "Cleo, what do you say?"
    )
    assert scene.at(64.0, free(1.8)) is None


def test_a_monologue_that_ended_by_itself_is_let_be() -> None:
    scene = DutyScene(PEOPLE, MONOLOGUE)
    assert scene.at(70.0, held("ana", 70)) is not None
    assert scene.at(73.0, free(2.5)) is None
    assert scene.at(75.0, held("ben", 1.5)) is None


def test_a_role_that_cuts_in_does_not_wait() -> None:
    scene = DutyScene(PEOPLE, MONOLOGUE | {"cut_in": True})
    proposal = scene.at(60.0, held("ana", 60))
    assert proposal is not None
    assert proposal.act is Act.CUT_IN


def test_a_monologue_of_an_unknown_voice_or_with_nobody_else_there() -> None:
    alone = DutyScene(people("Ana"), MONOLOGUE | {"cut_in": True})
    assert "the others" in alone.grant(alone.at(60.0, held("ana", 60)))
    unknown = DutyScene(PEOPLE, MONOLOGUE | {"cut_in": True})
    proposal = unknown.at(60.0, held(SOMEBODY, 60))
    assert proposal is not None


def test_crosstalk_is_cut_in_on_and_not_again_at_once() -> None:
    scene = DutyScene(PEOPLE, {"type": "cut_in_crosstalk", "after_s": 4, "every_s": 60})
    assert scene.at(10.0, overlapping(3.5, "ben", "ana")) is None
    proposal = scene.at(10.5, overlapping(4.0, "ben", "ana"))
    assert proposal is not None
    assert (proposal.act, proposal.addressee) == (Act.CUT_IN, "ben")
    assert scene.grant(proposal) == "One at a time, please. Ben, you were first, please go on."
    assert scene.at(70.0, overlapping(9.0, "ana", "ben")) is None
    assert scene.at(70.5, overlapping(9.5, "ana", "ben")) is not None


def test_crosstalk_of_unknown_voices_names_nobody() -> None:
    scene = DutyScene(PEOPLE, {"type": "cut_in_crosstalk", "after_s": 4})
    proposal = scene.at(10.0, overlapping(5.0, SOMEBODY, "ana"))
    assert scene.grant(proposal) == "One at a time, please."


def test_silence_is_broken_after_the_roles_patience_and_not_for_ever() -> None:
    scene = DutyScene(
        PEOPLE, {"type": "break_silence", "every_s": 30}, turn={"silence_patience_s": 5}
    )
    assert scene.at(10.0, free(4.9)) is None
    first = scene.at(10.5, free(5.0, last_speaker="ana", tallies=talked(ana=9, ben=3)))
    assert first is not None
    assert (first.act, first.addressee) == (Act.PROMPT, "cleo")
    scene.grant(first)
    assert scene.at(40.0, free(25.0)) is None, "every_s"
    second = scene.at(41.0, free(26.0))
    scene.grant(second)
    assert scene.at(600.0, free(500.0)) is None, "nobody answers: nobody is there"
    spoke = {"ana": Tally(to_samples(9), 1, 0, to_samples(650))}
    assert scene.at(660.0, free(10.0, tallies=spoke)) is not None


def test_silence_on_an_agenda_names_the_item() -> None:
    agenda = {"type": "agenda", "items": [{"title": "Budget", "minutes": 5}]}
    scene = DutyScene(PEOPLE, {"type": "break_silence"}, agenda)
    assert "We are at Budget." in scene.grant(scene.at(10.0, free(9.0)))


QUIET = {"type": "invite_quiet", "quiet_for_s": 180, "below_share": 0.1, "every_s": 60}


def test_the_quietest_is_invited_then_the_next() -> None:
    scene = DutyScene(PEOPLE, QUIET)
    tallies = {
        "ana": Tally(to_samples(170), 9, 0, to_samples(199)),
        "ben": Tally(to_samples(5), 1, 0, to_samples(10)),
    }
    assert scene.at(179.5, free(tallies=tallies)) is None
    first = scene.at(200.0, free(tallies=tallies))
    assert first is not None
    assert (first.act, first.addressee, first.facts["share"]) == (Act.INVITE, "cleo", 0.0)
    assert "Cleo" in scene.grant(first)
    assert scene.at(259.0, free(tallies=tallies)) is None
    second = scene.at(260.0, free(tallies=tallies))
    assert second is not None
    assert second.addressee == "ben"
    scene.grant(second)
    tallies["ana"] = Tally(to_samples(170), 9, 0, to_samples(399))
    third = scene.at(400.0, free(tallies=tallies))
    assert third is not None
    assert third.addressee == "cleo", "180 s after their invitation"


@pytest.mark.parametrize(
    ("tally", "why"),
    [
        (Tally(to_samples(5), 1, 0, to_samples(100)), "spoke lately"),
        (Tally(to_samples(50), 1, 0, to_samples(10)), "spoke much"),
    ],
)
def test_who_is_not_quiet_is_not_invited(tally: Tally, why: str) -> None:
    scene = DutyScene(people("Ana", "Ben"), QUIET)
    tallies = {"ana": Tally(to_samples(170), 9, 0, to_samples(199)), "ben": tally}
    assert scene.at(200.0, free(tallies=tallies)) is None, why


def test_who_has_just_begun_to_speak_is_not_invited() -> None:
    scene = DutyScene(people("Ana", "Ben"), QUIET)
    tallies = {"ana": Tally(to_samples(170), 9, 0, to_samples(199))}
    assert scene.at(200.0, held("ben", 0.5, tallies=tallies)) is None


def test_the_more_pressing_duty_wins() -> None:
    scene = DutyScene(PEOPLE, {"type": "break_silence"}, {"type": "open"}, {"type": "answer"})
    proposal = scene.at(10.0, free(9.0))
    assert proposal is not None
    assert proposal.duty == "open"
    asked = scene.at(10.5, free(9.5), talk("ana", 8.0, "Robin, who are you?"))
    assert asked is not None
    assert asked.duty == "answer"


def test_a_wish_is_granted_also_when_another_has_become_more_pressing_since() -> None:
    scene = DutyScene(PEOPLE, {"type": "break_silence"}, {"type": "answer"})
    prompt = scene.at(10.0, free(9.0))
    scene.at(10.5, free(9.5), talk("ana", 8.0, "Robin, who are you?"))
    assert scene.grant(prompt).startswith("It has gone quiet.")
    assert scene.grant(prompt) == "", "once"


def facilitator(**more: Any) -> Role:
    base: dict[str, Any] = {
        "id": "tested",
        "summary": "Keeps order.",
        "identity": {"name": "Robin"},
        "duties": [MONOLOGUE | {"after_s": 20}, {"type": "cut_in_crosstalk", "after_s": 3}],
        "turn": {"may_cut_in": True, "cool_down_s": 2},
    }
    return Role.model_validate(base | more)


def test_in_a_meeting_the_hand_goes_up_and_the_pause_is_taken() -> None:
    words = chatter("ana", 1.0, 25.0) + chatter("ben", 40.0, 41.0)
    events = hold_meeting(facilitator(), Duties(), words, 45, participants=PEOPLE)
    acted = [
        (round(one.at / 16_000), one.action, one.act)
        for one in of(events, Decision)
        if one.action is not Action.WAIT
    ]
    assert acted[:2] == [
        (21, Action.RAISE_HAND, Act.HAND_RAISE),
        (26, Action.SPEAK, Act.INVITE),
    ]


def test_in_a_meeting_crosstalk_is_cut_in_on() -> None:
    words = chatter("ana", 1.0, 8.0) + chatter("ben", 1.5, 8.0)
    events = hold_meeting(facilitator(), Duties(), words, 12, participants=PEOPLE)
    speaks = [one for one in of(events, Decision) if one.action is Action.SPEAK]
    assert [one.act for one in speaks] == [Act.CUT_IN]
    assert 4.5 <= speaks[0].at / 16_000 <= 5.2
