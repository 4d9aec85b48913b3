"""Who has the floor: hand-made cases, and properties over random talk."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from diarize.base import SpeakerActivity
from moderator.events import Heard
from moderator.floor.state import Floor, FloorStatus
from moderator.labels import SOMEBODY
from moderator.timeline import TICK, to_samples, to_seconds


def run(floor: Floor, start_s: float, seconds: float, *speakers: str) -> None:
    """Ticks in which `speakers` have a voice."""
    at = to_samples(start_s)
    for _ in range(round(seconds * 10)):
        at += TICK
        pieces = tuple(SpeakerActivity(name, at - TICK, at) for name in sorted(speakers))
        floor.hear(Heard(at, frozenset(speakers), pieces))


def test_a_voice_takes_a_free_floor_and_holds_it_through_a_short_pause() -> None:
    floor = Floor()
    run(floor, 0, 1)
    assert floor.view().status is FloorStatus.FREE
    run(floor, 1, 2, "A")
    run(floor, 3, 0.3)
    view = floor.view()
    assert (view.status, view.holder) == (FloorStatus.HELD, "A")
    assert to_seconds(view.silence) == 0.3
    run(floor, 3.3, 0.2)
    assert floor.view().status is FloorStatus.FREE
    assert floor.view().last_speaker == "A"


def test_activity_that_settles_late_does_not_shorten_the_silence() -> None:
    floor = Floor()
    run(floor, 0, 2, "A")
    now = to_samples(2)
    for tick in range(1, 5):
        trailing = SpeakerActivity("A", now + (tick - 3) * TICK, now + (tick - 2) * TICK)
        floor.hear(Heard(now + tick * TICK, frozenset(), (trailing,)))
    assert to_seconds(floor.view().silence) == 0.3


def test_time_in_which_nothing_can_be_heard_is_no_silence() -> None:
    floor = Floor()
    run(floor, 0, 2, "A")
    run(floor, 2, 1)
    floor.hears_nothing()
    run(floor, 3, 30)
    view = floor.view()
    assert (view.status, view.silence) == (FloorStatus.FREE, 0)
    floor.hears_again(to_samples(33))
    assert floor.view().silence == 0
    run(floor, 33, 4)
    assert to_seconds(floor.view().silence) == 4.0
    assert floor.view().hearing_since == to_samples(33)


def test_a_backchannel_in_a_pause_does_not_end_a_monologue() -> None:
    floor = Floor()
    run(floor, 0, 60, "A")
    run(floor, 60, 0.4)
    run(floor, 60.4, 0.5, "B")
    run(floor, 60.9, 20, "A")
    assert floor.view().holder == "A"
    assert to_seconds(floor.view().held_for) >= 80


def test_a_turn_of_another_ends_it() -> None:
    floor = Floor()
    run(floor, 0, 60, "A")
    run(floor, 60, 3, "B")
    run(floor, 63, 5, "A")
    view = floor.view()
    assert view.holder == "A"
    assert to_seconds(view.held_for) == 5.0


def test_who_was_first_keeps_the_floor_under_overlap() -> None:
    floor = Floor()
    run(floor, 0, 3, "B")
    run(floor, 3, 2, "A", "B")
    view = floor.view()
    assert (view.status, view.holder) == (FloorStatus.OVERLAP, "B")
    assert to_seconds(view.overlap_for) == 2.0


def test_taking_the_floor_from_a_speaker_counts_as_an_interruption() -> None:
    floor = Floor()
    run(floor, 0, 3, "B")
    run(floor, 3, 1, "A", "B")
    run(floor, 4, 2, "A")
    view = floor.view()
    assert view.holder == "A"
    assert view.tallies["A"].interruptions == 1
    assert view.tallies["B"].interruptions == 0


def test_floor_turns_last_a_second_and_bridge_shorter_pauses() -> None:
    floor = Floor()
    run(floor, 0, 0.5, "A")
    run(floor, 0.5, 0.8)
    run(floor, 1.3, 0.6, "A")
    run(floor, 1.9, 2)
    run(floor, 3.9, 0.9, "A")
    run(floor, 4.8, 3)
    run(floor, 7.8, 5, "A")
    tally = floor.view().tallies["A"]
    assert tally.turns == 2
    assert to_seconds(tally.talk) == 7.0


def test_an_unknown_voice_that_gets_its_name_keeps_the_floor() -> None:
    floor = Floor()
    run(floor, 0, 2, SOMEBODY)
    run(floor, 2, 2, "S1")
    view = floor.view()
    assert view.holder == "S1"
    assert to_seconds(view.held_for) == 4.0
    assert "S1" in view.tallies


def test_the_agents_turn_counts_towards_its_share() -> None:
    floor = Floor()
    run(floor, 0, 30, "A")
    run(floor, 30, 1)
    floor.agent_started(to_samples(31))
    run(floor, 31, 5)
    assert floor.view().status is FloorStatus.AGENT
    assert to_seconds(floor.view().agent_turn_for) == 5.0
    floor.agent_ended(to_samples(36))
    run(floor, 36, 4)
    view = floor.view()
    assert view.since_agent is not None
    assert to_seconds(view.since_agent) == 4.0
    assert to_seconds(view.silence) == 4.0
    assert round(view.agent_share, 3) == round(5 / 35, 3)


def test_shares_look_back_ten_minutes_only() -> None:
    floor = Floor()
    floor.agent_started(0)
    floor.agent_ended(to_samples(20))
    run(floor, 20, 700, "A")
    assert floor.view().agent_talk == 0


def test_a_backchannel_is_talk_that_does_not_take_the_floor() -> None:
    floor = Floor()
    run(floor, 0, 10, "A")
    floor.agent_signals(to_samples(10))
    run(floor, 10, 1, "A")
    view = floor.view()
    assert (view.status, view.agent_speaking) == (FloorStatus.HELD, False)
    assert to_seconds(view.agent_turn_for) == to_seconds(view.agent_talk) == 1.0
    floor.agent_ended(to_samples(11))
    run(floor, 11, 1, "A")
    view = floor.view()
    assert (view.since_agent, view.agent_turn_for) == (None, 0)
    assert round(view.agent_share, 3) == round(1 / 13, 3)


def test_talk_that_is_about_to_be_too_old_is_known_one_tick_before() -> None:
    floor = Floor()
    run(floor, 0, 9, "A")
    floor.agent_started(0)
    floor.agent_ended(to_samples(5))
    while not (before := floor.view()).talk_leaving:
        run(floor, to_seconds(before.now), 0.1)
    run(floor, to_seconds(before.now), 0.1)
    assert (before.agent_talk, before.talk) == (to_samples(5), to_samples(14))
    assert (before.agent_talk_leaving, before.talk_leaving) == (to_samples(5), to_samples(14))
    assert (floor.view().agent_talk, floor.view().talk) == (0, 0)


talk = st.lists(st.frozensets(st.sampled_from(["A", "B", "C", SOMEBODY])), max_size=150)


@given(talk, st.integers(0, 100), st.integers(0, 30))
def test_any_talk_leaves_the_floor_consistent(
    ticks: list[frozenset[str]], agent_at: int, agent_for: int
) -> None:
    floor = Floor()
    spoken = dict.fromkeys("ABC", 0)
    for index, speaking in enumerate(ticks):
        at = (index + 1) * TICK
        if index == agent_at:
            floor.agent_started(at - TICK)
        if index == agent_at + agent_for:
            floor.agent_ended(at - TICK)
        known = sorted(speaking - {SOMEBODY})
        pieces = tuple(SpeakerActivity(name, at - TICK, at) for name in known)
        floor.hear(Heard(at, speaking, pieces))
        for name in known:
            spoken[name] += TICK
        view = floor.view()
        assert speaking <= set(view.voices)
        assert (view.holder is None) == (not view.voices)
        assert view.holder is None or view.holder in view.voices
        assert (view.status is FloorStatus.AGENT) == view.agent_speaking
        if not view.agent_speaking:
            wanted = (FloorStatus.FREE, FloorStatus.HELD)
            status = wanted[len(view.voices)] if len(view.voices) < 2 else FloorStatus.OVERLAP
            assert view.status is status
        assert 0 <= view.held_for <= at
        assert 0 <= view.overlap_for <= at
        assert (view.overlap_for > 0) == (len(view.voices) > 1)
        assert view.silence == 0 or not speaking
        assert 0 <= view.agent_share <= 1
    assert {name: floor.view().tallies[name].talk for name in spoken if spoken[name]} == {
        name: length for name, length in spoken.items() if length
    }
