"""The benchmark of answers: its questions, how they are judged, and the way they are asked."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from benchmarks.answers.__main__ import Question, answers, questions, verdict
from moderator.language.phrases import load_phrases
from moderator.mind.duties.session import Duties

PEOPLE = [{"id": "A", "name": "Ana"}, {"id": "B", "name": "Ben"}]
TURNS = [
    {"by": "A", "text": "The launch of the pump is on the tenth of June."},
    {"by": "B", "text": "Good."},
]
ASKED = Question(of="x", by="Ben", asks="when is the launch of the pump?", has=["tenth|10"])


def test_enough_is_asked_and_a_third_of_it_cannot_be_answered() -> None:
    asked = questions()
    unsaid = sum(not one.has for one in asked)
    assert len(asked) >= 80
    assert 0.3 <= unsaid / len(asked) <= 0.4
    assert len({(one.of, one.asks) for one in asked}) == len(asked)


@pytest.mark.parametrize(
    ("has", "said", "expected"),
    [
        (["tenth|10"], "Ana said: on the tenth.", "right"),
        (["tenth|10"], "Ana said: on the ninth.", "wrong"),
        ([], "Ana said: on the tenth.", "wrong"),
        ([], load_phrases("en").say("answer_open", 1), "does not know"),
        (["tenth"], load_phrases("en").say("answer_unsaid_ask", name="Ben"), "does not know"),
        (["tenth"], "", "does not know"),
    ],
)
def test_what_is_right(has: list[str], said: str, expected: str) -> None:
    assert verdict(Question(of="x", by="Ben", asks="when?", has=has), said) == expected


def test_a_question_is_asked_at_the_end_of_a_meeting(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"people": PEOPLE, "turns": TURNS}))
    said = asyncio.run(answers(Duties(), path, [ASKED, ASKED]))
    assert [verdict(ASKED, one) for one in said] == ["right", "right"]
