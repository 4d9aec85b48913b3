"""Which lines bear on a question."""

from __future__ import annotations

import pytest

from moderator.language.phrases import load_phrases
from moderator.mind.grounding.ranking import Ranking, bearing
from moderator.mind.grounding.said_lines import LONGEST_LINE, SaidLine, said_lines
from moderator.mind.grounding.wording import Wording
from moderator.testing.meetings import talk
from moderator.transcript import Transcript

WORDING = Wording(load_phrases("en"))


def lines(*said: str) -> list[SaidLine]:
    """Lines as ``Name: words``."""
    found = []
    for index, one in enumerate(said):
        name, _, text = one.partition(": ")
        found.append(SaidLine(name.lower(), name, index * 16_000, text))
    return found


SAID = lines(
    "Ana: Checkout has been down since five.",
    "Ben: The boiler valve is broken again.",
    "Cleo: People are charged twice for a cot.",
    "Ben: How long will the script take?",
    "Ana: Forty minutes.",
    "Cleo: I thought about the boiler too.",
    "Ana: Fine.",
)


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("who was charging people?", 2),
        ("what did Ben say about the boiler?", 1),
        ("what did Cleo say about the boiler?", 5),
        ("since when is the checkout down?", 0),
    ],
)
def test_the_line_that_speaks_of_it_comes_first(question: str, best: int) -> None:
    assert Ranking(question, SAID, WORDING).best(3)[0] == best


def test_the_later_of_two_equal_lines_comes_first() -> None:
    said = lines("Ana: The launch moves.", "Ana: Well.", "Ana: The launch moves.")
    assert Ranking("when is the launch?", said, WORDING).best(2) == [2, 0]


def test_what_shares_no_word_is_no_match() -> None:
    ranking = Ranking("why is the sky blue?", SAID, WORDING)
    assert ranking.best(3) == []
    assert ranking.said_most() == {}


def test_an_answer_comes_with_its_question_and_the_last_lines_too() -> None:
    ranking = Ranking("how long does the script take?", SAID, WORDING)
    assert bearing(ranking, 1, 1) == [3, 4, 6]


def test_who_said_most_about_it() -> None:
    said = [*SAID, *lines("Ben: The boiler needs a valve.")]
    assert next(iter(Ranking("what about the boiler?", said, WORDING).said_most())) == "ben"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("twenty-five euros and 2,000 more", {25, 2000}),
        ("four hundred and ten thousand", {410_000}),
        ("at nine thirty, or 9:45", {9, 30, 45}),
        ("one of them is third", {3}),
        ("fifty million people, three hundred", {50_000_000, 300}),
        ("the number twelve fifty", {12, 50}),
        ("9" * 5_000, {10**40 - 1}),
    ],
)
def test_numbers_in_words_are_those_in_digits(text: str, values: set[int]) -> None:
    assert WORDING.numbers(WORDING.tokens(text)) == values


def test_lines_of_a_transcript_without_the_agents_own_and_the_question() -> None:
    transcript = Transcript()
    transcript.add(talk("ana", 1.0, " ".join(["word"] * 100)))
    transcript.add(talk("own", 40.0, "I am here."))
    transcript.add(talk("ben", 50.0, "Robin, what was said?"))
    found = said_lines(transcript, {"ana": "Ana"}, but={("ben", 800_000)}, own="own")
    assert [len(line.text.split()) for line in found] == [LONGEST_LINE, 100 - LONGEST_LINE]
    assert {(line.name, line.start) for line in found} == {("Ana", 16_000)}
