"""How the tests in real rooms read what they measured, and how their bad line is bad."""

from __future__ import annotations

import time
from collections import Counter
from itertools import groupby
from pathlib import Path

import pytest

from benchmarks.reliability.churn import Churned
from benchmarks.reliability.flood import Flooded
from benchmarks.reliability.network import Endured, Outage, _while_lost
from benchmarks.reliability.overload import Asked, Overloaded, _unexplained
from benchmarks.reliability.soak import Round, Soaked, soak
from benchmarks.room.line import BURST, Conditions, Line
from benchmarks.room.probed import Held, held
from integrations.livekit.telling.control import Code


def holding(memory_mb: float = 700.0, tasks: int = 20, files: int = 30) -> Held:
    return Held(memory_mb, files, 20, tasks, 1, 1, 1, 10.0)


@pytest.mark.parametrize("loss", [0.05, 0.2, 0.4])
def test_losses_come_in_bursts_and_make_up_the_share(loss: float) -> None:
    line, conditions = Line(seed=1), Conditions(loss=loss)
    lost = [line.arrives(conditions, 0.0) is None for _ in range(100_000)]
    assert sum(lost) / len(lost) == pytest.approx(loss, rel=0.1)
    bursts = [len(list(run)) for gone, run in groupby(lost) if gone]
    assert sum(bursts) / len(bursts) == pytest.approx(BURST, rel=0.1)


def test_a_line_delays_or_carries_nothing() -> None:
    line = Line(seed=1)
    times = [line.arrives(Conditions(jitter_s=0.2), 5.0) for _ in range(1000)]
    assert all(at is not None and 5.0 <= at <= 5.2 for at in times)
    assert line.arrives(Conditions(out=True), 5.0) is None
    assert line.arrives(Conditions(), 5.0) == 5.0


def test_what_a_process_holds_is_counted(tmp_path: Path) -> None:
    before = held()
    with (tmp_path / "file").open("w"):
        during = held()
    assert during.files == before.files + 1
    assert 10 < during.memory_mb < 100_000
    assert during.threads >= 1


def test_a_leak_of_a_crowd_would_be_noticed() -> None:
    def churned(**changes: object) -> Churned:
        found = Churned(100, 1.0, holding(), holding(), answered=True)
        found.during = [(30 * n, holding()) for n in range(9)]
        for name, value in changes.items():
            setattr(found, name, value)
        return found

    assert churned().wrong == []
    assert churned(after=holding(tasks=21)).wrong == ["21 tasks, 20 before"]
    assert churned(after=holding(files=40)).wrong == ["files 40, 30 before"]
    growing = [(30 * n, holding(memory_mb=700 + 5 * n)) for n in range(9)]
    assert churned(during=growing).wrong == ["memory grew by 30 MB"]
    assert churned(words=(90, 1, 100)).wrong == ["1 words under a wrong identity"]
    assert churned(names=["guest-1 is 'Ana'"], answered=False, journal=["open"]).wrong == [
        "open",
        "wrong name: guest-1 is 'Ana'",
        "did not answer afterwards",
    ]


def test_a_flood_that_does_harm_would_be_noticed() -> None:
    def flooded(**changes: object) -> Flooded:
        found = Flooded(60.0, holding(), holding(), over=5, yields=[0.2] * 5, answered=True)
        found.codes.update({0: 140, int(Code.BUSY): 2860})
        found.did.update(calls=3000)
        for name, value in changes.items():
            setattr(found, name, value)
        return found

    assert flooded().wrong == []
    assert flooded(yields=[0.2] * 4).wrong == ["gave way in 4 of 5, p95 0.2"]
    assert flooded(yields=[0.2] * 4 + [0.9]).wrong[0].startswith("gave way in 5 of 5, p95 0.7")
    assert flooded(after=holding(memory_mb=760.0)).wrong == ["760.0 MB, 700.0 before"]
    assert flooded(codes=Counter()).wrong == ["answered 0 of 3000 calls"]
    obeyed = Counter({0: 3000})
    assert flooded(codes=obeyed).wrong == ["refused 0 of 2860 calls too many"]


def test_speech_into_a_lost_room_would_be_noticed() -> None:
    lines = [
        {"kind": "connection", "at": 16_000, "up": False},
        {"kind": "turn_started", "at": 32_000},
        {"kind": "connection", "at": 48_000, "up": True},
        {"kind": "turn_started", "at": 64_000},
    ]
    assert _while_lost(lines) == ((1, 1), ["turn_started at 2.0 s, while it was lost"])
    found = Endured(before=holding(), outages=[Outage(30.0, 5.0, 6.0, holding())], lost=(1, 1))
    assert found.wrong == []
    found.gaps = {"loss 20 %": [0.8, None, 0.8], "loss 40 %": [None]}
    found.outages += [Outage(90.0, None, 2.0, holding(tasks=21))]
    assert found.wrong == [
        "loss 20 %: 2 of 3 answered",
        "after 90 s without a line: answers after None s",
        "after 90 s without a line: 21 tasks, 20 before",
        "lost 1 times, heard again 1 times",
    ]


def test_silence_without_a_reason_would_be_noticed() -> None:
    asked = {"kind": "proposal", "at": 16_000, "answering": True}
    dropped = {"kind": "withdrawn", "at": 32_000}
    assert _unexplained("a", [asked, dropped]) == ["a: nothing was said at 1.0 s, for no reason"]
    late = {"kind": "spared", "at": 0, "spared": "thoughts"}
    assert _unexplained("a", [late, asked, dropped]) == []
    held_back = {"kind": "decision", "at": 20_000, "reason": "floor_held"}
    assert _unexplained("a", [asked, held_back, dropped]) == []
    found = Overloaded([Asked("a", "calm", 1.0)], True, ["2 are under way"])
    assert found.wrong == []
    found.spared = {"a": ["thoughts", "hypotheses", "nothing"]}
    assert found.wrong == ["a: from hypotheses to nothing"]


@pytest.mark.timeout(300)
def test_a_short_soak_holds_what_it_held() -> None:
    """Two minutes of meeting time; memory needs hours."""
    begun, rounds = time.monotonic(), list[Round]()
    found = soak(2 / 60, rounds.append, round_min=0.5)
    assert [one.minute for one in rounds] == [0.5, 1.0, 1.5, 2.0]
    assert len({(one.held.files, one.held.tracks, one.held.tasks) for one in rounds}) == 1
    assert all(one.cost_s < 120 for one in rounds)
    assert found.speed == pytest.approx(120 / (time.monotonic() - begun), rel=0.9)


def test_growth_in_a_soak_would_be_noticed() -> None:
    rounds = [Round(10.0 * n, holding(memory_mb=700 + n), 100 + 5 * n) for n in range(1, 13)]
    wrong = Soaked(rounds).wrong
    assert wrong == [
        "memory grows by 6.00 MB an hour",
        "the last rounds cost 41% more than the first",
    ]
    assert Soaked([Round(10.0 * n, holding(), 100) for n in range(1, 13)]).wrong == []
