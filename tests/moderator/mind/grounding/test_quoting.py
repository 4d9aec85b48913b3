"""Answers in somebody's own words: what surely answers, and what a model has picked."""

from __future__ import annotations

import pytest

from moderator.language.phrases import load_phrases
from moderator.mind.grounding.quoting import picked, quote
from moderator.mind.grounding.wording import Wording
from tests.moderator.mind.grounding.test_ranking import lines

PHRASES = load_phrases("en")
WORDING = Wording(PHRASES)
SAID = lines(
    "Jin: And eighty per cent is a national grant. It lapses in June.",
    "Ana: When does the council vote on the lane?",
    "Gerald: On the fourteenth, after lunch. I shall be in my shop.",
    "Jin: The kerb is twelve centimetres. The lane was my idea.",
)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        (
            "when does the grant lapse?",
            "And eighty per cent is a national grant. It lapses in June.",
        ),
        (
            "how high is the kerb of the lane?",
            "The kerb is twelve centimetres. The lane was my idea.",
        ),
        ("when does the council vote on the lane?", None),  # asked, and answered in other words
        ("how much is the grant in the council's books?", None),
    ],
)
def test_two_sentences_in_a_row_answer_where_neither_does_alone(
    question: str, words: str | None
) -> None:
    found = quote(question, SAID, PHRASES, WORDING)
    assert (found and found.words) == words


@pytest.mark.parametrize(
    ("answer", "question", "words"),
    [
        ("On the fourteenth.", "when does the council vote?", "On the fourteenth, after lunch."),
        (
            "The council votes on the fourteenth.",
            "when does the council vote?",
            "On the fourteenth",
        ),
        ("On the fifteenth.", "when does the council vote?", None),
        ("In my shop.", "when does the council vote?", None),  # no time
        ("The council.", "when does the council vote?", None),  # only what was asked
        ("In my shop.", "how deep is the river?", None),  # of something else
        ("On the fourteenth.", "when does Jin vote for the council?", None),  # Jin did not say so
        ("Lapses in June, on the fourteenth.", "when does the council vote?", None),  # of two lines
    ],
)
def test_what_a_model_picked_must_be_said_and_must_answer(
    answer: str, question: str, words: str | None
) -> None:
    found = picked(answer, question, SAID, range(len(SAID)), PHRASES, WORDING)
    assert (found is not None) == (words is not None)
    assert found is None or found.words.startswith(words or "")


def test_only_what_the_model_was_shown_counts() -> None:
    question = "when does the council vote?"
    assert picked("On the fourteenth.", question, SAID, [0, 1, 3], PHRASES, WORDING) is None
