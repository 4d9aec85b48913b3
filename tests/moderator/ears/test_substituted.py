"""A recogniser that fails, and the one that takes over."""

from __future__ import annotations

import numpy as np
import pytest

from moderator.ears.health import Health
from moderator.ears.substituted import SubstitutedRecogniser, SubstitutedStream
from moderator.testing.ears import FakeRecogniser
from moderator.testing.faulty import SAID, FaultyRecogniser, Mode, Switch
from moderator.timeline import to_samples

SECOND = to_samples(1.0)


def utterance(stream: SubstitutedStream, at: int, seconds: int = 1) -> list[str]:
    stream.begin(at)
    for _ in range(seconds):
        stream.push(np.full(SECOND, 0.1, np.float32), True)
    stream.end(at + seconds * SECOND)
    words = []
    while stream.due:
        words += [f"{w.text}@{w.start / SECOND:g}" for w in stream.read().words]
    return words


def substituted(switch: Switch) -> SubstitutedStream:
    return SubstitutedRecogniser(FaultyRecogniser(switch, SECOND), FakeRecogniser(SECOND)).open()


@pytest.mark.parametrize("mode", [Mode.CRASH, Mode.RUBBISH])
def test_what_the_first_could_not_understand_the_second_does(mode: Mode) -> None:
    switch = Switch()
    stream = substituted(switch)
    assert utterance(stream, 0) == ["w0@0"]
    assert stream.take_failures() == []
    switch.mode = mode
    found = [utterance(stream, at * SECOND, 2) for at in (10, 20, 30)]
    assert [[word.split("@")[1] for word in one] for one in found] == [
        ["10", "11"],
        ["20", "21"],
        ["30", "31"],
    ]
    told = stream.take_failures()
    assert told
    assert all("takes over" in one and SAID not in one for one in told)


def test_the_first_is_tried_anew_when_it_has_been_left_alone_for_a_while() -> None:
    switch = Switch(Mode.CRASH)
    stream = substituted(switch)
    utterance(stream, 0)
    switch.mode = Mode.OK
    used = switch.used
    for at in range(1, 8):
        assert len(utterance(stream, at * 10 * SECOND, 2)) == 2
    assert switch.used > used


def test_what_is_told_alone_is_no_failing_part() -> None:
    health = Health()
    health.told(["one", "two", "three", "four"])
    assert not health.down
    assert health.take_failures() == ["one", "two", "three", "four"]
