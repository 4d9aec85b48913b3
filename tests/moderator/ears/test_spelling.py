"""Names that were misheard, and words that only sound like names."""

from __future__ import annotations

import pytest

from moderator.ears.spelling import Spelled, Spelling
from moderator.ears.vocabulary import vocabulary

ROOM = (
    "Robin",
    "Katarzyna Nowak",
    "Joaquin",
    "Mateusz",
    "Dmitri",
    "Ngozi",
    "Ben",
    "Mark",
    "Will",
    "Grace",
    "Leila",
)
SPELLING = Spelling(ROOM, vocabulary(("en",)))


def read(text: str, before: str = "") -> str:
    return " ".join(found.text for found in SPELLING.spell(text.split(), before))


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("Catarzina, how much time is left?", "Katarzyna, how much time is left?"),
        ("I think catar zena should take this.", "I think Katarzyna should take this."),
        ("Thank you, Mattuse. What's next?", "Thank you, Mateusz. What's next?"),
        ("I think Dimitri's plan is good.", "I think Dmitri's plan is good."),
        ("Joe Quinn, are you there?", "Joaquin, are you there?"),
        ("In Gozi, how much time is left?", "Ngozi, how much time is left?"),
        ("Robyn, can you sum up?", "Robin, can you sum up?"),
    ],
)
def test_what_sounds_like_a_name_is_that_name(heard: str, meant: str) -> None:
    assert read(heard) == meant


@pytest.mark.parametrize(
    "said",
    [
        "We have been there before.",
        "Please mark the boxes that will go out.",
        "Well, I will be there.",
        "There is a grace period of ten days.",
        "They are robbing the bank, and Robert saw it.",
        "Marco, how are you?",
        "I like the layer of cheese.",
        "Robin and Mark know.",
        "My matrix is a mattress.",
        "",
    ],
)
def test_words_stay_words(said: str) -> None:
    assert read(said) == said


def test_it_is_told_of_how_many_words_a_name_was_made() -> None:
    found = SPELLING.spell(["Joe", "Quinn,", "hello."])
    assert found == [Spelled("Joaquin,", 2, changed=True), Spelled("hello.")]


def test_without_a_list_of_words_only_who_is_called_gets_a_name() -> None:
    spelling = Spelling(["Katarzyna"])
    assert [one.text for one in spelling.spell(["Catarzina,", "bitte."])] == [
        "Katarzyna,",
        "bitte.",
    ]
    assert [one.text for one in spelling.spell(["wir", "catarzina", "da"])][1] == "catarzina"


def test_two_names_that_sound_alike_are_not_guessed_between() -> None:
    spelling = Spelling(["Katarina", "Catarina"], vocabulary(("en",)))
    assert spelling.spell(["Kattarina,"]) == [Spelled("Kattarina,")]


def test_a_name_may_be_any_text() -> None:
    spelling = Spelling(
        ["", " ", "---", "李", "🙂🙂🙂🙂", "A" * 60, "Ana (2)"], vocabulary(("en",))
    )
    words = ["Hello,", "李.", "🙂", "(", ""]
    assert spelling.spell(words) == [Spelled(word) for word in words]
