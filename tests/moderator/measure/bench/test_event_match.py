"""Wished turns against real ones, one to one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from moderator.measure.bench.event_match import EARLIEST, LATEST, match, wishes
from moderator.measure.bench.stream import stream_moments
from moderator.timeline import SAMPLE_RATE, to_samples
from tests.moderator.measure.bench.rooms import meeting, said, seat_of


def times(*seconds: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([to_samples(s) for s in seconds], dtype=np.int64)


@pytest.mark.parametrize(
    ("wished", "real", "matched"),
    [
        ([9.0], [10.0], 1),  # 1.0 s early
        ([8.9], [10.0], 0),
        ([11.5], [10.0], 1),  # 1.5 s late
        ([11.6], [10.0], 0),
        ([10.0, 10.5], [10.0], 1),  # one to one
        ([10.0], [10.0, 11.0], 1),
        ([9.5, 11.0], [10.0, 10.2], 2),
        ([11.0, 11.4], [10.0, 12.0], 2),  # the first goes to the first, or one is lost
        ([], [10.0], 0),
        ([10.0], [], 0),
    ],
)
def test_by_hand(wished: list[float], real: list[float], matched: int) -> None:
    events = match(times(*wished), times(*real))
    assert (events.matched, events.wished, events.real) == (matched, len(wished), len(real))


SORTED = st.lists(st.integers(0, 120), max_size=12, unique=True).map(sorted)


@given(SORTED, SORTED)
def test_as_many_pairs_as_possible(wished: list[int], real: list[int]) -> None:
    a = times(*[tenth / 10 for tenth in wished])
    b = times(*[tenth / 10 for tenth in real])
    late = a[:, None] - b[None, :]
    fits = (late >= EARLIEST) & (late <= LATEST)
    rows, columns = linear_sum_assignment(fits, maximize=True)
    assert match(a, b).matched == int(fits[rows, columns].sum())


def test_a_run_of_moments_is_one_wish() -> None:
    room = meeting([*said("b", 0.0, 3.5, 4), *said("a", 3.5, 5.5, 4), *said("b", 6.0, 8.0, 4)], 9)
    moments = stream_moments(seat_of(room))
    assert (moments.at / SAMPLE_RATE).tolist() == [1, 2, 3, 6, 7, 8]
    everything = np.ones(6, dtype=np.bool_)
    # The seat's own turn parts the two runs.
    assert (wishes(moments, everything, SAMPLE_RATE) / SAMPLE_RATE).tolist() == [1, 6]
    some = np.array([True, False, True, False, True, True])
    assert (wishes(moments, some, SAMPLE_RATE) / SAMPLE_RATE).tolist() == [1, 3, 7]
