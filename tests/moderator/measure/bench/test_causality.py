"""What is said after a moment never changes what is known at it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderator.events import Word
from moderator.floor.features import timing
from moderator.measure.bench.meeting import BenchMeeting, seat_voices
from moderator.measure.bench.minds import MindScorer
from moderator.measure.bench.moments import Asked, Protocol
from moderator.measure.bench.scorer import Scorer
from moderator.mind.duties.session import Duties
from moderator.timeline import to_samples
from roles.loader import load_role
from tests.moderator.measure.bench.rooms import chat, seat_of

AT = np.array([to_samples(s) for s in (1.0, 7.3, 30.0, 61.0, 90.0)], dtype=np.int64)

WORDS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 1200), st.integers(0, 60)), max_size=80
).map(
    lambda rows: [
        Word(who, "so", to_samples(start / 10), to_samples((start + length) / 10))
        for who, start, length in rows
    ]
)


def changed(room: BenchMeeting, at: int, later: list[Word]) -> BenchMeeting:
    """The same up to `at`; other words follow, and words that go on end elsewhere."""
    kept = [word for word in room.words if word.start < at]
    kept = [replace(w, end=max(at + 1, w.end // 2 + at)) if w.end > at else w for w in kept]
    words = [*kept, *[word for word in later if word.start >= at]]
    words.sort(key=lambda word: (word.start, word.end, word.speaker))
    longer = max([room.duration, *[word.end for word in words]]) + to_samples(100)
    return replace(room, words=tuple(words), duration=longer)


@given(WORDS, WORDS, st.sampled_from(AT.tolist()))
@settings(max_examples=60)
def test_features_know_nothing_of_later_words(
    words: list[Word], later: list[Word], at: int
) -> None:
    room = replace(chat(0, 1.0), words=tuple(sorted(words, key=lambda w: (w.start, w.end))))
    moment = np.array([at], dtype=np.int64)
    before = timing(seat_voices(seat_of(room)), moment)
    after = timing(seat_voices(seat_of(changed(room, at, later))), moment)
    assert before.names == after.names
    np.testing.assert_array_equal(before.values, after.values)
    assert np.isfinite(before.values).all()


def test_features_know_what_came_before() -> None:
    room = chat(0)
    table = timing(seat_voices(seat_of(room)), AT)
    earlier = [word for word in room.words if word.start >= to_samples(5.0)]
    assert (
        timing(seat_voices(seat_of(replace(room, words=tuple(earlier)))), AT).values != table.values
    ).any()


def test_features_of_a_moment_do_not_depend_on_the_other_moments() -> None:
    seat = seat_of(chat(4))
    table = timing(seat_voices(seat), AT)
    for i, at in enumerate(AT):
        alone = timing(seat_voices(seat), np.array([at], dtype=np.int64))
        np.testing.assert_array_equal(alone.values[0], table.values[i])


@pytest.mark.parametrize("at_s", [20.0, 95.0])
def test_a_mind_knows_nothing_of_later_words(at_s: float) -> None:
    scorer: Scorer = MindScorer("duties", Duties, load_role("facilitator"))
    room, at = chat(2), to_samples(at_s)
    moments = np.arange(to_samples(1.0), at + 1, to_samples(0.5), dtype=np.int64)
    asked = Asked(Protocol.STREAM, moments, moments)
    before = scorer.score(seat_of(room), asked)
    after = scorer.score(seat_of(changed(room, at, list(chat(9).words))), asked)
    np.testing.assert_array_equal(before, after)
    assert before.max() > 0
