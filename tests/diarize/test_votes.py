import numpy as np
import pytest

from diarize.votes import Votes, spans


def test_windows_are_averaged_by_their_weights() -> None:
    votes = Votes(2, 0.5, 0.5)
    votes.add(0, np.ones(4))
    votes.cast(1, 0, np.ones(4))
    votes.add(2, np.full(4, 3.0))
    votes.cast(0, 2, np.full(4, 3.0))
    assert votes.end == 6
    assert sorted(votes.settle(0, 6)) == [(0, 2, 6), (1, 0, 2)]


def test_a_speaker_who_is_on_stays_on_more_easily_across_calls() -> None:
    votes = Votes(1, 0.6, 0.3)
    votes.add(0, np.ones(6))
    votes.cast(0, 0, np.array([0.4, 0.7, 0.4, 0.4, 0.2, 0.4]))
    assert votes.settle(0, 3) == [(0, 1, 3)]
    assert votes.settle(3, 6) == [(0, 3, 4)]


def test_merging_moves_votes() -> None:
    votes = Votes(2, 0.5, 0.5)
    votes.add(0, np.ones(3))
    votes.cast(1, 0, np.ones(3))
    votes.merge(0, 1)
    assert votes.settle(0, 3) == [(0, 0, 3)]


def test_share_of_earlier_votes() -> None:
    votes = Votes(2, 0.5, 0.5)
    votes.add(0, np.ones(4))
    votes.cast(0, 0, np.ones(2))
    activity = np.ones(6, dtype=np.float32)
    assert votes.share(0, activity)[0] == pytest.approx(2 / 6)
    assert votes.share(0, activity)[1] == 0


def test_what_is_forgotten_is_not_asked_again() -> None:
    votes = Votes(1, 0.5, 0.5)
    votes.add(0, np.ones(4))
    votes.forget(3)
    assert votes.end == 4
    with pytest.raises(AssertionError, match="forgotten"):
        votes.settle(0, 4)


@pytest.mark.parametrize(
    ("gap", "expected"), [(0, [(0, 1), (2, 3), (6, 8)]), (1, [(0, 3), (6, 8)]), (3, [(0, 8)])]
)
def test_spans(gap: int, expected: list[tuple[int, int]]) -> None:
    assert spans(np.array([1, 0, 1, 0, 0, 0, 1, 1], dtype=bool), gap) == expected
