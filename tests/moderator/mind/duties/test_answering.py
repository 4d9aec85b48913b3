"""Answers from measured facts, and summaries."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from moderator.events import Act, Percept, Proposal, SaidAt, Word
from moderator.mind.dictated import Dictated
from moderator.mind.duties.session import Duties
from moderator.testing.meetings import people, talk
from moderator.testing.scenes import DutyScene, free, talked
from moderator.timeline import to_samples
from roles.schema import Role

PEOPLE = people("Ana", "Ben", "Cleo")
AGENDA: dict[str, Any] = {
    "type": "agenda",
    "items": [{"title": "Reports", "minutes": 5}, {"title": "Budget", "minutes": 10}],
}
SPOKEN = talked(ana=60, ben=30, cleo=10)


def asked(
    question: str, *duties: dict[str, Any], at: float = 60.0, tallies: Any = SPOKEN
) -> tuple[DutyScene, Proposal | None]:
    scene = DutyScene(PEOPLE, {"type": "answer"}, *duties)
    words = talk("ben", at - 2.0, f"Robin, {question}", 0.2)
    return scene, scene.at(at, free(tallies=tallies), words)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("how much time is left?", "We have 14 minutes left."),
        ("what is next?", "We are at Reports, item 1 of 2. We have 4 minutes left for it."),
        ("who has talked most?", "Ana 60 percent of the talk, Ben 30 percent, Cleo 10 percent."),
        ("who has spoken least?", "Cleo has spoken least, 10 percent of the talk."),
        ("who are you?", "I am Robin, your Facilitator. Keeps order."),
        ("are you there?", "Yes, I am here and listening."),
        ("can you sum up?", "So far, after 60 seconds: Ana 60 percent of the talk, Ben 30 percent, "
                            "Cleo 10 percent."),
    ],
)  # fmt: skip
def test_measured_facts_answer(question: str, answer: str) -> None:
    scene, proposal = asked(question, AGENDA)
    assert proposal is not None
    assert (proposal.act, proposal.addressee) == (Act.ANSWER, "ben")
    assert proposal.answering
    assert not scene.session.open_question
    assert scene.grant(proposal) == answer
    assert scene.at(60.5) is None, "answered once"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("how much time is left?",
         "The meeting has run for 60 seconds. No planned length was given to me."),
        ("what is on the agenda?", "I was given no agenda."),
        ("who talked most?", "Nobody has spoken yet."),
    ],
)  # fmt: skip
def test_what_is_not_known_is_not_invented(question: str, answer: str) -> None:
    scene, proposal = asked(question, tallies={})
    assert scene.grant(proposal) == answer


def test_time_that_is_over() -> None:
    scene, proposal = asked("how much time is left?", AGENDA, at=1020.0)
    assert scene.grant(proposal) == "We are 2 minutes over the planned time."


def test_an_open_question_is_marked_and_not_answered() -> None:
    scene, proposal = asked("why is the sky blue?")
    assert scene.session.open_question
    assert scene.grant(proposal).startswith("I found no answer to that")


@pytest.mark.parametrize(
    "question", ["who are your customers?", "is it sometime leftovers?", "what is nextdoor?"]
)
def test_parts_of_words_are_no_known_question(question: str) -> None:
    scene, proposal = asked(question)
    assert proposal is not None
    assert scene.session.open_question


@pytest.mark.parametrize("text", ["thanks.", "stop.", "resume.", "good morning."])
def test_what_is_not_a_question_gets_no_answer(text: str) -> None:
    assert asked(text)[1] is None


def test_without_the_duty_nothing_is_answered() -> None:
    scene = DutyScene(PEOPLE)
    assert scene.at(60.0, words=talk("ben", 58.0, "Robin, who are you?", 0.2)) is None


def test_a_question_that_is_never_granted_is_overtaken() -> None:
    scene, proposal = asked("who are you?")
    assert proposal is not None
    assert scene.at(66.0) is not None
    assert scene.at(70.0) is None


def test_what_it_can_answer_is_said_once() -> None:
    scene, proposal = asked("why is the sky blue?")
    assert "I can tell you the time left" in scene.grant(proposal)
    again = scene.at(90.0, free(tallies=SPOKEN), talk("ben", 88.0, "Robin, and the sea?", 0.2))
    assert scene.grant(again) == "I found no answer to that in what was said here."


def test_a_summary_names_the_words_that_came_up() -> None:
    scene = DutyScene(PEOPLE, {"type": "summarise", "every_minutes": 1})
    words = talk("ana", 1.0, "The budget. Budget, budget! Roof roof roof really really really")
    assert scene.at(10.0, free(tallies=SPOKEN), words) is None
    proposal = scene.at(60.0, free(tallies=SPOKEN))
    assert proposal is not None
    assert proposal.act is Act.SUMMARISE
    assert scene.grant(proposal).endswith("The words that came up most were budget, roof.")
    assert scene.at(119.0) is None
    assert scene.at(120.0) is None  # nobody has said anything since
    words = talk("ben", 120.0, "And the windows.")
    assert scene.at(121.5, free(tallies=SPOKEN), words) is not None


def test_a_summary_without_an_interval_is_given_only_when_asked() -> None:
    assert DutyScene(PEOPLE, {"type": "summarise"}).at(7200.0, free(tallies=SPOKEN)) is None


LAUNCH = talk("ana", 61.0, "Well. The launch of the pump is on the tenth of June. Fine.")


def launch(question: str, *said: Word, by: str = "ben") -> tuple[DutyScene, Proposal | None]:
    """What is proposed when Ana has spoken of the launch, then others, then somebody asks."""
    scene = DutyScene(PEOPLE, {"type": "answer"})
    scene.at(80.0, words=[*LAUNCH, *said])
    return scene, scene.at(90.0, words=talk(by, 88.0, f"Robin, {question}", 0.2))


def test_an_open_question_is_answered_by_what_somebody_said() -> None:
    scene, proposal = launch("when is the launch of the pump?")
    assert proposal is not None
    heard = scene.grant(proposal)
    assert heard == "Ana said at minute 1: The launch of the pump is on the tenth of June."
    assert scene.session.quotes(proposal) == {"ana"}
    assert scene.session.cites(proposal) == (SaidAt("ana", to_samples(61.0)),)


def test_how_a_number_is_asked_for_is_not_what_the_question_is_about() -> None:
    said = talk("cleo", 70.0, "The script runs forty minutes in Ghent.")
    scene, proposal = launch("how long does the script run in Ghent?", *said)
    assert scene.grant(proposal) == "Cleo said at minute 1: The script runs forty minutes in Ghent."


@pytest.mark.parametrize(
    "question",
    [
        "when is the launch of the boat?",
        "how many pumps are in the launch kit?",
        "what did Cleo say about the launch of the pump?",
        "when?",
        "when is the launch?",
    ],
)
def test_nobody_is_read_out_for_what_they_did_not_answer(question: str) -> None:
    scene, proposal = launch(question)
    assert scene.grant(proposal).startswith("I found no answer to that")
    assert proposal is not None
    assert scene.session.quotes(proposal) == frozenset()


@pytest.mark.parametrize(
    "said", ["Robin, the boat leaves port at nine, say so.", "Does the boat leave port at nine?"]
)
def test_orders_to_the_agent_and_questions_are_not_read_out(said: str) -> None:
    scene, proposal = launch("when does the boat leave port?", *talk("cleo", 70.0, said))
    assert scene.grant(proposal).startswith("I found no answer to that")


def test_who_is_forgotten_is_not_read_out() -> None:
    scene, proposal = launch("when is the launch of the pump?")
    assert proposal is not None
    scene.session.forget("ana")
    assert scene.grant(scene.at(90.5)).startswith("I found no answer to that")


@pytest.mark.parametrize(
    ("partial", "answer"),
    [
        ("Robin, how long have we been talking?", "The meeting has run for 60 seconds."),
        ("Robin, why is the sky blue?", None),  # no fact answers: nobody knows yet who will
        ("How long have we been talking?", None),
    ],
)
def test_an_answer_from_facts_is_foreseen_through_all_minds(
    partial: str, answer: str | None
) -> None:
    facts = {"id": "tested", "summary": "for tests", "identity": {"name": "Robin"}}
    role = Role.model_validate(facts | {"duties": [{"type": "answer"}]})
    percept = Percept(119, to_samples(59.5), to_samples(60.0), partials={"ben": partial})

    async def run() -> tuple[str | None, Proposal | None]:
        session = await Dictated(Duties()).open(role, PEOPLE)
        await session.push(percept, free(tallies=SPOKEN))
        return session.foreseen(), await session.propose()

    assert asyncio.run(run()) == (answer, None), "what is foreseen is not wished yet"
