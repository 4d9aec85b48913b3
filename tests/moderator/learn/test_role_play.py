"""Role-play from a real meeting: the same words at the same times, some by who plays a role."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from moderator.events import Word
from moderator.learn.examples import seat_example, seats
from moderator.learn.role_play import SHARES, play
from moderator.measure.bench.addressed import addressees
from moderator.measure.bench.floor_turns import floor_turns
from moderator.measure.bench.meeting import AddressedAct, BenchMeeting, Seat
from moderator.mind.base import Participant
from moderator.testing.meetings import talk
from moderator.timeline import to_samples, to_seconds
from roles.loader import load_role
from tests.moderator.mind.moderator_lm.tiny import encode

SAID = (
    ("pm", 1.5, "let us look at the buttons now", "inf"),  # opens a topic
    ("ui", 6.0, "I would make them of yellow rubber", "sug"),
    ("pm", 10.0, "what would that cost us then", "el.inf"),
    ("ui", 14.0, "less than a euro all in all", "inf"),
    ("ui", 20.0, "do you like the colour though", "el.ass"),
    ("pm", 24.0, "we have five minutes left and is that enough", "el.inf"),
    ("ui", 24.6, "will that do at all", "el.inf"),  # while another asks the same role's question
    ("pm", 30.0, "what do you say " + "and again " * 40, "el.inf"),  # too long for a role
)


def meeting() -> BenchMeeting:
    words = [word for who, at, text, _ in SAID for word in talk(who, at, text)]
    acts = [
        AddressedAct(who, to_samples(at), to_samples(at + 0.3 * len(text.split())), (), kind)
        for who, at, text, kind in SAID
    ]
    acts[1] = replace(acts[1], to=("pm",))
    acts[3] = replace(acts[3], to=("pm", "me"))
    people = {name: Participant(name, name, name.upper()) for name in ("me", "pm", "ui")}
    topics = (to_samples(1.7),)
    return BenchMeeting(
        "real",
        to_samples(70.0),
        tuple(sorted(words, key=lambda word: word.start)),
        people,
        ("pm",),
        tuple(acts),
        topics,
    )


def played(role: str) -> BenchMeeting:
    found = play(meeting(), load_role(role))
    assert found is not None
    return found


def onsets(role: str) -> list[float]:
    now = played(role)
    assert now.played is not None
    return [to_seconds(turn.start) for turn in floor_turns(now, now.played)]


@pytest.mark.parametrize(
    ("role", "at"),
    [
        ("facilitator", [1.5, 10.0, 24.0]),
        ("chair", [1.5, 10.0, 24.0]),
        ("host", [1.5, 10.0, 24.0]),
        ("interviewer", [10.0, 20.0, 24.0]),
        ("timekeeper", [24.0]),
        ("observer", []),
    ],
)
def test_a_role_takes_the_turns_that_do_its_work(role: str, at: list[float]) -> None:
    assert onsets(role) == at


@pytest.mark.parametrize("role", SHARES)
def test_what_is_said_and_when_stays(role: str) -> None:
    def what(of: BenchMeeting) -> list[tuple[int, int, str]]:
        return [(word.start, word.end, word.text) for word in of.words]

    real, now = meeting(), played(role)
    assert what(now) == what(real)
    assert now.played == f"me-{role}"
    assert [seat.speaker for seat in seats(now)] == [now.played]
    example = seat_example(Seat(now, now.played), encode, 64)
    assert example.stream.labels[:, 1].sum() == len(onsets(role))


def test_a_role_leads_if_its_duties_are_a_leaders() -> None:
    assert played("chair").moderator == ("me-chair",)
    assert played("timekeeper").moderator == ("pm",)
    assert played("observer").participants["me-observer"].position == "Observer"


def test_acts_are_the_players_too() -> None:
    now = played("facilitator")
    assert next(act for act in now.acts if act.type == "el.inf").speaker == now.played
    asked = np.array([to_samples(9.0), to_samples(19.0)])
    assert addressees(Seat(now, "me-facilitator"), asked).tolist() == [0, 3]  # one, and everybody


def test_the_player_stands_anywhere_among_the_others() -> None:
    names = [play(meeting(), load_role("observer"), after) for after in range(4)]
    assert [one.played for one in names if one] == [
        f"{name}-observer" for name in ("me", "pm", "ui", "me")
    ]


def test_nobody_plays_what_nobody_does() -> None:
    silent = replace(meeting(), words=(Word("ui", "yes", 16_000, 20_000),), acts=())
    assert play(silent, load_role("interviewer")) is None
    assert play(silent, load_role("timekeeper")) is None
    with pytest.raises(KeyError):
        play(silent, load_role("scribe"))
