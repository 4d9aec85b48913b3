"""Limits of how much the agent says: before it begins and while it speaks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moderator.arbiter.rules.base import Standing
from moderator.events import Act, Action, Proposal, Reason
from moderator.floor.state import FloorView
from moderator.timeline import to_samples
from tests.moderator.arbiter.cases import (
    FREE,
    HELD,
    NOW,
    SPEAKING,
    TICK_S,
    decided,
    proposal,
    role,
)


@pytest.mark.parametrize(
    ("policy", "floor", "wish", "expected"),
    [
        (
            {"backchannels": {"allowed": True}, "share_ceiling": 0.1},
            replace(HELD, agent_talk=to_samples(30)),
            proposal(Act.BACKCHANNEL),
            (Action.WAIT, Reason.SHARE_CEILING),
        ),
        (
            {"share_ceiling": 0.1},
            replace(HELD, agent_talk=to_samples(30)),
            proposal(Act.HAND_RAISE),
            (Action.RAISE_HAND, Reason.WANTS_FLOOR),
        ),
        (
            {"max_turn_s": 0.1},
            FREE,
            proposal(),
            (Action.WAIT, Reason.TURN_TOO_LONG),
        ),
        (
            {"share_ceiling": 0.1},
            replace(FREE, agent_talk=to_samples(28)),
            proposal(takes_s=2.0),
            (Action.SPEAK, Reason.FLOOR_FREE),
        ),
        (
            {"share_ceiling": 0.1},
            replace(FREE, agent_talk=to_samples(28)),
            proposal(takes_s=2.5),
            (Action.WAIT, Reason.SHARE_CEILING),
        ),
        (
            {"share_ceiling": 0.1},
            replace(FREE, agent_talk=to_samples(28), talk_leaving=to_samples(10)),
            proposal(takes_s=2.0),
            (Action.WAIT, Reason.SHARE_CEILING),
        ),
        (
            {"share_ceiling": 0.1},
            replace(FREE, agent_talk=to_samples(28)),
            proposal(),
            (Action.WAIT, Reason.SHARE_CEILING),
        ),
    ],
)
def test_what_would_exceed_a_limit_is_not_begun(
    policy: dict[str, object], floor: FloorView, wish: Proposal, expected: tuple[Action, Reason]
) -> None:
    assert decided(role(**policy), floor, wish) == expected


NEAR = replace(SPEAKING, agent_talk=to_samples(28))
"""Its share of ten percent is used up in a little more than two seconds."""


@pytest.mark.parametrize(
    ("floor", "standing", "expected"),
    [
        (NEAR, {}, (Action.YIELD, Reason.SHARE_CEILING)),
        (NEAR, {"turn_takes": to_samples(4)}, (Action.WAIT, Reason.NO_PROPOSAL)),
        (NEAR, {"turn_takes": to_samples(8)}, (Action.YIELD, Reason.SHARE_CEILING)),
        (NEAR, {"turn_takes": to_samples(2)}, (Action.YIELD, Reason.SHARE_CEILING)),
        (NEAR, {"ends_by": NOW + TICK_S}, (Action.WAIT, Reason.NO_PROPOSAL)),
        (replace(NEAR, agent_turn_for=0), {}, (Action.WAIT, Reason.NO_PROPOSAL)),
        (
            replace(NEAR, agent_talk=to_samples(30)),
            {"ends_by": NOW + TICK_S},
            (Action.STOP, Reason.SHARE_CEILING),
        ),
        (
            replace(NEAR, talk_leaving=to_samples(30)),
            {"ends_by": NOW + TICK_S},
            (Action.STOP, Reason.SHARE_CEILING),
        ),
        (
            replace(NEAR, agent_turn_for=to_samples(18.5)),
            {},
            (Action.YIELD, Reason.TURN_TOO_LONG),
        ),
        (
            replace(NEAR, agent_turn_for=to_samples(19.9)),
            {"ends_by": NOW},
            (Action.STOP, Reason.TURN_TOO_LONG),
        ),
        (
            replace(NEAR, agent_turn_for=0, agent_talk=to_samples(30)),
            {},
            (Action.STOP, Reason.SHARE_CEILING),
        ),
    ],
)
def test_a_turn_ends_before_it_exceeds_a_limit(
    floor: FloorView, standing: dict[str, object], expected: tuple[Action, Reason]
) -> None:
    near = Standing(turn_act=Act.ANSWER, **standing)  # type: ignore[arg-type]
    assert decided(role(share_ceiling=0.1, max_turn_s=20), floor, None, near) == expected
