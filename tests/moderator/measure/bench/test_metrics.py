from __future__ import annotations

import numpy as np
import pytest

from moderator.measure.bench.metrics import MeetingScores, StreamMetrics
from moderator.measure.bench.stream import stream_moments
from tests.moderator.measure.bench.rooms import act, meeting, said, seat_of


def test_missed_when_addressed_alone_is_told_from_missed_when_all_are_addressed() -> None:
    words = [*said("b", 1.0, 3.0, 4), *said("a", 3.5, 5.0, 4), *said("b", 8.0, 9.0, 4)]
    words += [*said("c", 9.0, 9.5, 2), *said("a", 10.5, 12.0, 4)]
    acts = [act("b", 1.0, 3.0, "a"), act("b", 8.0, 9.0, "a", "c")]
    moments = stream_moments(seat_of(meeting(words, acts=acts)))
    at_ten = moments.at == 10 * 16_000
    assert moments.positive[at_ten].all()

    metrics = StreamMetrics([MeetingScores.of(moments, at_ten.astype(np.float64), 0.5)])
    found = metrics(np.ones(1, dtype=np.int64))
    assert found["rm"] == pytest.approx(0.5)
    assert found["rm_alone"] == pytest.approx(1.0)
