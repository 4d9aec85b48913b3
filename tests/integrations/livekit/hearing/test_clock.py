"""Frames without timestamps get their place in the meeting."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from integrations.livekit.hearing.clock import AHEAD, LOST, TrackClock
from moderator.timeline import TICK, to_samples

S = to_samples(1.0)


def feed(clock: TrackClock, start: int, ticks: int, late: int = 0) -> list[tuple[int, int]]:
    """A steady stream from meeting time `start`; stamped start and true start of each batch."""
    return [
        (clock.place(start + (i + 1) * TICK + late, TICK), start + i * TICK) for i in range(ticks)
    ]


def test_a_steady_stream_is_stamped_without_gaps() -> None:
    stamped = [at for at, _ in feed(TrackClock(), 2 * S, 50)]
    assert stamped == list(range(2 * S, 2 * S + 50 * TICK, TICK))


def test_batches_that_arrive_unevenly_stay_together() -> None:
    clock = TrackClock()
    at = clock.place(S + TICK, TICK)
    for number, late in enumerate((0, 900, 200, 0, 1500), start=1):
        assert clock.place(S + (number + 1) * TICK + late, TICK) == at + number * TICK


def test_a_stall_followed_by_a_burst_moves_nothing() -> None:
    clock = TrackClock()
    feed(clock, S, 10)
    assert clock.place(2 * S + 20 * TICK, 20 * TICK) == 2 * S
    assert clock.place(2 * S + 21 * TICK, TICK) == 2 * S + 20 * TICK


def test_lost_frames_are_a_gap() -> None:
    clock = TrackClock()
    feed(clock, 0, 10)
    assert clock.place(5 * S, TICK) == 5 * S - TICK


def test_frames_that_began_late_are_put_right_by_those_after_them() -> None:
    clock = TrackClock()
    assert clock.place(S + to_samples(0.2), TICK) == S + to_samples(0.2) - TICK
    assert clock.place(S + TICK, TICK) == S


def test_a_slow_drift_is_corrected_in_small_steps() -> None:
    clock, worst, before = TrackClock(), 0, -TICK
    for tick in range(20_000):  # 33 minutes at 200 parts in a million
        true = tick * TICK
        at = clock.place(round((tick + 1) * TICK * 1.0002), TICK)
        worst = max(worst, abs(at - round(true * 1.0002)))
        assert at >= before
        before = at
    assert worst < to_samples(0.1)


@given(st.lists(st.tuples(st.integers(0, 3 * S), st.integers(1, S)), min_size=1, max_size=60))
def test_nothing_lies_in_the_future_and_order_is_kept(steps: list[tuple[int, int]]) -> None:
    clock, now, last = TrackClock(), 0, 0
    for wait, count in steps:
        now += wait
        at = clock.place(now, count)
        assert at >= 0
        assert at + count <= max(now, count) + AHEAD
        assert at >= max(0, now - count) - LOST
        last = at
    assert last >= 0
