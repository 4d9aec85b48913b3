"""What the tests of transcript formats share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st

from moderator.errors import InputError
from moderator.events import Word
from moderator.timeline import SAMPLE_RATE

FILE = Path("meeting.json")

ids = st.text(
    st.characters(exclude_categories=["C", "Z"], include_characters=" %"), min_size=1, max_size=20
).filter(lambda text: text.strip() == text and text != "?" and _composed(text))
times = st.integers(0, 10 * 3600 * SAMPLE_RATE)


def _composed(text: str) -> bool:
    import unicodedata

    return unicodedata.is_normalized("NFC", text)


@st.composite
def spoken(draw: st.DrawFn) -> list[Word]:
    """Words of up to three speakers; those of one speaker follow each other."""
    words = []
    for speaker in draw(st.lists(ids, min_size=1, max_size=3, unique=True)):
        at = draw(st.integers(0, 10**6))
        for _ in range(draw(st.integers(1, 8))):
            at += draw(st.integers(0, 20_000))
            end = at + draw(st.integers(1, 20_000))
            words.append(Word(speaker, draw(ids).replace(" ", "_"), at, end))
            at = end
    return words


def refused(parse: Callable[[str, Path], object], text: str) -> str:
    with pytest.raises(InputError) as caught:
        parse(text, FILE)
    message = str(caught.value)
    assert "\n" not in message
    assert str(FILE) in message
    return message
