"""What the arbiter decides while the meeting is lost."""

from __future__ import annotations

import pytest

from moderator.arbiter.rules.base import Standing
from moderator.events import Act, Action, Reason
from moderator.floor.state import FloorView
from tests.moderator.arbiter.cases import FREE, SPEAKING, decided, proposal, role


def test_nothing_is_begun_that_nobody_hears() -> None:
    lost = Standing(cut_off=True)
    for act in (Act.ANSWER, Act.HAND_RAISE):
        wish = proposal(act, answering=True)
        assert decided(role(), FREE, wish, lost) == (Action.WAIT, Reason.NOT_CONNECTED)


@pytest.mark.parametrize("floor", [SPEAKING, FREE], ids=["sounding", "being made"])
def test_a_turn_that_nobody_hears_ends(floor: FloorView) -> None:
    lost = Standing(cut_off=True, turn_act=Act.ANSWER)
    assert decided(role(), floor, None, lost) == (Action.STOP, Reason.NOT_CONNECTED)
