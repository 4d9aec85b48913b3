from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderator.audio import Waveform
from moderator.events import TurnEnded, TurnStarted, WordPlayed
from moderator.mouth.base import Sentence, SpokenWord
from moderator.mouth.playout import Playout, PlayoutEvent
from moderator.testing.mouth import ToneVoice
from moderator.timeline import FRAME, TICK
from roles.schema import Act

TEXT = "Let us hear Maya. What do you think about it? We have ten minutes left."
PAUSE = 3_200


def play(
    playout: Playout, now: int, end: int, step: int = TICK
) -> tuple[Waveform, list[PlayoutEvent]]:
    parts: list[Waveform] = [np.zeros(0, np.float32)]
    events: list[PlayoutEvent] = []
    while now < end:
        n = min(step, end - now)
        parts.append(playout.take(now, n))
        events += playout.drain()
        now += n
    return np.concatenate(parts), events


def started(text: str = TEXT) -> tuple[Playout, ToneVoice]:
    voice = ToneVoice()
    playout = Playout(pause=PAUSE)
    playout.start(7, Act.INVITE, "maya", voice.say(text), text=text)
    return playout, voice


def test_a_turn_plays_to_its_end_with_its_events() -> None:
    playout, _ = started()
    sound, events = play(playout, 1_000, 1_000 + 16_000 * 12)
    sentences = list(ToneVoice().say(TEXT))
    expected = np.concatenate(
        [
            part
            for sentence in sentences
            for part in (sentence.samples, np.zeros(PAUSE, np.float32))
        ][:-1]
    )
    np.testing.assert_array_equal(sound[: len(expected)], expected)
    assert not sound[len(expected) :].any()
    assert events[0] == TurnStarted(1_000, 7, Act.INVITE, "maya")
    assert events[-1] == TurnEnded(1_000 + len(expected), 7, TEXT, "")
    words = [event for event in events if isinstance(event, WordPlayed)]
    assert " ".join(word.text for word in words) == TEXT
    assert words[0] == WordPlayed(7, "Let", 1_000, 1_000 + 4_800)
    second = 1_000 + len(sentences[0].samples) + PAUSE
    assert words[4].start == second
    assert not playout.playing


def test_sentences_are_made_only_when_they_are_needed() -> None:
    playout, voice = started()
    assert voice.said == []
    playout.take(0, TICK)
    assert voice.said == ["Let us hear Maya."]


@settings(max_examples=60)
@given(
    step=st.integers(100, 5_000),
    origin=st.integers(0, 10**9),
    cut_after=st.integers(0, 140_000),
    then=st.integers(1, 700),
)
def test_a_cut_is_silent_within_a_frame_and_loses_no_word(
    step: int, origin: int, cut_after: int, then: int
) -> None:
    playout, _ = started()
    before, events = play(playout, origin, origin + cut_after, step)
    if not playout.playing:
        assert isinstance(events[-1], TurnEnded)
        return
    at = origin + cut_after
    ended = playout.cut(at)
    assert at <= ended.at <= at + FRAME
    after, later = play(playout, at, at + 4 * FRAME, then)
    assert later == []
    assert not after[ended.at - at :].any()
    assert f"{ended.heard} {ended.lost}".strip() == TEXT
    played = [event for event in events if isinstance(event, WordPlayed)]
    assert ended.heard == " ".join(word.text for word in played)
    assert all(origin <= word.start <= word.end <= at for word in played)
    assert played == sorted(played, key=lambda word: (word.start, word.end))
    # No click: around the cut no step is larger than the loudest the voice itself makes.
    whole, _ = play(started()[0], 0, 140_000, 140_000)
    steps = np.abs(np.diff(np.concatenate([before[-1:], after])))
    assert steps.max(initial=0.0) <= np.abs(np.diff(whole)).max() + 0.2 * np.pi / (2 * FRAME)


@settings(max_examples=40)
@given(st.lists(st.integers(1, 9_000), min_size=1, max_size=40))
def test_the_samples_do_not_depend_on_how_they_are_taken(steps: list[int]) -> None:
    one, two = started()[0], started()[0]
    total = sum(steps)
    whole = one.take(0, total)
    parts, now = [], 0
    for step in steps:
        parts.append(two.take(now, step))
        now += step
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    assert one.drain() == two.drain()


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3_000),
            st.lists(st.tuples(st.integers(-50, 3_100), st.integers(-50, 3_100)), max_size=4),
        ),
        max_size=6,
    ),
    st.integers(1, 2_000),
)
def test_any_sentences_are_conserved(
    shapes: list[tuple[int, list[tuple[int, int]]]], step: int
) -> None:
    sentences = [
        Sentence(
            "x",
            np.full(length, 0.25, np.float32),
            tuple(SpokenWord(f"w{i}", s, e) for i, (s, e) in enumerate(sorted(words))),
        )
        for length, words in shapes
    ]
    playout = Playout(pause=0)
    playout.start(1, Act.ANSWER, None, iter(sentences))
    total = sum(length for length, _ in shapes)
    sound, events = play(playout, 0, total + step + 1, step)
    assert np.count_nonzero(sound) == total
    assert sound[:total].all()
    kinds = [type(event) for event in events]
    assert kinds.count(TurnEnded) == 1
    assert kinds[-1] is TurnEnded
    assert kinds.count(TurnStarted) == (total > 0)
    words = [event for event in events if isinstance(event, WordPlayed)]
    assert len(words) == sum(len(words) for _, words in shapes)
    assert all(0 <= word.start <= word.end <= total for word in words)


@settings(deadline=None, max_examples=60)
@given(
    pauses=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)), max_size=5),
    then=st.none() | st.integers(0, 20),
)
def test_pauses_lose_no_word_and_count_none_twice(
    pauses: list[tuple[int, int]], then: int | None
) -> None:
    playout, _ = started()
    now, events, silent = 0, list[PlayoutEvent](), list[tuple[int, int]]()
    sound = np.zeros(0, np.float32)

    def go(ticks: int) -> None:
        nonlocal now, sound
        part, found = play(playout, now, now + ticks * TICK)
        sound, now = np.concatenate([sound, part]), now + ticks * TICK
        events.extend(found)

    for before, lasts in pauses:
        go(before)
        if not playout.playing:
            break
        playout.pause(now)
        begun = now
        go(lasts)
        silent.append((begun + FRAME, now))
        playout.go_on()
    if then is not None:
        go(then)
        if playout.playing:
            playout.pause(now)
            at = now
            go(3)
            ended = playout.cut(now)
            assert at <= ended.at <= at + FRAME
            events.append(ended)
    go(140)
    assert isinstance(events[-1], TurnEnded)
    assert f"{events[-1].heard} {events[-1].lost}".strip() == TEXT
    words = [event for event in events if isinstance(event, WordPlayed)]
    assert events[-1].heard == " ".join(word.text for word in words)
    assert words == sorted(words, key=lambda word: word.start)
    assert all(not sound[start:end].any() for start, end in silent)
    assert not sound[events[-1].at :].any()


def test_after_a_pause_the_cut_word_is_said_again() -> None:
    playout, _ = started()
    before, _ = play(playout, 0, 2 * TICK)
    playout.pause(2 * TICK)
    assert not play(playout, 2 * TICK, 4 * TICK)[0][FRAME:].any()
    assert playout.silent
    playout.go_on()
    again, _ = play(playout, 4 * TICK, 6 * TICK)
    np.testing.assert_array_equal(again[FRAME:], before[FRAME:])
    assert not again[0]


def test_only_a_turn_can_pause_and_only_a_paused_one_go_on() -> None:
    playout, _ = started()
    with pytest.raises(RuntimeError, match="paused"):
        playout.go_on()
    playout.pause(0)
    with pytest.raises(RuntimeError, match="could pause"):
        playout.pause(0)
    assert playout.cut(0) == TurnEnded(0, 7, "", TEXT)
    with pytest.raises(RuntimeError, match="could pause"):
        playout.pause(0)


def test_a_cut_before_the_first_sample_leaves_no_sound() -> None:
    playout, voice = started()
    ended = playout.cut(500)
    assert ended == TurnEnded(500, 7, "", TEXT)
    assert not playout.take(500, 1_000).any()
    assert playout.drain() == ()
    assert voice.said == []


def test_a_dead_feed_writes_nothing_into_the_next_turn() -> None:
    playout = Playout()
    sentence = next(ToneVoice().say("Old words."))
    old = playout.start(1, Act.ANSWER)
    assert old.put(sentence)
    playout.take(0, TICK)
    playout.cut(TICK)
    playout.drain()
    new = playout.start(2, Act.ANSWER)
    assert not old.put(sentence)
    old.end()
    assert new.live
    assert not old.live
    sound, events = play(playout, TICK, 5 * TICK)
    assert not sound[FRAME:].any()
    assert events == []
    assert playout.turn == 2


def test_a_starved_turn_waits_and_goes_on() -> None:
    playout = Playout(pause=0)
    feed = playout.start(1, Act.ANSWER)
    first, second = ToneVoice().say("One. Two.")
    feed.put(first)
    length = len(first.samples)
    playout.take(0, length)
    assert not playout.take(length, TICK).any()
    assert playout.playing
    feed.put(second)
    feed.end()
    sound, events = play(playout, length + TICK, 3 * length + TICK)
    np.testing.assert_array_equal(sound[:length], second.samples)
    assert events[0] == TurnStarted(0, 1, Act.ANSWER, None)
    assert WordPlayed(1, "Two.", length + TICK, length + TICK + 4_800) in events
    assert events[-1] == TurnEnded(2 * length + TICK, 1, "One. Two.", "")


def test_a_new_turn_begins_behind_the_fade_of_the_old_one() -> None:
    playout, _ = started()
    playout.take(0, TICK)
    ended = playout.cut(TICK)
    playout.start(8, Act.ANSWER, None, ToneVoice().say("Yes."))
    playout.take(TICK, TICK)
    assert playout.drain()[-1] == TurnStarted(ended.at, 8, Act.ANSWER, None)


def test_what_the_voice_raises_leaves_the_turn_to_be_cut() -> None:
    def failing() -> Iterator[Sentence]:
        yield next(ToneVoice().say("One two three."))
        raise RuntimeError("the model broke")

    playout = Playout()
    playout.start(1, Act.ANSWER, None, failing())
    length = len(next(ToneVoice().say("One two three.")).samples)
    now = length - length % TICK
    assert play(playout, 0, now)[0].any()
    with pytest.raises(RuntimeError, match="the model broke"):
        playout.take(now, TICK)
    ended = playout.cut(now)
    assert now <= ended.at <= now + FRAME


def test_time_runs_forward_and_without_holes() -> None:
    playout, _ = started()
    playout.take(100, TICK)
    with pytest.raises(ValueError, match="does not follow"):
        playout.take(50, TICK)
    with pytest.raises(ValueError, match="does not follow"):
        playout.take(100 + 2 * TICK, TICK)
    with pytest.raises(ValueError, match="does not follow"):
        playout.cut(100)


def test_one_turn_at_a_time() -> None:
    playout, _ = started()
    with pytest.raises(RuntimeError, match="turn 7 is still playing"):
        playout.start(8, Act.ANSWER)
    playout.cut(0)
    with pytest.raises(RuntimeError, match="no turn"):
        playout.cut(0)


def test_without_a_turn_there_is_silence_at_any_time() -> None:
    playout = Playout()
    assert not playout.take(0, 10).any()
    assert not playout.take(5_000, 10).any()
    assert playout.drain() == ()
