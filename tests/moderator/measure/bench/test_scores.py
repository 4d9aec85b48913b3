"""Scores against scikit-learn, and where nothing is defined."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from moderator.measure.bench.scores import Counts, Ranking, count

CASES = st.lists(
    st.tuples(st.booleans(), st.integers(0, 10), st.booleans(), st.integers(1, 3)),
    min_size=2,
    max_size=60,
).filter(lambda rows: len({positive for positive, *_ in rows}) == 2)


@given(CASES)
def test_decisions_agree_with_scikit_learn(rows: list[tuple[bool, int, bool, int]]) -> None:
    positive = np.array([row[0] for row in rows])
    taken = np.array([row[2] for row in rows])
    counts = count(positive, taken)
    precision, recall, f1, _ = reference.precision_recall_fscore_support(
        positive, taken, average="binary", zero_division=0
    )
    assert (counts.precision if taken.any() else 0.0) == pytest.approx(precision)
    assert counts.recall == pytest.approx(recall)
    assert counts.f1 == pytest.approx(f1)
    assert counts.accuracy == pytest.approx(reference.accuracy_score(positive, taken))
    assert counts.macro_accuracy == pytest.approx(
        reference.balanced_accuracy_score(positive, taken)
    )
    assert counts.macro_f1 == pytest.approx(
        reference.f1_score(positive, taken, average="macro", zero_division=0)
    )


@given(CASES)
def test_rankings_agree_with_scikit_learn(rows: list[tuple[bool, int, bool, int]]) -> None:
    positive = np.array([row[0] for row in rows])
    score = np.array([row[1] / 10 for row in rows])
    weights = np.array([float(row[3]) for row in rows])
    ranking = Ranking(positive, score)
    for each in (None, weights):
        assert ranking.average_precision(each) == pytest.approx(
            reference.average_precision_score(positive, score, sample_weight=each)
        )
        assert ranking.roc_auc(each) == pytest.approx(
            reference.roc_auc_score(positive, score, sample_weight=each)
        )


@given(CASES, st.sampled_from([0.2, 0.4, 1.0]))
def test_precision_at_a_recall_is_the_best_of_the_curve(
    rows: list[tuple[bool, int, bool, int]], recall: float
) -> None:
    positive = np.array([row[0] for row in rows])
    score = np.array([row[1] / 10 for row in rows])
    weights = np.array([float(row[3]) for row in rows])
    precisions, recalls, _ = reference.precision_recall_curve(
        positive, score, sample_weight=weights
    )
    best = precisions[recalls >= recall - 1e-9].max()
    assert Ranking(positive, score).precision_at(recall, weights) == pytest.approx(best)


@given(CASES)
def test_no_threshold_has_a_better_f1_than_the_one_chosen(
    rows: list[tuple[bool, int, bool, int]],
) -> None:
    positive = np.array([row[0] for row in rows])
    score = np.array([(row[1] + 1) / 11 for row in rows])
    best = Ranking(positive, score).best_threshold()
    found = count(positive, score >= best).f1
    assert found == pytest.approx(max(count(positive, score >= at).f1 for at in set(score)))


def test_a_score_of_0_is_no_wish_and_never_becomes_the_threshold() -> None:
    ranking = Ranking(np.array([True, True, False]), np.array([0.0, 0.0, 0.2]))
    assert ranking.best_threshold() == 0.2
    assert Ranking(np.array([True, False]), np.zeros(2)).best_threshold() == 0.5


def test_the_paper_s_macro_accuracy() -> None:
    counts = Counts(hits=57, false_alarms=50, misses=43, rejections=950)
    assert counts.macro_accuracy == pytest.approx((0.57 + 1 - 0.05) / 2)


def test_what_is_not_defined_is_not_a_number() -> None:
    assert math.isnan(Counts(0, 0, 1, 1).precision)
    none = Ranking(np.zeros(3, dtype=np.bool_), np.arange(3.0))
    assert math.isnan(none.average_precision())
    assert math.isnan(none.roc_auc())
    assert math.isnan(none.precision_at(0.4))
    empty = Ranking(np.zeros(0, dtype=np.bool_), np.zeros(0))
    assert math.isnan(empty.average_precision())
    assert empty.curve() == []
