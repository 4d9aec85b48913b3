"""Timestamps count: what a recorder left out becomes silence, and what is damaged does not."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.files.sound.audio import AudioFile
from integrations.files.sound.placing import LONGEST_GAP_S, MOST_SILENCE_S, Placed, placed
from integrations.files.sound.streams import Piece
from tests.integrations.files.sound.making import heard, loud, record, tone

GAPS = [("ogg", "libopus"), ("webm", "libopus"), ("matroska", "aac"), ("mp4", "aac")]


@pytest.mark.parametrize(("kind", "codec"), GAPS)
def test_a_gap_is_silence(tmp_path: Path, kind: str, codec: str) -> None:
    path = record(
        tmp_path / "track",
        codec,
        [tone(48_000, 9)],
        48_000,
        kind=kind,
        keep=lambda at: not 2 <= at < 5,
    )
    samples, notes = heard(path)
    assert len(samples) / 16_000 == pytest.approx(9.0, abs=0.03)
    (first, second) = loud(samples)
    assert first == pytest.approx((0.0, 2.0), abs=0.06)
    assert second == pytest.approx((5.0, 9.0), abs=0.06)
    assert notes == ("a gap in its timestamps, filled with silence (3.0 s)",)


@pytest.mark.parametrize(("kind", "codec"), GAPS)
def test_a_late_first_sample_has_silence_before_it(tmp_path: Path, kind: str, codec: str) -> None:
    path = record(tmp_path / "t", codec, [tone(48_000, 3)], 48_000, kind=kind, starts=[4.0])
    samples, notes = heard(path)
    assert loud(samples)[0] == pytest.approx((4.0, 7.0), abs=0.06)
    assert notes == ("begins 4.0 s late by its timestamps: silence before it",)
    assert AudioFile(path).duration == pytest.approx(7 * 16_000, abs=500)


@pytest.mark.parametrize("kind", ["mp4", "matroska", "mpegts"])
def test_streams_that_start_apart(tmp_path: Path, kind: str) -> None:
    sounds = [tone(48_000, 3), tone(48_000, 2, 700)]
    path = record(tmp_path / "t", "aac", sounds, 48_000, kind=kind, starts=[0.0, 4.0])
    samples, notes = heard(path)
    (first, second) = loud(samples)
    assert first == pytest.approx((0.0, 3.0), abs=0.06)
    assert second == pytest.approx((4.0, 6.0), abs=0.06)
    assert notes[-1] == "audio stream 2: begins 4.0 s late by its timestamps: silence before it"


@pytest.mark.parametrize("name", ["gaps.ogg", "begins-at-4s.m4a"])
def test_cases_of_gaps_and_offsets(cases: Path, name: str) -> None:
    samples, notes = heard(cases / name)
    assert len(samples) / 16_000 == pytest.approx(26.0, abs=0.02)
    spans = [(a, b) for a, b in loud(samples) if b - a > 0.05]
    assert 5.0 <= spans[0][0] <= 5.4
    assert any(13.0 <= a <= 13.4 for a, _ in spans)
    assert len(notes) == 1


RATE = 1_000


def run(pieces: Iterable[Piece]) -> tuple[list[Piece], Placed]:
    told = Placed()
    return list(placed(iter(pieces), told)), told


def speech(*at: int, size: int = 20) -> list[Piece]:
    """Pieces of 20 ms at 1 kHz, whose audio does not matter."""
    return [Piece(size, RATE, one, None) for one in at]


def test_jitter_and_rounding_put_nothing_in() -> None:
    given_pieces = speech(0, 25, 35, 60, 95, 100, 150, 160, 180)
    pieces, told = run(given_pieces)
    assert pieces == given_pieces
    assert told.gaps == 0


def test_small_losses_add_up_until_they_count() -> None:
    """Each is no more than jitter; together they would put an answer before its question."""
    pieces, told = run(speech(*(30 * index for index in range(100))))
    assert sum(piece.samples for piece in pieces) == pytest.approx(30 * 100, abs=130)
    assert told.silence == pytest.approx(1.0, abs=0.15)


def test_one_wild_timestamp_is_not_followed() -> None:
    for wild in (500_000, -500_000):
        pieces, told = run(speech(0, 20, 40, wild, 80, 100))
        assert sum(piece.samples for piece in pieces) == 120
        assert (told.gaps, told.leaps) == (0, 0)


def test_a_clock_that_begins_anew_is_gone_on_with() -> None:
    pieces, told = run(speech(5_000, 5_020, 5_040, 0, 20, 40, 60))
    assert sum(piece.samples for piece in pieces) == 5_000 + 140
    assert told.start == 5.0
    assert told.leaps == 1


def test_silence_is_bounded() -> None:
    far = (LONGEST_GAP_S + 1) * RATE
    pieces, told = run(speech(0, 20, far, far + 20, far + 40))
    assert sum(piece.samples for piece in pieces) == 100
    assert told.leaps == 1
    stops = [LONGEST_GAP_S * RATE * index for index in range(10)]
    pieces, told = run(speech(*(stop + at for stop in stops for at in (0, 20, 40))))
    assert sum(piece.samples for piece in pieces) <= MOST_SILENCE_S * RATE + 30 * 20
    assert told.leaps


@given(st.lists(st.integers(-(10**9), 10**9) | st.none(), min_size=1, max_size=60))
def test_nothing_is_lost_or_moved(stamps: list[int | None]) -> None:
    given_pieces = [Piece(20 + i, RATE, at, None) for i, at in enumerate(stamps)]
    pieces, told = run(given_pieces)
    marks = [piece for piece in pieces if piece in given_pieces]
    assert [piece.samples for piece in marks] == [piece.samples for piece in given_pieces]
    assert told.start + told.silence <= MOST_SILENCE_S
    assert all(a.samples >= 0 for a, _ in pairwise(pieces))


def test_more_sound_than_its_timestamps_allow_is_told() -> None:
    _, told = run(speech(*(19 * index for index in range(300))))
    assert told.early == pytest.approx(0.3, abs=0.01)
