"""What a mind costs over a long meeting."""

from __future__ import annotations

import pytest

from moderator.measure.bench.cost import measure_cost
from moderator.measure.bench.minds import MindScorer
from moderator.mind.duties import Duties
from roles.loader import load_role
from tests.moderator.measure.bench.rooms import chat, seat_of


def test_whoever_waits_is_told_how_far_it_is() -> None:
    pieces: list[float] = []
    mind = MindScorer("duties", Duties, load_role("facilitator"))
    found = measure_cost(mind, [seat_of(chat(3, minutes=2.0))], 0.1, pieces.append)
    assert found["hours"] == 0.1
    assert len(pieces) > 300
    assert sum(pieces) == pytest.approx(360.0, abs=mind.percept_s)
