"""Timing features of a moment: who spoke when and for how long, never what was said.

Everything is computed from words up to the moment: a word that goes on is known up to it, words
that begin later are unknown, and the meeting's length is never looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moderator.events import SpeakerActivity, Word
from moderator.floor.voices import NEVER_S, Times, Values, Voice, seconds, silence

HOLD_S = 0.3
UTTERANCE_S = 0.5
TURN_S = 1.0
WINDOWS_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
"""How far back talk is added up."""

FIVE = ("silence", "other_run", "other_lasted", "since_seat", "seat_share_60")
"""With a chunk's length, the six timing features of the dynamic protocol's comparison row."""


@dataclass(frozen=True, slots=True)
class Table:
    """Features of moments.

    Attributes:
        names: ``k`` column names.
        values: ``(n, k)`` seconds, counts and shares.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]

    def only(self, names: tuple[str, ...]) -> Table:
        """The named columns."""
        columns = [self.names.index(name) for name in names]
        return Table(names, self.values[:, columns])


Spoken = Word | SpeakerActivity
"""Something with a beginning and an end that somebody said."""


class SeatVoices:
    """The voices of one meeting as one of its participants hears them.

    Args:
        own: what the seat said.
        others: what each other participant said; somebody who has said nothing counts too.
    """

    def __init__(self, own: Sequence[Spoken], others: Sequence[Sequence[Spoken]]) -> None:
        self.seat = Voice(own)
        self.each = [Voice(said) for said in others]
        self.others = Voice([one for said in others for one in said])
        self.everybody = Voice([*own, *(one for said in others for one in said)])


def timing(voices: SeatVoices, at: Times) -> Table:
    """Timing features of a seat at moments.

    Args:
        voices: of the meeting, as the seat hears them.
        at: ``(n,)`` meeting times.
    """
    columns = dict(_columns(voices, at))
    return Table(tuple(columns), np.column_stack(list(columns.values())))


def _columns(voices: SeatVoices, at: Times) -> Iterator[tuple[str, Values]]:
    yield "now", seconds(at)
    yield "silence", silence(voices.everybody, at)
    yield from _seat(voices, at)
    yield from _others(voices, at)
    yield from _holder(voices, at)
    yield from _exchange(voices, at)
    yield from _talk(voices, at)


def _seat(voices: SeatVoices, at: Times) -> Iterator[tuple[str, Values]]:
    """The seat's own past."""
    yield "since_seat", voices.seat.since(at)
    begun, lasted, words = voices.seat.run(at, TURN_S)
    yield "seat_begun", begun
    yield "seat_lasted", lasted
    yield "seat_words", words
    onsets = voices.seat.onsets(TURN_S)
    for window in (30.0, 120.0):
        yield f"seat_onsets_{window:.0f}", _count_within(onsets, at, window)
    yield "seat_onset_rate", _rate(onsets, at)


def _others(voices: SeatVoices, at: Times) -> Iterator[tuple[str, Values]]:
    """All others as one voice."""
    for name, pause in (("hold", HOLD_S), ("utterance", UTTERANCE_S), ("turn", TURN_S)):
        begun, lasted, words = voices.others.run(at, pause)
        yield f"others_{name}_begun", begun
        yield f"others_{name}_lasted", lasted
        yield f"others_{name}_words", words
    since, lasted = voices.others.last_word(at)
    yield "others_word_begun", since
    yield "others_word_lasted", lasted
    yield "others_since", voices.others.since(at)
    for window in (5.0, 30.0):
        onsets = voices.others.onsets(UTTERANCE_S)
        yield f"others_onsets_{window:.0f}", _count_within(onsets, at, window)
    for window in (1.0, 3.0, 10.0):
        count = voices.others.begun(at) - voices.others.begun(at - round(window * 16_000))
        yield f"others_words_{window:.0f}", count.astype(np.float64)


def _holder(voices: SeatVoices, at: Times) -> Iterator[tuple[str, Values]]:
    """The participant heard last, and the others beside them."""
    count = len(voices.each)
    if not count:
        for name in ("voices", "other_run", "other_lasted", "other_words", "second_since"):
            yield name, np.zeros(at.shape)
        for name in ("other_rate", "other_share", "other_last_word", "other_before"):
            yield name, np.zeros(at.shape)
        return
    since = np.stack([voice.since(at) for voice in voices.each])
    begun = np.stack([voice.run(at, TURN_S)[0] for voice in voices.each])
    # Of several who are speaking, the one who has spoken longest.
    order = np.lexsort((-begun, since), axis=0)
    first = order[0]
    yield "voices", (since < HOLD_S).sum(axis=0).astype(np.float64)
    runs = [voice.run(at, TURN_S) for voice in voices.each]
    yield "other_run", _pick(np.stack([run[0] for run in runs]), first)
    lasted = _pick(np.stack([run[1] for run in runs]), first)
    words = _pick(np.stack([run[2] for run in runs]), first)
    yield "other_lasted", lasted
    yield "other_words", words
    yield "second_since", np.sort(since, axis=0)[1] if count > 1 else np.full(at.shape, NEVER_S)
    yield "other_rate", words / np.maximum(lasted, 0.1)
    talk = np.stack([voice.talk_within(at, 300.0) for voice in voices.each])
    yield "other_share", _pick(talk, first) / np.maximum(talk.sum(axis=0), 1.0)
    last = np.stack([voice.last_word(at)[1] for voice in voices.each])
    yield "other_last_word", _pick(last, first)
    seat_heard = voices.seat.heard_until(at)
    heard = _pick(np.stack([voice.heard_until(seat_heard) for voice in voices.each]), first)
    # When this participant had spoken last before the seat did: an exchange between the two.
    yield "other_before", np.minimum((seat_heard - heard) / 16_000, NEVER_S)


def _exchange(voices: SeatVoices, at: Times) -> Iterator[tuple[str, Values]]:
    """How many take part, and how lively it is."""
    for window in (10.0, 30.0, 120.0):
        talk = [voice.talk_within(at, window) for voice in voices.each]
        active = np.sum([part > 1.0 for part in talk], axis=0) if talk else np.zeros(at.shape)
        yield f"active_{window:.0f}", np.asarray(active, dtype=np.float64)
    overlap = [voice.talk_within(at, 10.0) for voice in [*voices.each, voices.seat]]
    total = np.sum(overlap, axis=0)
    yield "overlap_10", np.asarray(total - voices.everybody.talk_within(at, 10.0))


def _talk(voices: SeatVoices, at: Times) -> Iterator[tuple[str, Values]]:
    for window in WINDOWS_S:
        own = voices.seat.talk_within(at, window)
        rest = voices.others.talk_within(at, window)
        yield f"seat_talk_{window:.0f}", own
        yield f"others_talk_{window:.0f}", rest
        if window >= 30:
            yield f"seat_share_{window:.0f}", own / np.maximum(own + rest, 1.0)
    own, rest = seconds(voices.seat.talk_until(at)), seconds(voices.others.talk_until(at))
    yield "seat_share", own / np.maximum(own + rest, 1.0)


def _count_within(onsets: Times, at: Times, window_s: float) -> Values:
    after = np.searchsorted(onsets, at, side="left")
    before = np.searchsorted(onsets, at - round(window_s * 16_000), side="left")
    return (after - before).astype(np.float64)


def _rate(onsets: Times, at: Times) -> Values:
    """Onsets a minute since the beginning, one minute's worth of none added."""
    return np.searchsorted(onsets, at, side="left") / (at / 16_000 / 60 + 1)


def _pick(rows: NDArray[np.float64] | NDArray[np.int64], which: NDArray[np.intp]) -> Values:
    """``(n,)`` of ``(m, n)``: the row `which` says, in each column."""
    picked = np.take_along_axis(rows, which[None, :], axis=0)[0]
    return np.asarray(picked, dtype=np.float64)
