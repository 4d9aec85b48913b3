"""Duties that wait for a moment that a model finds fitting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from moderator.errors import MindError
from moderator.events import Act, Failure, Percept, Proposal, TurnStarted
from moderator.floor.state import FloorView
from moderator.journal.lines import to_line
from moderator.mind.base import Capabilities, Participant
from moderator.mind.duties.session import Duties, DutiesSession
from moderator.mind.timed import PATIENCE, TimedDuties, needs_timing
from moderator.testing.meetings import hold_meeting, of, people, talk
from moderator.timeline import to_samples, to_seconds
from roles.loader import load_role
from roles.schema import Role

INVITE = {"type": "invite_quiet", "quiet_for_s": 10, "below_share": 0.4, "every_s": 12}
WORDS = [*talk("ana", 1.0, "well I do think that we should begin"), *talk("ana", 24.0, "yes")]


def role(*duties: dict[str, Any], **turn: Any) -> Role:
    return Role.model_validate(
        {
            "id": "tested",
            "summary": "for tests",
            "identity": {"name": "Robin"},
            "duties": list(duties),
            "turn": {"cool_down_s": 1, "eagerness": 0.6, **turn},
        }
    )


class Timer:
    """A model that finds moments fitting as it is told, and counts how often it is asked."""

    threshold = 0.5
    thought: str | None = None

    def __init__(self, fitting: Callable[[float], float]) -> None:
        self._fitting = fitting
        self.asked: list[float] = []
        self.opened = 0
        self._now = 0.0
        self.told: list[str] = []

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities("timer", models=("small",))

    async def open(self, role: Role, participants: Mapping[str, Participant]) -> Timer:
        self.opened += 1
        return self

    async def push(self, percept: Percept, floor: FloorView) -> None:
        self._now = to_seconds(percept.end)

    async def probability(self, *, exact: bool = True) -> float:
        assert not exact, "only a moment that fits is of use"
        self.asked.append(self._now)
        return self._fitting(self._now)

    async def propose(self) -> Proposal | None:
        raise AssertionError("it has no wishes")

    async def compose(self, proposal: Proposal) -> AsyncIterator[str]:
        raise AssertionError("it has no words")
        yield ""

    def heard(self, words: str) -> None:
        self.told.append(words)

    def forget(self, speaker: str) -> None:
        self.told.append(f"forget {speaker}")

    def cancel(self) -> None:
        """Nothing is under way."""

    async def close(self) -> None:
        self.told.append("closed")


def meeting(timer: Timer, *duties: dict[str, Any], **turn: Any) -> list[Any]:
    mind = TimedDuties(Duties(), timer)
    there = people("Ana", "Ben")
    return hold_meeting(role(*duties, **turn), mind, WORDS, 40, participants=there)


def first_turn(events: list[Any]) -> float:
    return to_seconds(of(events, TurnStarted)[0].at)


ALONE = hold_meeting(role(INVITE), Duties(), WORDS, 40, participants=people("Ana", "Ben"))


def test_a_wish_waits_until_the_model_finds_the_moment_fitting() -> None:
    timer = Timer(lambda now: 0.9 if now >= first_turn(ALONE) + 3 else 0.1)
    events = meeting(timer, INVITE)
    assert first_turn(ALONE) + 2.9 <= first_turn(events) <= first_turn(ALONE) + 3.7
    wish = next(one for one in of(events, Proposal) if one.facts)
    assert wish.cue.endswith("; the moment fits")
    assert wish.facts["fitting"] == 0.9
    assert wish.facts["fits_from"] == 0.5
    assert wish.facts["waited_s"] == pytest.approx(3.0, abs=0.6)
    assert (wish.duty, wish.mind) == ("invite_quiet", "duties")


def test_the_thought_goes_with_the_wish_whose_moment_it_found() -> None:
    timer = Timer(lambda now: 0.9)
    timer.thought = "<think>so: take the turn</think>"
    found = {one.thought for one in of(meeting(timer, INVITE), Proposal) if "fitting" in one.facts}
    assert found == {timer.thought}
    timer = Timer(lambda now: 0.0)
    timer.thought = "<think>so: wait</think>"
    assert {one.thought for one in of(meeting(timer, INVITE), Proposal)} == {None}


def test_a_wish_is_not_lost_where_no_moment_fits() -> None:
    timer = Timer(lambda now: 0.0)
    events = meeting(timer, INVITE)
    late = first_turn(events) - first_turn(ALONE)
    assert to_seconds(PATIENCE) - 0.6 <= late <= to_seconds(PATIENCE) + 0.6
    wish = of(events, Proposal)[0]
    assert wish.cue.endswith("; no moment was found that fits")
    assert "fitting" not in wish.facts


def test_the_model_is_asked_only_while_a_wish_waits() -> None:
    timer = Timer(lambda now: 0.0)
    events = meeting(timer, INVITE)
    assert min(timer.asked) >= first_turn(ALONE) - 0.6
    assert len([at for at in timer.asked if at <= first_turn(events)]) <= 8 + 1


def test_what_is_urgent_does_not_wait() -> None:
    timer = Timer(lambda now: 0.0)
    duties: list[dict[str, Any]] = [
        {"type": "open"},
        {"type": "break_silence"},
        {**INVITE, "quiet_for_s": 600},
    ]
    events = meeting(timer, *duties, silence_patience_s=5)
    plain = hold_meeting(role(*duties, silence_patience_s=5), Duties(), WORDS, 40)
    acts = [(one.at, one.act) for one in of(events, TurnStarted)]
    assert acts == [(one.at, one.act) for one in of(plain, TurnStarted)]
    assert {Act.OPEN, Act.PROMPT} <= {act for _, act in acts}
    assert timer.asked == []


def test_an_answer_does_not_wait() -> None:
    timer = Timer(lambda now: 0.0)
    words = talk("ana", 20.0, "Robin, who are you?")
    mind = TimedDuties(Duties(), timer)
    events = hold_meeting(role({"type": "answer"}, {**INVITE, "quiet_for_s": 21}), mind, words, 28)
    answers = [one for one in of(events, TurnStarted) if one.act is Act.ANSWER]
    assert to_seconds(answers[0].at) < 24


def test_a_model_that_fails_is_told_and_the_wish_stands() -> None:
    def broken(now: float) -> float:
        raise MindError("timer failed")

    events = meeting(Timer(broken), INVITE)
    assert first_turn(events) == first_turn(ALONE)
    assert {one.what for one in of(events, Failure)} == {"timer failed"}


def test_the_journal_is_the_same_each_time() -> None:
    def run() -> list[dict[str, Any]]:
        events = meeting(Timer(lambda now: 0.4 + (now % 3) / 10), INVITE)
        return [to_line(event) for event in events]

    assert run() == run()


def test_both_are_told_what_happens() -> None:
    timer = Timer(lambda now: 1.0)
    meeting(timer, INVITE)
    assert any("Ben" in told for told in timer.told)
    assert timer.told[-1] == "closed"


@pytest.mark.parametrize(
    ("name", "timed"), [("observer", False), ("facilitator", True), ("timekeeper", True)]
)
def test_nothing_is_opened_for_roles_that_have_nothing_to_time(name: str, timed: bool) -> None:
    timer, given = Timer(lambda now: 0.0), load_role(name)
    assert needs_timing(given) == timed
    session = asyncio.run(TimedDuties(Duties(), timer).open(given, people("Ana")))
    assert timer.opened == int(timed)
    assert isinstance(session, DutiesSession) != timed


def test_a_role_that_speaks_only_when_addressed_needs_no_timing() -> None:
    assert needs_timing(role(INVITE))
    assert not needs_timing(role(INVITE, only_when_addressed=True))
    assert not needs_timing(role({"type": "summarise"}, {"type": "answer"}))
    assert not needs_timing(role({"type": "end_monologue", "cut_in": True}, may_cut_in=True))


def test_capabilities_are_those_of_both() -> None:
    capabilities = TimedDuties(Duties(), Timer(lambda now: 0.0)).capabilities
    assert capabilities == Capabilities("duties+timer", models=("small",))
    assert to_samples(1.0) < PATIENCE
