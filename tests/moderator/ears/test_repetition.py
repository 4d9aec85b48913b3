from __future__ import annotations

import pytest

from moderator.ears.repetition import (
    compression_ratio,
    loop_start,
    repeated_tail,
    repeats,
    squeezed,
    token_cap,
)


def test_speech_that_repeats_words_on_purpose_is_no_loop() -> None:
    text = "no, no, no, no, it was the best of times, it was the worst of times"
    said = text.split()
    assert loop_start(said) is None
    assert not repeats(said)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("okay okay okay okay okay okay", "okay"),
        ("so we go on. So we go on so we go on, so we go on", "so we go on."),
        ("well thank you thank you thank you thank you thank you", "well thank you"),
    ],
)
def test_a_loop_begins_after_the_first_time_it_was_said(said: str, kept: str) -> None:
    words = said.split()
    assert words[: loop_start(words)] == kept.split()
    assert repeats(words)


def test_text_that_compresses_too_well_repeats() -> None:
    assert compression_ratio("") == 0.0
    assert repeats(["y-y-y-y-y-y-y-y-y-y-y-y-y-y-y-y-y-y-y-y-y-y-y-y-y-y-y-y"])


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("No matter. No matter.", "No matter."),
        ("he was not. He was", "he was not. He was"),
        ("to be here. To be", "to be here. To be"),
        ("one two three four one two three", "one two three four"),
        ("try try", "try try"),
        ("try try try", "try"),
        ("", ""),
    ],
)
def test_only_a_whole_repetition_is_taken_off_the_end(said: str, kept: str) -> None:
    words = said.split()
    assert words[: repeated_tail(words)] == kept.split()


def test_three_words_without_time_are_made_up_two_are_not() -> None:
    assert squeezed([900, 0, 10, 800, 0, 0, 0, 700], 320) == [False] * 4 + [True] * 3 + [False]


def test_the_cap_grows_with_the_audio() -> None:
    assert token_cap(-1.0) == token_cap(0.0) < token_cap(1.0) < token_cap(10.0) <= 110
