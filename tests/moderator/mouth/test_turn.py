"""A turn that has to be over by a given time: where it ends, and what is lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderator.audio import Waveform
from moderator.events import TurnEnded
from moderator.mouth.base import Sentence
from moderator.mouth.playout import Playout
from moderator.testing.mouth import ToneVoice
from moderator.timeline import FRAME, TICK, Samples, to_samples
from roles.schema import Act

TEXT = "One two three. Four five six seven. Eight nine."
WORD, GAP, PAUSE = to_samples(0.3), to_samples(0.05), to_samples(0.2)
FIRST = 3 * (WORD + GAP)
SECOND = FIRST + PAUSE + 4 * (WORD + GAP)


def ended(at: Samples, by: Samples, *, text: str = TEXT) -> tuple[TurnEnded, Waveform]:
    """The end of a turn that is told at `at` to be over by `by`, and its sound."""
    playout = Playout(pause=PAUSE)
    playout.start(1, Act.ANSWER, None, ToneVoice().say(text), text=text)
    return _play(playout, at, by)


def _play(playout: Playout, at: Samples, by: Samples) -> tuple[TurnEnded, Waveform]:
    sound = [playout.take(0, at)]
    playout.finish_by(at, by)
    now = at
    while playout.playing:
        sound.append(playout.take(now, TICK))
        now += TICK
    (end,) = (event for event in playout.drain() if isinstance(event, TurnEnded))
    return end, np.concatenate(sound)


@pytest.mark.parametrize(
    ("at", "by", "expected", "heard"),
    [
        (TICK, FIRST, FIRST, "One two three."),
        (TICK, SECOND - 1, FIRST, "One two three."),
        (TICK, SECOND, SECOND, "One two three. Four five six seven."),
        (TICK, 10 * SECOND, SECOND + PAUSE + 2 * (WORD + GAP), TEXT),
        (FIRST, SECOND - 1, FIRST, "One two three."),
        (FIRST + PAUSE // 2, SECOND - 1, FIRST + PAUSE // 2, "One two three."),
        (
            FIRST + PAUSE + WORD,
            SECOND - GAP - 1,
            SECOND - GAP - (WORD + GAP),
            "One two three. Four five six",
        ),
    ],
)
def test_it_ends_with_the_last_sentence_that_fits_else_with_a_word(
    at: Samples, by: Samples, expected: Samples, heard: str
) -> None:
    end, sound = ended(at, by)
    assert (end.at, end.heard) == (expected, heard)
    assert f"{end.heard} {end.lost}".strip() == TEXT
    assert not sound[end.at :].any()


def test_where_no_word_fits_it_fades_at_once() -> None:
    end, sound = ended(WORD // 2, WORD // 2 + TICK)
    assert (end.at, end.heard, end.lost) == (WORD // 2 + FRAME, "", TEXT)
    assert np.abs(sound[end.at - FRAME : end.at]).max() > 0.1
    assert np.abs(sound[end.at - 2 : end.at]).max() < 0.01


def test_sentences_that_come_later_are_taken_as_long_as_they_fit() -> None:
    playout = Playout(pause=PAUSE)
    feed = playout.start(1, Act.ANSWER)
    one, two, three = ToneVoice().say(TEXT)
    assert feed.put(one)
    playout.take(0, TICK)
    playout.finish_by(TICK, SECOND)
    assert feed.put(two)
    assert not feed.put(three)
    now = TICK
    while playout.playing:
        playout.take(now, TICK)
        now += TICK
    events = playout.drain()
    assert events[-1] == TurnEnded(SECOND, 1, f"{one.text} {two.text}", three.text)


def test_parts_of_a_sentence_follow_without_a_pause_and_end_together() -> None:
    playout = Playout(pause=PAUSE)
    feed = playout.start(1, Act.ANSWER)
    one, two, three = ToneVoice().say(TEXT)
    assert feed.put(one)
    assert feed.put(replace(two, goes_on=True))
    assert feed.put(three)
    feed.end()
    playout.take(0, TICK)
    playout.finish_by(TICK, SECOND)  # a pause shorter: both parts fit
    now = TICK
    while playout.playing:
        playout.take(now, TICK)
        now += TICK
    assert playout.drain()[-1] == TurnEnded(SECOND - PAUSE, 1, f"{one.text} {two.text}", three.text)


def test_a_turn_that_would_have_to_be_over_already_is_a_mistake() -> None:
    playout = Playout()
    with pytest.raises(RuntimeError, match="no turn"):
        playout.finish_by(0, 0)
    playout.start(1, Act.ANSWER, None, ToneVoice().say(TEXT))
    playout.take(0, TICK)
    with pytest.raises(ValueError, match="cannot end"):
        playout.finish_by(TICK, 0)


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=4),
    st.integers(1, 60),
    st.integers(0, 60 * TICK),
)
def test_nothing_sounds_beyond_the_time_given(
    lengths: list[int], ticks: int, more: Samples
) -> None:
    text = " ".join(" ".join(["So", *["la"] * (n - 1)]) + "." for n in lengths)
    playout = Playout(pause=PAUSE)
    playout.start(1, Act.ANSWER, None, _lazily(ToneVoice().say(text)), text=text)
    at = ticks * TICK
    playout.take(0, at)
    if not playout.playing:
        return
    playout.finish_by(at, at + more)
    after = playout.take(at, more + TICK)
    assert not after[more:].any()
    (end,) = (event for event in playout.drain() if isinstance(event, TurnEnded))
    assert end.at <= at + more
    assert f"{end.heard} {end.lost}".split() == text.split()


def _lazily(sentences: Iterable[Sentence]) -> Iterable[Sentence]:
    yield from sentences
