# ruff: noqa: RUF001 (phonetic letters are meant)
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from moderator.mouth.alignment import PAUSES, word_spans


def words_of(phonemes: str, alone: list[str]) -> list[str]:
    return [phonemes[start:end] for start, end in word_spans(phonemes, alone)]


def test_each_word_has_its_phonemes_without_the_pause() -> None:
    assert words_of("mˈIə, wi hæv.", ["mˈIə,", "wˈi", "hæv."]) == ["mˈIə", "wi", "hæv"]


def test_a_word_read_as_several_has_all_of_them() -> None:
    assert words_of("θɹˈi dˈɑləɹz nˈW", ["θɹˈi dˈɑləɹz", "nˈW"]) == ["θɹˈi dˈɑləɹz", "nˈW"]


def test_words_joined_in_speech_share_it() -> None:
    assert words_of("ʌvðə hˈWs", ["ʌv", "ðə", "hˈWs"]) == ["ʌvðə", "", "hˈWs"]


def test_a_word_that_is_not_spoken_has_an_empty_span() -> None:
    spans = word_spans("wˈʌn tˈu", ["wˈʌn", "", "tˈu"])
    assert spans == [(0, 4), (4, 4), (5, 8)]


def test_a_dash_is_a_pause_of_its_own() -> None:
    assert words_of("wˈʌn — tˈu", ["wˈʌn", "—", "tˈu"]) == ["wˈʌn", "—", "tˈu"]


@given(st.text("ab ,.", max_size=30), st.lists(st.text("ab ,", max_size=6), max_size=8))
def test_spans_are_ordered_and_inside(phonemes: str, alone: list[str]) -> None:
    spans = word_spans(phonemes, alone)
    assert len(spans) == len(alone)
    reached = 0
    for start, end in spans:
        assert reached <= start <= end <= len(phonemes)
        assert end == start or end == start + 1 or phonemes[end - 1] not in PAUSES
        reached = end
