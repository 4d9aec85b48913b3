"""A name that is called, against one that is mentioned."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderator.floor.addressee import AddresseeDetector
from moderator.language.phrases import load_phrases
from roles.schema import Role

DETECTOR = AddresseeDetector(["Robin", "facilitator"], load_phrases("en"))

CALLS = [
    "Robin?",
    "Robin",
    "Robin, what time is it?",
    "Robin what time is it",
    "Robin can you hear me",
    "Robin do you think we are late",
    "Robin, I think we are late.",
    "Hey Robin, stop.",
    "Hey Robin stop",
    "OK Robin, how much time is left?",
    "So, Robin, where are we?",
    "And what do you think, Robin?",
    "What do you think Robin?",
    "What time is it Robin?",
    "What time is it, Robin?",
    "Could you summarise, Robin, please?",
    "Can you, Robin, tell us the time?",
    "I want to know, Robin, how long we have.",
    "I have a question, Robin.",
    "I have a question for you, Robin.",
    "Well, I think we should stop. Robin, what do you think?",
    "Stop, Robin!",
    "Please be quiet, Robin.",
    "Thank you, Robin.",
    "Robyn, stop.",
    "Facilitator, who talked most?",
    "Robin be quiet",
    "No, Robin, stop.",
]

MENTIONS = [
    "Robin said we should wait.",
    "Robin says no",
    "Robin is right.",
    "Robin can do it",
    "Robin did it.",
    "Robin will come later",
    "Robin has a plan",
    "Robin was there, wasn't he?",
    "Robin's idea was good.",
    "Robin's what I meant.",
    "Robin and Ana were there.",
    "Robin, Ana and Ben were there.",
    "Ana, Robin and I went.",
    "Ana and Robin, please speak up",
    "I asked Robin about it.",
    "Ask Robin.",
    "Let's ask Robin about that, okay?",
    "You should ask Robin, I think.",
    "That is what Robin said.",
    "As Robin said, we wait.",
    "He said, Robin is late.",
    "Well, Robin said so.",
    "We talked to Robin, Ana and Ben.",
    "With Robin, it was fine.",
    "I think Robin is right.",
    "Is Robin here?",
    "Where is Robin?",
    "What did Robin say?",
    "Who is Robin?",
    "Does anybody know Robin?",
    "Have you met Robin?",
    "Can we have Robin do it?",
    "You know Robin.",
    "The facilitator should decide.",
    "Is that the facilitator?",
    "Our facilitator, Robin, is great.",
    "Robert, what time is it?",
    "The robin is a bird.",
]


@pytest.mark.parametrize("text", CALLS)
def test_a_call(text: str) -> None:
    assert DETECTOR.find(text.split()) is not None


@pytest.mark.parametrize("text", MENTIONS)
def test_a_mention(text: str) -> None:
    assert DETECTOR.find(text.split()) is None


def test_where_the_call_is_and_what_stands_around_it() -> None:
    words = ["I", "see.", "OK", "Robin,", "how", "long?", "Thirty", "minutes?"]
    call = DETECTOR.find(words)
    assert call is not None
    assert (call.begin, call.first, call.end) == (2, 3, 6)
    assert call.rest == ("how", "long")


def test_names_of_several_words_and_names_without_letters() -> None:
    detector = AddresseeDetector(["Mister Chair", "!!!"], load_phrases("en"))
    assert detector.find(["Mister", "Chair,", "may", "I?"]) is not None
    assert detector.find(["Mister", "Mayor,", "may", "I?"]) is None
    assert detector.find(["---", "may", "I?"]) is None


@given(st.lists(st.text(max_size=8) | st.sampled_from(["Robin", "Robin,", ",", "", "?"])))
def test_any_words_at_all(words: list[str]) -> None:
    call = DETECTOR.find(words)
    assert call is None or 0 <= call.begin <= call.first < call.end <= len(words)
    DETECTOR.without_name(words)


ROLE = Role.model_validate(
    {
        "id": "tested",
        "summary": "for tests",
        "identity": {"name": "Robin", "title": "Facilitator", "aliases": ["helper"]},
    }
)


def among(*others: str) -> AddresseeDetector:
    return AddresseeDetector.of(ROLE, load_phrases("en"), lambda: others)


@pytest.mark.parametrize("other", ["Robin Marsh", "robin", "Robyn", "Dr. Robin Marsh"])
def test_a_name_that_somebody_else_there_has_does_not_call_the_agent(other: str) -> None:
    detector = among("Ana", other)
    assert detector.answers_to == ("helper",)
    assert detector.namesakes() == [other]
    assert detector.find(["Robin,", "what", "did", "the", "tents", "cost?"]) is None
    assert detector.find(["Helper,", "what", "did", "the", "tents", "cost?"]) is not None
    assert detector.without_name(["Stop", "Robin"]) is None
    assert detector.without_name(["Stop", "Robin"], shared=True) == ("stop",)


def test_where_all_its_names_are_taken_it_answers_to_its_title() -> None:
    assert among("Robin Marsh", "Helper").answers_to == ("Facilitator",)
    assert among("Robin Marsh", "Helper", "Facilitator").answers_to == ()


def test_others_have_other_names() -> None:
    detector = among("Roberta", "Ana Robinson")
    assert detector.answers_to == ("Robin", "helper")
    assert not detector.namesakes()
