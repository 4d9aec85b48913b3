"""The arbiter: what it must never do, whatever the mind wishes, and each reason once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderator.arbiter.decide import decide
from moderator.arbiter.rules.base import Situation, Standing
from moderator.arbiter.rules.quotas import SHARE_BASE
from moderator.events import Act, Action, Decision, Proposal, Reason
from moderator.floor.state import FloorStatus, FloorView
from moderator.timeline import Samples, to_samples
from roles.schema import Identity, Role, TurnPolicy

NOW = to_samples(600)
PEOPLE = ["ana", "ben", "cleo"]


def role(**turn: object) -> Role:
    return Role(
        id="tested",
        summary="for tests",
        identity=Identity(name="Robin"),
        turn=TurnPolicy.model_validate(turn),
    )


def proposal(act: Act = Act.ANSWER, probability: float = 0.9, **more: object) -> Proposal:
    return replace(Proposal(NOW, "test", probability, act), **more)  # type: ignore[arg-type]


FREE = FloorView(NOW, FloorStatus.FREE, silence=to_samples(2), talk=to_samples(300))
HELD = FloorView(
    NOW,
    FloorStatus.HELD,
    holder="ana",
    voices={"ana": to_samples(30)},
    held_for=to_samples(30),
    talk=to_samples(300),
)
SPEAKING = FloorView(
    NOW,
    FloorStatus.AGENT,
    agent_speaking=True,
    agent_turn_for=to_samples(3),
    talk=to_samples(300),
    agent_talk=to_samples(10),
)


def decided(
    policy: Role,
    floor: FloorView = FREE,
    wish: Proposal | None = None,
    standing: Standing | None = None,
) -> tuple[Action, Reason]:
    decision = decide(Situation(policy, {}, floor, standing or Standing(), wish))
    return decision.action, decision.reason


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
        ({}, HELD, proposal(Act.CUT_IN), {}, (Action.WAIT, Reason.FLOOR_HELD)),
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


seconds = st.integers(0, 3600 * 16_000)
views = st.builds(
    FloorView,
    now=st.just(NOW),
    status=st.sampled_from(FloorStatus),
    voices=st.dictionaries(st.sampled_from([*PEOPLE, "?"]), seconds, max_size=3),
    silence=seconds,
    agent_turn_for=seconds,
    since_agent=st.none() | seconds,
    agent_talk=seconds,
    talk=seconds,
)


@st.composite
def floors(draw: st.DrawFn) -> FloorView:
    """A floor whose parts agree."""
    view = draw(views)
    agent = view.status is FloorStatus.AGENT
    voices = dict(view.voices) if view.status is not FloorStatus.FREE else {}
    if view.status in (FloorStatus.HELD, FloorStatus.OVERLAP) and not voices:
        voices = {"ana": TICK_S}
    return replace(
        view,
        voices=voices,
        agent_speaking=agent,
        agent_turn_for=view.agent_turn_for if agent else 0,
        silence=0 if voices or agent else view.silence,
        holder=min(voices, default=None),
        talk=max(view.talk, view.agent_talk),
    )


TICK_S: Samples = 1600
policies = st.builds(
    TurnPolicy,
    eagerness=st.floats(0, 1),
    may_speak=st.booleans(),
    only_when_addressed=st.booleans(),
    minimum_gap_s=st.floats(0, 5),
    silence_patience_s=st.floats(0, 30),
    share_ceiling=st.floats(0, 1),
    max_turn_s=st.floats(1, 60),
    cool_down_s=st.floats(0, 60),
    yields_to=st.sampled_from(["everyone", "nobody", ["ana"], ["ben", "cleo"]]),
    yield_after_s=st.floats(0, 3),
    may_cut_in=st.booleans(),
    never_interrupt=st.sampled_from(["nobody", "everyone", ["ana"], ["ben"]]),
    banned_acts=st.lists(st.sampled_from(Act), max_size=4),
)
proposals = st.none() | st.builds(
    Proposal,
    at=st.sampled_from([NOW, NOW - 8_000, NOW - 64_000]),
    mind=st.just("any"),
    probability=st.floats(0, 1),
    act=st.sampled_from(Act),
    answering=st.booleans(),
)
standings = st.builds(
    Standing,
    hard_stop=st.booleans(),
    hushed=st.booleans(),
    listen_only=st.booleans(),
    turn_act=st.none() | st.sampled_from(Act),
    paused_at=st.none() | st.integers(0, NOW),
    last_backchannel=st.none() | st.integers(0, NOW),
    last_hand=st.none() | st.integers(0, NOW),
)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    floor, standing = draw(floors()), draw(standings)
    if floor.agent_speaking and standing.turn_act is None:
        standing = replace(standing, turn_act=Act.ANSWER)
    tested = role().model_copy(update={"turn": draw(policies)})
    return Situation(tested, {}, floor, standing, draw(proposals))


@given(situations())
def test_it_never_speaks_over_a_held_floor_unless_its_role_may_cut_in(case: Situation) -> None:
    decision = decide(case)
    if decision.action is not Action.SPEAK or case.floor.status is FloorStatus.FREE:
        return
    assert case.role.turn.may_cut_in
    assert case.proposal is not None
    assert case.proposal.act is Act.CUT_IN
    assert not case.floor.agent_speaking
    protected = case.role.turn.never_interrupt
    assert protected != "everyone"
    assert not set(case.floor.voices) & set(protected if isinstance(protected, list) else [])


@given(situations())
def test_it_never_exceeds_its_quotas(case: Situation) -> None:
    decision, turn = decide(case), case.role.turn
    if decision.action is not Action.SPEAK:
        return
    floor, wish = case.floor, case.proposal
    assert wish is not None
    assert floor.agent_talk < turn.share_ceiling * max(floor.talk, SHARE_BASE)
    if floor.since_agent is not None and not wish.answering:
        assert floor.since_agent >= to_samples(turn.cool_down_s)
    if floor.status is FloorStatus.FREE:
        assert floor.silence >= to_samples(turn.minimum_gap_s)
        if wish.act is Act.PROMPT:
            assert floor.silence >= to_samples(turn.silence_patience_s)
    assert wish.probability >= round(1 - turn.eagerness, 9)
    assert wish.act not in turn.banned_acts
    assert wish.answering or not turn.only_when_addressed


@given(situations())
def test_a_turn_that_is_too_long_or_told_to_stop_stops(case: Situation) -> None:
    decision = decide(case)
    standing = case.standing
    if standing.turn_act is None:
        assert decision.action is not Action.STOP
        assert decision.action is not Action.YIELD
        return
    if standing.hard_stop or standing.hushed or standing.listen_only:
        assert (decision.action, decision.reason) == (Action.STOP, Reason.HARD_STOP)
    elif case.floor.agent_turn_for >= to_samples(case.role.turn.max_turn_s):
        assert (decision.action, decision.reason) == (Action.STOP, Reason.TURN_TOO_LONG)


@given(situations())
def test_a_quiet_agent_does_nothing_at_all(case: Situation) -> None:
    standing = case.standing
    quiet = standing.hushed or standing.listen_only or not case.role.turn.may_speak
    if quiet and standing.turn_act is None:
        assert decide(case).action is Action.WAIT


@given(situations())
def test_every_decision_has_its_reason_and_repeats(case: Situation) -> None:
    decision = decide(case)
    assert isinstance(decision, Decision)
    assert isinstance(decision.reason, Reason)
    assert decision.inputs["floor"] == case.floor.status.value
    assert decide(case) == decision


@given(situations())
def test_it_pauses_only_in_its_turn_and_only_once(case: Situation) -> None:
    action = decide(case).action
    paused = case.standing.paused_at is not None
    if action in (Action.PAUSE, Action.GO_ON):
        assert case.floor.agent_speaking
        assert paused == (action is Action.GO_ON)
    if action is Action.PAUSE:
        assert case.floor.voices
        assert case.role.turn.yields_to != "nobody" or case.role.turn.never_interrupt != "nobody"
