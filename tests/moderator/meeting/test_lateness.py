"""What a late meeting does without, and in which order it takes it up again."""

from __future__ import annotations

import pytest

from moderator.arbiter.rules.base import Standing
from moderator.events import Act, Action, Reason
from moderator.meeting.lateness import KEEPING_UP, LASTING, LATE, Lateness
from moderator.sparing import Spared
from moderator.timeline import TICK, Samples, to_samples
from tests.moderator.arbiter.cases import FREE, decided, proposal, role


def changes(lateness: Lateness, start: Samples, late_s: float, seconds: float) -> list[Spared]:
    found = [
        lateness.take(now, to_samples(late_s))
        for now in range(start, start + to_samples(seconds), TICK)
    ]
    return [one for one in found if one is not None]


@pytest.mark.parametrize(
    ("late_s", "spared"),
    [
        (0.0, []),
        (0.25, []),
        (0.4, [Spared.THOUGHTS]),
        (1.0, [Spared.THOUGHTS, Spared.HYPOTHESES]),
        (3.0, [Spared.THOUGHTS, Spared.HYPOTHESES, Spared.SPEECH]),
    ],
)
def test_the_later_it_is_the_more_it_does_without(late_s: float, spared: list[Spared]) -> None:
    assert changes(Lateness(), 0, late_s, 20.0) == spared


def test_it_goes_down_and_up_in_the_stated_order() -> None:
    lateness = Lateness()
    assert list(LATE) == [Spared.THOUGHTS, Spared.HYPOTHESES, Spared.SPEECH]
    found = [
        *changes(lateness, 0, 0.5, 3.0),
        *changes(lateness, to_samples(3.0), 1.0, 3.0),
        *changes(lateness, to_samples(6.0), 2.0, 3.0),
        *changes(lateness, to_samples(9.0), 0.05, 60.0),
    ]
    down = [Spared.THOUGHTS, Spared.HYPOTHESES, Spared.SPEECH]
    assert found == [*down, Spared.HYPOTHESES, Spared.THOUGHTS, Spared.NOTHING]


def test_each_step_has_a_moment_to_do_good_before_the_next() -> None:
    lateness = Lateness()
    took = [
        now
        for now in range(0, to_samples(10.0), TICK)
        if lateness.take(now, to_samples(5.0)) is not None
    ]
    assert took == [LASTING, 2 * LASTING, 3 * LASTING]


def test_a_stall_that_is_caught_up_with_is_nothing() -> None:
    """The loop goes through the ticks that it owes at once."""
    lateness = Lateness()
    stall = to_samples(8.0)
    found = [lateness.take(stall + n * 40, stall - n * TICK) for n in range(80)]
    assert found == [None] * 80
    assert changes(lateness, stall + TICK, 0.0, 2.0) == []


def test_a_late_tick_now_and_then_keeps_it_where_it_is() -> None:
    lateness = Lateness()
    assert changes(lateness, 0, 0.5, 3.0) == [Spared.THOUGHTS]
    at = to_samples(3.0)
    for _ in range(10):
        assert changes(lateness, at, 0.0, KEEPING_UP / 16_000 - 1.0) == []
        at += KEEPING_UP - to_samples(1.0)
        assert changes(lateness, at, 0.5, LASTING / 16_000 / 2) == []
        at += LASTING // 2


def test_nothing_is_begun_by_a_meeting_that_is_behind() -> None:
    wish = proposal(Act.ANSWER, answering=True)
    late = Standing(spared=Spared.HYPOTHESES)
    assert decided(role(), FREE, wish, late)[0] is Action.SPEAK
    behind = Standing(spared=Spared.SPEECH)
    assert decided(role(), FREE, wish, behind) == (Action.WAIT, Reason.OVERLOADED)
