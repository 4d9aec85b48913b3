"""What the arbiter must never do, whatever the mind wishes."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from moderator.arbiter.decide import decide
from moderator.arbiter.rules.base import Situation, Standing
from moderator.arbiter.rules.quotas import SHARE_BASE, STEP
from moderator.events import LIMITS, Act, Action, Decision, Proposal, Reason
from moderator.floor.state import FloorStatus, FloorView
from moderator.timeline import to_samples
from roles.schema import TurnPolicy
from tests.moderator.arbiter.cases import NOW, PEOPLE, TICK_S, role

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


policies = st.builds(
    TurnPolicy,
    eagerness=st.floats(0, 1),
    may_speak=st.booleans(),
    only_when_addressed=st.booleans(),
    minimum_gap_s=st.floats(0, 5),
    silence_patience_s=st.floats(0, 30),
    share_ceiling=st.floats(0, 1),
    max_turn_s=st.floats(0.01, 60),
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
    takes_s=st.none() | st.floats(0, 60),
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
    more = max(STEP, min(wish.takes or STEP, to_samples(turn.max_turn_s)))
    talk = max(floor.talk + more, SHARE_BASE)
    assert floor.agent_talk + more <= turn.share_ceiling * talk + 1e-3 or turn.share_ceiling == 1
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
    elif case.floor.agent_turn_for + STEP > to_samples(case.role.turn.max_turn_s):
        assert decision.action is Action.STOP
        assert decision.reason in LIMITS


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
