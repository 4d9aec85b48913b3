"""A name that is called, against one that is mentioned."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderator.floor.addressee import AddresseeDetector
from moderator.language.phrases import load_phrases

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
