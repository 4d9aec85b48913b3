"""What a mind costs over a long meeting."""

from __future__ import annotations

import pytest

from moderator.measure.bench.cost import chained, measure_cost
from moderator.measure.bench.minds import MindScorer
from moderator.mind.duties.session import Duties
from moderator.timeline import to_samples
from roles.loader import load_role
from tests.moderator.measure.bench.rooms import chat, seat_of


def test_whoever_waits_is_told_how_far_it_is() -> None:
    pieces: list[float] = []
    mind = MindScorer("duties", Duties, load_role("facilitator"))
    found = measure_cost(mind, [seat_of(chat(3, minutes=2.0))], 0.1, pieces.append)
    assert found["hours"] == 0.1
    assert len(pieces) > 300
    assert sum(pieces) == pytest.approx(360.0, abs=mind.percept_s)


def test_the_end_of_the_long_meeting_is_its_beginning_once_more() -> None:
    rooms = [seat_of(chat(seed, minutes=2.0)) for seed in (3, 4)]
    length, again = to_samples(600.0), to_samples(90.0)
    words = chained(rooms, length, again).meeting.words
    begin, end = length - again, [word for word in words if word.start >= length - again]
    first = [word for word in words if word.end <= again]
    assert first
    assert [(word.text, word.start - begin) for word in end] == [
        (word.text, word.start) for word in first
    ]
    middle = [word for word in words if again < word.end <= begin]
    assert len(middle) > 2 * len(first)
    assert len(words) == len(chained(rooms, begin).meeting.words) + len(first)
