"""What waits for the agent's answer."""

from __future__ import annotations

import pytest

from moderator.events import Percept, Word
from moderator.language.phrases import load_phrases
from moderator.mind.questions import Question, Questions
from moderator.testing.meetings import talk
from moderator.timeline import to_samples
from moderator.transcript import Transcript
from roles.schema import Identity, Role

STEP = to_samples(0.5)


class Listener:
    """Feeds words in percepts of half a second."""

    def __init__(self, alone_with: str | None = None) -> None:
        role = Role(id="tested", summary="for tests", identity=Identity(name="Robin"))
        self.questions = Questions(role, load_phrases("en"))
        self.alone_with = alone_with
        self.transcript = Transcript()
        self.index = 0

    def until(
        self, seconds: float, words: list[Word], partial: str = "", by: str = "ana"
    ) -> Question | None:
        """The open question at `seconds`; `partial` is heard of `by` meanwhile."""
        while self.index * STEP < to_samples(seconds):
            start, end = self.index * STEP, (self.index + 1) * STEP
            new = tuple(word for word in words if start < word.end <= end)
            self.transcript.add(new)
            partials = {by: partial} if partial else {}
            alone = self.alone_with
            percept = Percept(
                self.index, start, end, words=new, partials=partials, alone_with=alone
            )
            self.questions.hear(percept, self.transcript)
            self.index += 1
        return self.questions.open


def asked(*parts: list[Word], seconds: float = 8.0) -> Question | None:
    return Listener().until(seconds, [word for part in parts for word in part])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Robin, how much time is left?", "how much time is left"),
        ("How much time is left, Robin?", "how much time is left"),
        ("How much time is left? Robin?", "How much time is left?"),
        ("Robin, a question. How long have we talked?", "a question How long have we talked?"),
        ("We are late. OK, Robin, where are we?", "where are we"),
    ],
)  # fmt: skip
def test_what_was_asked(text: str, expected: str) -> None:
    question = asked(talk("ana", 1.0, text))
    assert question is not None
    assert (question.by, question.text) == ("ana", expected)


def test_a_question_may_go_on_after_a_pause() -> None:
    first = talk("ana", 1.0, "Robin, how much time")
    question = asked(first, talk("ana", 3.2, "do we have left?"))
    assert question is not None
    assert question.text == "how much time do we have left?"


def test_a_name_alone_asks_nothing_until_more_is_said() -> None:
    assert asked(talk("ana", 1.0, "Robin?")) is None
    question = asked(talk("ana", 1.0, "Robin?"), talk("ana", 2.5, "Where are we?"))
    assert question is not None
    assert question.text == "Where are we?"


@pytest.mark.parametrize(
    "text",
    ["Thanks, Robin.", "Thank you very much, Robin.", "Good morning, Robin.", "Robin, stop.",
     "Robin, resume.", "Robin said so.", "OK, Robin.",
     "Robin is right about how much time is left."],
)  # fmt: skip
def test_what_is_no_question(text: str) -> None:
    assert asked(talk("ana", 1.0, text)) is None


def test_somebody_elses_words_are_not_part_of_it() -> None:
    question = asked(talk("ana", 1.0, "Robin, where are we?"), talk("ben", 2.5, "I wonder too."))
    assert question is not None
    assert question.text == "where are we"


def test_a_question_is_overtaken_after_eight_seconds() -> None:
    listener, words = Listener(), talk("ana", 1.0, "Robin, where are we?")
    assert listener.until(10.0, words) is not None
    assert listener.until(11.0, words) is None


def test_an_answered_question_is_over_also_if_its_utterance_goes_on() -> None:
    listener = Listener()
    words = talk("ana", 1.0, "Robin, where are we? I mean all of us together.")
    assert listener.until(2.5, words) is not None
    listener.questions.answered()
    assert listener.until(6.0, words) is None


def test_words_that_are_not_stable_yet_are_waited_for() -> None:
    listener, words = Listener(), talk("ana", 1.0, "Robin, how much")
    question = listener.until(2.5, words, partial="time is")
    assert question is not None
    assert question.going_on
    listener.until(7.0, words, partial="time is")
    assert not question.going_on


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("How much time is left?", "how much time is left"),
        ("Well, so. Can you hear me? I hope so.", "can you hear me"),
        ("tell me who has talked the most", "tell me who has talked the most"),
        ("I have been here before.", None),
        ("So, tell me about the tents.", "so tell me about the tents"),
        ("Robin, sum up please.", "sum up please"),
    ],
)
def test_with_one_person_every_question_is_for_the_agent(text: str, expected: str | None) -> None:
    question = Listener(alone_with="ana").until(5.0, talk("ana", 0.0, text))
    assert (question and question.text.removesuffix(" I hope so.")) == expected


def test_among_several_a_question_without_a_name_is_not() -> None:
    assert asked(talk("ana", 0.0, "How much time is left?")) is None


@pytest.mark.parametrize(
    ("stable", "partial", "expected"),
    [
        ("", "Robin, how long have we been talking?", "how long have we been talking"),
        ("Robin, how long", "have we been talking?", "how long have we been talking"),
        ("Robin, how long", "", None),
        ("How long", "have we been talking?", None),
        ("", "Robin, thank you.", None),
    ],
)
def test_what_is_being_asked_is_foreseen(stable: str, partial: str, expected: str | None) -> None:
    listener = Listener()
    listener.until(2.0, talk("ana", 1.0, stable) if stable else [], partial)
    open_before = listener.questions.open
    partials = {"ana": partial} if partial else {}
    coming = listener.questions.coming(to_samples(2.0), partials, listener.transcript)
    assert (None if coming is None else coming.text) == expected
    assert listener.questions.open == open_before


@pytest.mark.parametrize(
    ("by", "heard_of", "waits"),
    [
        ("speaker_1", "?", True),  # whose words they are is not known yet
        ("hall/speaker_1", "hall/?", True),
        ("hall/speaker_1", "yard/?", False),
        ("ana", "ben", False),
    ],
)
def test_what_is_not_attributed_yet_may_belong_to_the_question(
    by: str, heard_of: str, waits: bool
) -> None:
    question = Listener().until(
        2.5, talk(by, 1.0, "Robin, how much time", 0.2), "is left?", heard_of
    )
    assert question is not None
    assert question.going_on is waits
