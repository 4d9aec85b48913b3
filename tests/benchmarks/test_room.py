"""How the room benchmark reads what its listener heard."""

from __future__ import annotations

from typing import cast

import pytest
from livekit import rtc

pytest.importorskip("jiwer")

from benchmarks.recognition_text import normal
from benchmarks.room.__main__ import ROWS
from benchmarks.room.speech import ROUND
from benchmarks.room.stage import Listener
from benchmarks.room.talking import BREAK_S, CONTENT, last_before_pause, percentiles


def heard(*spans: tuple[float, float]) -> Listener:
    """A listener who heard the agent sound in these spans, in frames of 10 ms."""
    listener = Listener(room=cast(rtc.Room, None))
    times = [i / 100 for i in range(1000)]
    sounds = [any(start <= at < end for start, end in spans) for at in times]
    listener.sound["agent"] = [(at, 0.1 * on) for at, on in zip(times, sounds, strict=True)]
    return listener


def test_sounds_are_counted_by_the_pauses_between_them() -> None:
    listener = heard((1.0, 2.0), (2.4, 3.0), (5.0, 5.2))
    assert listener.starts("agent", 0.0) == [1.0, 5.0]
    assert listener.starts("agent", 0.0, pause_s=0.3) == [1.0, 2.4, 5.0]


def test_a_pause_between_sentences_is_no_silence() -> None:
    listener = heard((0.0, 2.0), (2.0 + BREAK_S - 0.1, 4.0))
    assert last_before_pause(listener, "agent", 1.0) == pytest.approx(3.99)


def test_who_stops_is_silent_when_the_last_sound_ends() -> None:
    listener = heard((0.0, 1.4), (4.0, 5.0))
    assert last_before_pause(listener, "agent", 1.0) == pytest.approx(1.39)


def test_nothing_has_no_percentiles() -> None:
    assert percentiles([]) == {"p50_s": None, "p95_s": None}
    assert percentiles([1.0, 3.0])["p50_s"] == 2.0


def test_the_speakers_share_no_content_word() -> None:
    said = [{word for word in normal(text) if len(word) > CONTENT} for text in ROUND]
    for i, one in enumerate(said):
        for other in said[i + 1 :]:
            assert not one & other


def test_every_row_can_be_run() -> None:
    from importlib import import_module

    for row in ROWS.values():
        module, function = row.where.split(".")
        assert callable(getattr(import_module(f"benchmarks.room.{module}"), function))
