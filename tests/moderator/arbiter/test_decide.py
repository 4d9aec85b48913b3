"""The arbiter: each reason once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moderator.arbiter.rules.base import Standing
from moderator.events import Act, Action, Proposal, Reason
from moderator.floor.state import FloorView
from moderator.timeline import to_samples
from tests.moderator.arbiter.cases import FREE, HELD, NOW, SPEAKING, decided, proposal, role


@pytest.mark.parametrize(
    ("policy", "floor", "wish", "standing", "expected"),
    [
        ({}, FREE, None, {}, (Action.WAIT, Reason.NO_PROPOSAL)),
        ({}, FREE, proposal(), {}, (Action.SPEAK, Reason.FLOOR_FREE)),
        ({}, FREE, proposal(probability=0.4), {}, (Action.WAIT, Reason.NOT_EAGER_ENOUGH)),
        ({}, FREE, proposal(at=NOW - to_samples(3)), {}, (Action.WAIT, Reason.STALE)),
        ({"may_speak": False}, FREE, proposal(), {}, (Action.WAIT, Reason.NEVER_SPEAKS)),
        ({}, FREE, proposal(), {"hushed": True}, (Action.WAIT, Reason.HUSHED)),
        ({}, FREE, proposal(), {"listen_only": True}, (Action.WAIT, Reason.LISTEN_ONLY)),
        (
            {"only_when_addressed": True},
            FREE,
            proposal(Act.PROMPT),
            {},
            (Action.WAIT, Reason.NOT_ADDRESSED),
        ),
        ({"banned_acts": ["answer"]}, FREE, proposal(), {}, (Action.WAIT, Reason.ACT_BANNED)),
        ({}, HELD, proposal(), {}, (Action.WAIT, Reason.FLOOR_HELD)),
        ({}, HELD, proposal(Act.CUT_IN), {}, (Action.WAIT, Reason.ACT_BANNED)),
        ({}, FREE, proposal(Act.CUT_IN), {}, (Action.WAIT, Reason.ACT_BANNED)),
        ({"may_cut_in": True}, HELD, proposal(), {}, (Action.WAIT, Reason.FLOOR_HELD)),
        (
            {"may_cut_in": True},
            HELD,
            proposal(Act.CUT_IN),
            {},
            (Action.SPEAK, Reason.MAY_CUT_IN),
        ),
        (
            {"may_cut_in": True, "never_interrupt": ["Ana"]},
            HELD,
            proposal(Act.CUT_IN),
            {},
            (Action.WAIT, Reason.PROTECTED_SPEAKER),
        ),
        (
            {"minimum_gap_s": 2.5},
            FREE,
            proposal(),
            {},
            (Action.WAIT, Reason.GAP_TOO_SHORT),
        ),
        ({}, FREE, proposal(Act.PROMPT), {}, (Action.WAIT, Reason.GAP_TOO_SHORT)),
        (
            {"cool_down_s": 20},
            replace(FREE, since_agent=to_samples(15)),
            proposal(),
            {},
            (Action.WAIT, Reason.COOLING_DOWN),
        ),
        (
            {"cool_down_s": 20},
            replace(FREE, since_agent=to_samples(15)),
            proposal(answering=True),
            {},
            (Action.SPEAK, Reason.FLOOR_FREE),
        ),
        (
            {"share_ceiling": 0.1},
            replace(FREE, agent_talk=to_samples(30)),
            proposal(answering=True),
            {},
            (Action.WAIT, Reason.SHARE_CEILING),
        ),
        ({}, HELD, proposal(Act.BACKCHANNEL), {}, (Action.WAIT, Reason.ACT_BANNED)),
        (
            {"backchannels": {"allowed": True}},
            HELD,
            proposal(Act.BACKCHANNEL),
            {},
            (Action.BACKCHANNEL, Reason.BACKCHANNEL_DUE),
        ),
        (
            {"backchannels": {"allowed": True, "every_s": 30}},
            HELD,
            proposal(Act.BACKCHANNEL),
            {"last_backchannel": NOW - to_samples(20)},
            (Action.WAIT, Reason.COOLING_DOWN),
        ),
        (
            {"backchannels": {"allowed": True, "every_s": 0}},
            HELD,
            proposal(Act.BACKCHANNEL),
            {"turn_act": Act.CUT_IN},
            (Action.WAIT, Reason.ALREADY_SPEAKING),
        ),
        (
            {"backchannels": {"allowed": True}},
            FREE,
            proposal(Act.BACKCHANNEL),
            {},
            (Action.WAIT, Reason.NO_LISTENER_TURN),
        ),
        ({}, HELD, proposal(Act.HAND_RAISE), {}, (Action.RAISE_HAND, Reason.WANTS_FLOOR)),
        (
            {},
            HELD,
            proposal(Act.HAND_RAISE),
            {"last_hand": NOW - to_samples(2)},
            (Action.WAIT, Reason.COOLING_DOWN),
        ),
        (
            {},
            SPEAKING,
            proposal(),
            {"turn_act": Act.ANSWER},
            (Action.WAIT, Reason.ALREADY_SPEAKING),
        ),
        (
            {"cool_down_s": 0},
            FREE,
            proposal(),
            {"turn_act": Act.ANSWER},
            (Action.WAIT, Reason.ALREADY_SPEAKING),
        ),
    ],
)
def test_each_reason(
    policy: dict[str, object],
    floor: FloorView,
    wish: Proposal | None,
    standing: dict[str, object],
    expected: tuple[Action, Reason],
) -> None:
    assert decided(role(**policy), floor, wish, Standing(**standing)) == expected  # type: ignore[arg-type]


def over(voice_s: float, own_s: float, who: str = "ana") -> FloorView:
    """The agent has spoken for `own_s` and somebody for `voice_s`."""
    return replace(SPEAKING, agent_turn_for=to_samples(own_s), voices={who: to_samples(voice_s)})


@pytest.mark.parametrize(
    ("policy", "floor", "act", "expected"),
    [
        ({}, over(0.1, 3), Act.ANSWER, Action.PAUSE),
        ({}, over(0.9, 3), Act.ANSWER, Action.PAUSE),
        ({}, over(1.2, 3), Act.ANSWER, Action.YIELD),
        ({"yield_after_s": 0.5}, over(0.5, 3), Act.ANSWER, Action.YIELD),
        ({"yield_after_s": 1.5}, over(0.2, 3), Act.ANSWER, Action.WAIT),
        ({"yield_after_s": 1.5}, over(0.3, 3), Act.ANSWER, Action.PAUSE),
        ({}, over(0.2, 0.3), Act.ANSWER, Action.YIELD),
        ({}, over(0.1, 0.3), Act.ANSWER, Action.PAUSE),
        ({"yields_to": "nobody"}, over(5, 6), Act.ANSWER, Action.WAIT),
        ({"yields_to": ["ben"]}, over(5, 6), Act.ANSWER, Action.WAIT),
        ({"yields_to": ["ben"]}, over(5, 6, "ben"), Act.ANSWER, Action.YIELD),
        (
            {"yields_to": "nobody", "never_interrupt": ["ana"]},
            over(5, 6),
            Act.ANSWER,
            Action.YIELD,
        ),
        ({"yields_to": ["ben"]}, over(5, 6, "?"), Act.ANSWER, Action.YIELD),
        ({"may_cut_in": True}, over(30, 2), Act.CUT_IN, Action.WAIT),
        ({"may_cut_in": True}, over(30, 3), Act.CUT_IN, Action.YIELD),
        ({"may_cut_in": True}, over(0.6, 2), Act.CUT_IN, Action.PAUSE),
        ({"may_cut_in": True}, over(1.2, 2), Act.CUT_IN, Action.YIELD),
        ({"max_turn_s": 2}, SPEAKING, Act.ANSWER, Action.STOP),
    ],
)
def test_giving_the_floor_back(
    policy: dict[str, object], floor: FloorView, act: Act, expected: Action
) -> None:
    action, _ = decided(role(**policy), floor, None, Standing(turn_act=act))
    assert action is expected


@pytest.mark.parametrize(
    ("floor", "paused_s", "expected"),
    [
        (SPEAKING, 0.4, (Action.GO_ON, Reason.WAS_BACKCHANNEL)),
        (over(0.6, 3), 0.5, (Action.WAIT, Reason.NO_PROPOSAL)),
        (over(1.2, 3), 1.1, (Action.YIELD, Reason.TALKED_OVER)),
        (over(0.3, 3), 2.0, (Action.YIELD, Reason.TALKED_OVER)),
    ],
)
def test_a_pause_ends_one_way_or_the_other(
    floor: FloorView, paused_s: float, expected: tuple[Action, Reason]
) -> None:
    paused = Standing(turn_act=Act.ANSWER, paused_at=NOW - to_samples(paused_s))
    assert decided(role(), floor, None, paused) == expected


def test_the_floor_taken_while_the_words_are_made_is_left_to_whoever_took_it() -> None:
    waiting = Standing(turn_act=Act.ANSWER)
    assert decided(role(), HELD, None, waiting) == (Action.YIELD, Reason.FLOOR_TAKEN)
    assert decided(role(), FREE, None, waiting)[0] is Action.WAIT
