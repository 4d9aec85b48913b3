"""What of a sentence must stand in the lines that it names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderator.language.phrases import load_phrases
from moderator.mind.grounding.answer import GroundedAnswer
from moderator.mind.grounding.checking import Check
from moderator.mind.grounding.said_lines import SaidLine
from moderator.mind.grounding.wording import Wording

PHRASES = load_phrases("en")
LINES = [
    SaidLine("ana", "Ana", 0, "The script takes forty minutes, if nobody talks to me."),
    SaidLine("ben", "Ben", 1, "We will not ship the new release on Friday."),
    SaidLine("cleo", "Cleo", 2, "Devesh has five hundred and twelve orders in Ghent."),
    SaidLine("ben", "Ben", 3, "No, the budget is open."),
]
QUESTION = "Is Tomasz in Leipzig, and is the budget 5 million?"


def check() -> Check:
    return Check(LINES, QUESTION, ["Ana", "Ben", "Cleo", "Robin"], Wording(PHRASES))


@pytest.mark.parametrize(
    ("sentence", "numbers"),
    [
        ("The script takes 40 minutes.", {1}),
        ("Ana said the script takes forty minutes.", {1}),
        ("We will not ship on Friday.", {2}),
        ("Devesh has 512 orders.", {3}),
        ("Ben said we won't ship on Friday, and the script takes 40 minutes.", {1, 2}),
        ("Tomasz has orders in Ghent.", {3}),
    ],
)
def test_what_the_lines_say_passes(sentence: str, numbers: set[int]) -> None:
    assert check().supported(sentence, numbers) == tuple(LINES[n - 1] for n in sorted(numbers))


@pytest.mark.parametrize(
    ("sentence", "numbers"),
    [
        ("The script takes 40 minutes.", set()),
        ("The script takes 40 minutes.", {2}),
        ("The script takes 40 minutes.", {5}),
        ("The script takes 40 minutes.", {0}),
        ("The script takes 40 minutes.", {1, 99}),
        ("The script takes forty hours.", {1}),
        ("The script takes fifty minutes.", {1}),
        ("The script takes 400 minutes.", {1}),
        ("We will not ship the release on Monday.", {2}),
        ("We will ship on Friday.", {2}),
        ("Devesh does not have 512 orders in Ghent.", {3}),
        ("Devesh has orders in Vienna.", {3}),
        ("Berlin has five hundred and twelve orders.", {3}),
        ("Ana said the release will not ship on Friday.", {2}),
        ("The budget is 5 million.", {4}),
        ("The budget is cancelled because the director resigned.", {4}),
        ("Yes.", {4}),
        ("The open budget pays 20% more.", {4}),
        ("The open budget costs $.", {4}),
    ],
)
def test_what_they_do_not_say_is_dropped(sentence: str, numbers: set[int]) -> None:
    assert check().supported(sentence, numbers) == ()


def said(text: str, size: int = 5) -> tuple[list[str], list[int]]:
    """What is let pass of a text that comes in pieces, and the lines named by then."""
    answer = GroundedAnswer(check(), PHRASES, 60)
    passed = [
        sentence
        for at in range(0, len(text), size)
        for sentence in answer.push(text[at : at + size])
    ]
    return [*passed, *answer.finish()], [LINES.index(line) + 1 for line in answer.named]


PIECES = [
    *("The script takes 40 minutes", "Dr. Smith has 3.5 million", "e.g. ", "...", "9" * 400),
    *(" [1]", " [2, 1]", ". ", "[", "]", "1", "<think>", "\n", "!", "?"),
    *("\u00b2", "\u0663", "\u2019s", "\ud83d"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join), st.integers(1, 9))
def test_however_a_text_is_cut_the_same_passes_and_names_its_lines(text: str, size: int) -> None:
    whole = said(text, max(len(text), 1))
    assert said(text, size) == whole
    assert bool(whole[0]) == bool(whole[1])


@pytest.mark.parametrize("size", [1, 3, 7, 500])
@pytest.mark.parametrize(
    ("text", "passed", "named"),
    [
        ("The script takes 40 minutes [1]. The budget is open [4].",
         ["According to Ana: The script takes 40 minutes.",
          "According to Ben: The budget is open."], [1, 4]),
        ("The script takes 40 minutes. [1] The budget is open. [4]",
         ["According to Ana: The script takes 40 minutes.",
          "According to Ben: The budget is open."], [1, 4]),
        ("Ben said the budget is open [4]", ["Ben said the budget is open"], [4]),
        ("Ben said the budget is open. [4", [], []),
        ("The budget is open. [4] And then", ["According to Ben: The budget is open."], [4]),
        ("The budget is open [4].\nIt is 5 million [4]. The budget is open [4].",
         ["According to Ben: The budget is open."], [4]),
        ("<think>[1]</think>[0]", [], []),
        ("The budget [99999999999] is open [4].", ["According to Ben: The budget is open."], [4]),
        ("Nobody knows. The budget is open [4].", [], []),
    ],
)  # fmt: skip
def test_sentences_pass_until_one_does_not(
    text: str, passed: list[str], named: list[int], size: int
) -> None:
    assert said(text, size) == (passed, named)
