"""After goodbye it is still."""

from __future__ import annotations

import pytest

from moderator.events import Act
from moderator.language.phrases import load_phrases
from moderator.mind.duties.parting import parted
from moderator.testing.meetings import people, talk
from moderator.testing.scenes import DutyScene, free, talked
from moderator.transcript import Transcript

PHRASES = load_phrases("en")


def said(*lines: str) -> Transcript:
    """Lines ``who: words``, one after the other."""
    transcript = Transcript()
    for number, line in enumerate(lines):
        who, _, words = line.partition(": ")
        transcript.add(talk(who, 10.0 * number, words))
    return transcript


@pytest.mark.parametrize(
    "lines",
    [
        ("ana: Same here. Bye everybody, see you on Monday.", "ben: Bye."),
        ("ana: That's all for today.", "ben: Thank you very much, everyone, goodbye."),
        ("ana: Okay, see you next week.", "cem: Thanks.", "ben: Yeah, have a nice weekend."),
        ("ana: So, the meeting is over.", "ben: Take care, all of you."),
    ],
)
def test_goodbyes_end_a_meeting(lines: tuple[str, ...]) -> None:
    assert parted(said(*lines), PHRASES, 3)


@pytest.mark.parametrize(
    "lines",
    [
        ("ana: I see you have the numbers.", "ben: You see, they are wrong."),
        ("ana: I have to go, bye.",),
        ("ana: Bye.", "ben: Bye Ana.", "ben: And now the budget for next year."),
        ("ana: They said goodbye to the plan.", "ben: So it is."),
        (),
    ],
)
def test_what_goes_on_has_not_ended(lines: tuple[str, ...]) -> None:
    assert not parted(said(*lines), PHRASES, 3)


def test_one_goodbye_ends_a_talk_with_one() -> None:
    assert parted(said("ana: Thanks, bye."), PHRASES, 1)


def test_nobody_is_prompted_after_goodbye_but_answered() -> None:
    scene = DutyScene(
        people("Ana", "Ben"),
        {"type": "break_silence"},
        {"type": "answer"},
        turn={"silence_patience_s": 8},
    )
    words = [*talk("ana", 1.0, "Bye, see you."), *talk("ben", 3.0, "Goodbye!")]
    quiet = free(9.0, tallies=talked(ana=10, ben=10))
    assert scene.at(15.0, quiet, words) is None
    asked = scene.at(20.0, free(1.0), talk("ana", 18.0, "Robin, who are you?"))
    assert asked is not None
    assert asked.act is Act.ANSWER
    scene.grant(asked)
    again = scene.at(60.0, quiet, talk("ben", 40.0, "One more thing about the budget."))
    assert again is not None
    assert again.act is Act.PROMPT
