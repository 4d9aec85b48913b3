"""Floor turns, moments and what would have been right, in cases made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from moderator.errors import InputError
from moderator.measure.bench.addressed import Kind, addressees
from moderator.measure.bench.boundary import boundary_moments
from moderator.measure.bench.dynamic import LONGEST_S, SHORTEST_S, begins_at_end, dynamic_moments
from moderator.measure.bench.floor_turns import floor_turns
from moderator.measure.bench.meeting import LEADER, find_seat
from moderator.measure.bench.stream import stream_moments
from moderator.timeline import SAMPLE_RATE, to_samples
from tests.moderator.measure.bench.rooms import act, chat, meeting, said, seat_of


def turns_s(words: list[tuple[float, float, int]]) -> list[tuple[float, float]]:
    room = meeting([word for start, end, n in words for word in said("a", start, end, n)])
    return [(t.start / SAMPLE_RATE, t.end / SAMPLE_RATE) for t in floor_turns(room, "a")]


@pytest.mark.parametrize(
    ("words", "turns"),
    [
        ([(1.0, 2.0, 1)], [(1.0, 2.0)]),  # exactly 1.0 s
        ([(1.0, 1.9, 3)], []),  # a backchannel
        ([(1.0, 1.9, 4)], [(1.0, 1.9)]),  # short, but four words
        ([(1.0, 1.5, 1), (2.4, 2.9, 1)], [(1.0, 2.9)]),  # a pause of 0.9 s
        ([(1.0, 1.5, 1), (2.5, 3.0, 1)], []),  # a pause of 1.0 s parts them
        ([(1.0, 3.0, 2), (1.5, 2.0, 1), (3.5, 4.0, 1)], [(1.0, 4.0)]),  # overlapping words
    ],
)
def test_floor_turns(
    words: list[tuple[float, float, int]], turns: list[tuple[float, float]]
) -> None:
    assert turns_s(words) == turns


def test_the_stream_asks_at_full_seconds_at_which_the_seat_is_silent() -> None:
    room = meeting([*said("b", 0.5, 2.2, 4), *said("a", 3.0, 5.5, 6), *said("b", 6.0, 7.5, 3)], 9.0)
    moments = stream_moments(seat_of(room))
    assert (moments.at / SAMPLE_RATE).tolist() == [1, 2, 6, 7, 8]
    # The turn begins at 3.0: in (2, 3], not in (3, 4].
    assert moments.positive.tolist() == [False, True, False, False, False]


def test_a_backchannel_of_the_seat_is_no_positive_and_is_skipped() -> None:
    room = meeting([*said("b", 0.0, 6.0, 12), *said("a", 2.5, 3.2, 1)], 6.0)
    moments = stream_moments(seat_of(room))
    assert (moments.at / SAMPLE_RATE).tolist() == [1, 2, 4, 5]
    assert not moments.positive.any()


def test_the_grid_does_not_depend_on_who_speaks_when() -> None:
    moments = stream_moments(seat_of(chat(1)))
    assert (moments.at % SAMPLE_RATE == 0).all()


def test_the_last_act_of_another_says_whether_the_seat_was_addressed_and_with_how_many() -> None:
    acts = [act("b", 1.0, 2.0, "a"), act("c", 3.0, 4.0), act("b", 5.0, 6.0, "a", "c")]
    acts.append(act("a", 6.5, 7.0, "b"))  # the seat's own acts do not count
    room = meeting([*said("a", 8.0, 9.0), *said("b", 1.0, 2.0), *said("c", 3.0, 4.0)], acts=acts)
    at = np.array([to_samples(s) for s in (0.5, 1.0, 1.5, 2.5, 3.5, 5.5, 7.5)], dtype=np.int64)
    assert addressees(seat_of(room), at).tolist() == [0, 0, 1, 1, 0, 2, 2]


def test_kinds_of_moments() -> None:
    words = [*said("b", 1.0, 9.8, 20), *said("a", 10.0, 12.0, 5), *said("b", 12.5, 19.9, 20)]
    words += [*said("a", 20.0, 22.0, 5), *said("a", 30.0, 32.0, 5), *said("b", 33.0, 39.9, 9)]
    words += said("a", 40.1, 42.0, 5)
    room = meeting(words, acts=[act("b", 9.0, 9.8, "a"), act("b", 15.0, 19.0)], topics=[20.3])
    kinds = stream_moments(seat_of(room)).kinds
    assert kinds == (Kind.ADDRESSED, Kind.TOPIC, Kind.SILENCE, Kind.OTHER)


def test_a_boundary_is_the_end_of_every_floor_turn_of_another() -> None:
    words = [*said("b", 1.0, 3.0, 4), *said("a", 3.5, 5.0, 4), *said("c", 5.5, 7.0, 4)]
    words += [*said("b", 7.2, 7.6, 1), *said("c", 8.5, 10.0, 4), *said("a", 9.5, 12.0, 4)]
    words += said("b", 13.0, 15.0, 4)
    moments = boundary_moments(seat_of(meeting(words)))
    # The nod at 7.2 is no floor turn; at 10.0 the seat has the floor; after the last turn nobody
    # can take one.
    assert (moments.at / SAMPLE_RATE).tolist() == [3.0, 7.0]
    assert moments.positive.tolist() == [True, False]


def test_dynamic_chunks_end_where_somebody_takes_the_floor_and_are_seeded() -> None:
    seat = seat_of(chat(3))
    moments = dynamic_moments(seat, runs=3, seed=5)
    again = dynamic_moments(seat, runs=3, seed=5)
    other = dynamic_moments(seat, runs=3, seed=6)
    assert (moments.at == again.at).all()
    assert moments.at.tolist() != other.at.tolist()
    assert moments.asked.chunk.max() <= to_samples(3.0)
    onsets = {turn.start for turn in floor_turns(seat.meeting, "a")}
    assert set(moments.at[moments.positive].tolist()) <= onsets
    cut = {turn.start for name in "bc" for turn in floor_turns(seat.meeting, name)} | onsets
    short = moments.at[moments.asked.chunk < to_samples(0.5)]
    assert len(short)
    assert set(short.tolist()) <= cut


def test_what_the_length_of_a_chunk_gives_away_is_how_often_it_is_so() -> None:
    random, n = np.random.default_rng(4), 400_000
    seat, other = 0.15, 0.35  # floor turns a second
    drawn = random.uniform(SHORTEST_S, LONGEST_S, n)
    waits = random.exponential(1 / seat, n), random.exponential(1 / other, n)
    length = np.minimum(drawn, np.minimum(*waits))
    takes = waits[0] == length
    soon = np.full(n, 1 - np.exp(-seat * 0.5))
    chunk = np.round(length * SAMPLE_RATE).astype(np.int64)
    said = begins_at_end(chunk, soon, np.full(n, seat / (seat + other)))
    for low, high in ((0.0, 0.5), (0.5, 1.0), (1.0, 2.0), (2.0, 2.9)):
        own = (length > low) & (length < high)
        assert said[own].mean() == pytest.approx(takes[own].mean(), abs=0.01)


def test_certain_probabilities_give_probabilities_for_chunks_of_any_length() -> None:
    chunk = np.array([to_samples(s) for s in (0.0, 0.5, 1.0, 3.0)])
    for soon in (0.0, 1.0):
        for upcoming in (0.0, 1.0):
            given = begins_at_end(chunk, np.full(4, soon), np.full(4, upcoming))
            assert ((given >= 0) & (given <= 1)).all()


def test_seats_by_leader_id_and_position() -> None:
    room = meeting([*said("a", 1, 2), *said("b", 3, 4)])
    assert find_seat(room, LEADER).speaker == "a"
    assert find_seat(room, "b").speaker == "b"
    assert find_seat(room, "STAFF").speaker == "b"
    assert find_seat(room, "x", ["lead"]).speaker == "a"
    with pytest.raises(InputError, match="nobody has the seat 'chef'"):
        find_seat(room, "chef")
    with pytest.raises(InputError, match="says nothing"):
        find_seat(meeting(said("b", 3, 4)), LEADER)
