"""A few of the kills that the reliability tests do by the hundred."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.reliability import kills


@pytest.mark.parametrize("victim", [kills.replay, kills.room])
@pytest.mark.parametrize("at_s", [0.1, 31.3, 100.7])
def test_a_kill_loses_a_second_at_most(tmp_path: Path, victim: kills.Victim, at_s: float) -> None:
    assert not kills.bad("kill", kills.kill(victim, tmp_path, at_s))


@pytest.mark.parametrize(("who", "after_s"), [("ben", 0.0), ("hall", 0.004)])
def test_a_kill_while_somebody_is_erased_leaves_nothing_of_them(
    tmp_path: Path, who: str, after_s: float
) -> None:
    assert not kills.bad("erasing", kills.kill_while_erasing(tmp_path, who, 44.0, after_s))
