"""Diarization beside the meeting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from diarize.base import Audio, Diarizer, SpeakerActivity
from moderator.audio import silence
from moderator.ears.attribution import Attribution
from moderator.ears.background import Patience
from moderator.ears.background_diarizer import BackgroundDiarizer
from moderator.ears.health import Health
from moderator.ears.reading_pool import ReadingPool
from moderator.ears.recogniser import RecognisedWord
from moderator.testing.ears import FakeDiarizer
from moderator.timeline import TICK, Stopwatch, to_samples

TALK = [SpeakerActivity("speaker_1", 0, to_samples(2.0)), SpeakerActivity("Ana", 0, 10**6)]


class Doing(FakeDiarizer):
    """Does what it is told before it answers."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__(TALK)
        self._work = work

    def push(self, audio: Audio) -> Any:
        return super().push(audio) if self._work() is None else self._work()


def beside(
    *inner: Diarizer, health: Health | None = None, patience: Patience | None = None
) -> BackgroundDiarizer:
    opened = iter(inner)
    return BackgroundDiarizer(
        lambda: next(opened),
        ReadingPool(1),
        patience or Patience(),
        Stopwatch(),
        health or Health(),
        hangs_after=20,
    )


def push(diarizer: BackgroundDiarizer, ticks: int) -> list[SpeakerActivity]:
    found = []
    for _ in range(ticks):
        found += diarizer.push(silence(TICK))
        time.sleep(0.003)
    return found


def joined(pieces: list[SpeakerActivity]) -> dict[str, int]:
    """Samples of everybody."""
    found: dict[str, int] = {}
    for piece in pieces:
        found[piece.speaker] = found.get(piece.speaker, 0) + piece.end - piece.start
    return found


def test_it_finds_what_the_diarizer_finds_a_little_later() -> None:
    patience = Patience()
    diarizer = beside(FakeDiarizer(TALK, latency=4_000), patience=patience)
    found = push(diarizer, 30)
    assert 0 < diarizer.settled <= 30 * TICK - 4_000
    patience.waits = True
    found += diarizer.flush()
    assert diarizer.settled == 30 * TICK
    assert joined(found) == {"speaker_1": to_samples(2.0), "Ana": 30 * TICK}
    assert diarizer.take_lost() == []


def test_pushing_never_waits() -> None:
    gate = threading.Event()
    diarizer = beside(Doing(lambda: gate.wait(5) and None), Doing(lambda: None))
    begun = time.monotonic()
    assert push(diarizer, 10) == []
    assert time.monotonic() - begun < 1.0
    assert diarizer.settled == 0
    gate.set()
    time.sleep(0.05)
    assert joined(push(diarizer, 10))["Ana"] > 0


@pytest.mark.parametrize(
    "answer",
    [
        [SpeakerActivity("speaker_1", 0, 10**9), SpeakerActivity("x", 10**9, 10**9)],
        [SpeakerActivity("speaker_1", 5, 4)],
        [SpeakerActivity("a\nb", 0, 1)],
        [SpeakerActivity("", 0, 1)],
        [("speaker_1", 0, 1)],
        "speaker_1",
        RuntimeError("SECRET"),
    ],
)
def test_after_a_failure_another_one_goes_on_and_its_voices_are_others(answer: object) -> None:
    def fail() -> object:
        if isinstance(answer, Exception):
            raise answer
        return answer

    health, broken = Health(), threading.Event()
    first = Doing(lambda: fail() if broken.is_set() else None)
    diarizer = beside(first, FakeDiarizer(TALK), health=health)
    assert "speaker_1" in joined(push(diarizer, 5))
    broken.set()
    push(diarizer, 5)
    found = push(diarizer, 20)
    (failure,) = health.take_failures()
    assert "SECRET" not in failure
    assert set(joined(found)) == {"speaker_2", "Ana"}, "enrolled people keep their names"
    lost = diarizer.take_lost()
    assert lost[0][0] <= 6 * TICK
    assert lost[-1][1] >= 15 * TICK, "it is left alone for a second"
    assert min(piece.start for piece in found) >= lost[-1][1]


def test_one_that_hangs_is_given_up_and_known_to_be_down() -> None:
    gate, health = threading.Event(), Health()
    diarizer = beside(Doing(lambda: gate.wait(5) and None), FakeDiarizer(TALK), health=health)
    push(diarizer, 25)
    assert health.down
    assert health.take_failures() == ["it does not answer"]
    assert diarizer.settled > 0
    found = push(diarizer, 20)
    gate.set()
    assert found
    assert not health.down


def test_what_is_said_while_nobody_knows_who_speaks_is_nobodys() -> None:
    attribution = Attribution()
    attribution.add([SpeakerActivity("speaker_1", 0, 16_000)])
    attribution.lose(16_000, 24_000)
    attribution.lose(24_000, 48_000)
    words = [(8_000, 12_000), (17_000, 20_000), (22_000, 26_000), (47_500, 52_000)]
    attribution.add((), [RecognisedWord("w", start, end) for start, end in words])
    said = [word.speaker for word in attribution.settle(60_000)]
    assert said == ["speaker_1", "?", "?", "?"], "nor goes on who spoke before"


def test_a_microphone_that_goes_is_waited_for_a_moment_only() -> None:
    gate = threading.Event()
    diarizer = beside(Doing(lambda: gate.wait(5) and None))
    push(diarizer, 3)
    begun = time.monotonic()
    assert diarizer.flush() == []
    assert time.monotonic() - begun < 0.5
    assert diarizer.settled == 3 * TICK
    assert diarizer.take_lost() == [(0, 3 * TICK)]
    gate.set()


def test_the_samples_are_kept_until_they_are_taken() -> None:
    """The ears' buffer is theirs to use again."""
    seen: list[float] = []

    class Summing(FakeDiarizer):
        def push(self, audio: Audio) -> list[SpeakerActivity]:
            seen.append(float(audio.sum()))
            return super().push(audio)

    patience = Patience()
    patience.waits = True
    diarizer = beside(Summing(TALK), patience=patience)
    buffer = np.ones(TICK, np.float32)
    diarizer.push(buffer)
    diarizer.push(buffer)
    buffer[:] = 0.0
    diarizer.flush()
    assert sum(seen) == 2 * TICK
