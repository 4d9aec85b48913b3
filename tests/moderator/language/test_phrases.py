"""What is asked: only what measured facts answer is answered from them."""

from __future__ import annotations

import time

import pytest

from moderator.language.phrases import load_phrases

PHRASES = load_phrases("en")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("how much time is left?", "time_left"),
        ("how many minutes are left?", "time_left"),
        ("could you tell us how much time we have left for this item?", "time_left"),
        ("are we still on time?", "time_left"),
        ("Ana has to go. How long do we have?", "time_left"),
        ("Ana has to go soon, so how long do we have?", "time_left"),
        ("how long have we been talking?", "time_run"),
        ("how long has this meeting been going on?", "time_run"),
        ("where are we on the agenda?", "agenda"),
        ("what's the next topic, please?", "agenda"),
        ("who has spoken least so far?", "talked_least"),
        ("who has talked the most?", "talked_most"),
        ("can you give us a short summary of the discussion?", "summary"),
        ("can you sum up what they said?", "summary"),
        ("who are you?", "identity"),
        ("are you there?", "status"),
    ],
)
def test_questions_that_facts_answer(text: str, kind: str) -> None:
    assert PHRASES.question(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "how long have we been waiting for the other offer?",
        "how much time did Ben spend on the tents?",
        "where are we getting the chairs from?",
        "who will write the summary?",
        "did the supplier deliver on time?",
        "what time is it in New York?",
        "who has spoken about the tents?",
        "what is on the agenda of the board in June?",
        "how many minutes does the walk to the station take?",
        "who put that on the agenda?",
        "what can you do about the noise?",
        "should we have a recap after the holidays?",
    ],
)
def test_questions_that_only_sound_like_them(text: str) -> None:
    assert PHRASES.question(text) is None


def test_minutes_of_nothing_but_fillers_cost_no_more_than_they_are_long() -> None:
    phrases = load_phrases("en")
    words = ["so", "yeah", "okay", "well"] * 500
    begun = time.process_time()
    for _ in range(20):
        assert phrases.command(words) is None
        assert not phrases.refuses(words)
    assert time.process_time() - begun < 2.0
    assert phrases.command(["so", "okay", "could", "you", "please", "stop", "talking", "now"])
