"""Measures the timing of recorded talk; see `moderator.synth.timing.Timing` for what of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from moderator.errors import InputError
from moderator.events import Word
from moderator.floor.state import TURN_PAUSE
from moderator.measure.bench.floor_turns import all_floor_turns, floor_turns, joined, speakers
from moderator.measure.bench.meeting import BenchMeeting
from moderator.synth.script import Start
from moderator.synth.timing import LIMITS, LONGEST_WORD, PAUSED, Before, Quantiles, Timing
from moderator.timeline import to_seconds

POINTS = 33
"""Quantiles kept of each distribution."""

FEWEST = 20
"""Values that a distribution is made of at least."""

FAR = 15.0
"""Offsets beyond this are another beginning, s."""

LONGEST_NOD = 2.0
"""Backchannels farther from what was said belong to something else, s."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """The floor goes from one to another.

    Attributes:
        before: what kind of turn came before.
        by: who takes it: meeting and speaker.
        offset: from the end of the turn before, s; below 0 where they overlap.
    """

    before: Before
    by: tuple[str, str]
    offset: float


@dataclass
class _Said:
    """Lengths of words, and silences behind them inside a turn, by speaker."""

    words: list[tuple[int, float, int]] = field(default_factory=list)
    after_sign: list[float] = field(default_factory=list)
    after_word: list[float] = field(default_factory=list)


def fit(meetings: Sequence[BenchMeeting], source: str) -> Timing:
    """The timing of some meetings.

    Args:
        meetings: with words, punctuated where questions are to be told apart.
        source: what they are, for people.

    Raises:
        InputError: there is too little talk.
    """
    found = [one for meeting in meetings for one in transfers(meeting)]
    nods = [one for meeting in meetings for one in backchannels(meeting)]
    said = _Said()
    for number, meeting in enumerate(meetings):
        _listen(meeting, said, number * 1000)
    offsets: dict[Before, dict[Start, Quantiles]] = {}
    for before in ("question", "other"):
        mine = [one.offset for one in found if one.before == before]
        offsets[before] = {
            start: _quantiles([x for x in mine if low <= x < high])
            for start, (low, high) in LIMITS.items()
        }
    lengths, rates, spread = _lengths(said.words)
    pauses = [x for x in said.after_sign + said.after_word if x >= PAUSED]
    return Timing(
        source=source,
        offsets=offsets,
        nods=_quantiles(nods),
        tendency=round(tendency(found), 3),
        word_s=[round(x, 4) for x in lengths],
        word_spread=round(spread, 3),
        rate_spread=round(rates, 3),
        pauses=_quantiles(pauses),
        pause_after_sign=round(_share(said.after_sign), 3),
        pause_after_word=round(_share(said.after_word), 3),
    )


def transfers(meeting: BenchMeeting) -> Iterator[Transfer]:
    """Each time that the floor goes to somebody else, by meeting time."""
    last_word = {
        (word.speaker, word.end): word.text
        for word in sorted(meeting.words, key=lambda word: word.start)
    }
    holder = None
    for turn in all_floor_turns(meeting):
        if holder is not None and turn.end <= holder.end:
            continue  # it came and went while another had the floor
        if holder is not None and turn.speaker != holder.speaker:
            offset = to_seconds(turn.start - holder.end)
            asked = last_word.get((holder.speaker, holder.end), "").endswith("?")
            if abs(offset) <= FAR:
                yield Transfer(
                    "question" if asked else "other", (meeting.meeting_id, turn.speaker), offset
                )
        holder = turn


def backchannels(meeting: BenchMeeting) -> Iterator[float]:
    """Seconds from the last word of another's floor turn, as far as said, to each short turn."""
    floor = all_floor_turns(meeting)
    ends: dict[str, NDArray[np.int64]] = {}
    for name in speakers(meeting):
        turns = {(turn.start, turn.end) for turn in floor_turns(meeting, name)}
        words = [word for word in meeting.words if word.speaker == name]
        for span in joined(name, words, TURN_PAUSE):
            if (span.start, span.end) in turns:
                continue
            around = [t for t in floor if t.speaker != name and t.start < span.start]
            if not around or to_seconds(span.start - around[-1].end) > LIMITS["pause"][1]:
                continue
            other = around[-1].speaker
            if other not in ends:
                said = sorted(word.end for word in meeting.words if word.speaker == other)
                ends[other] = np.array(said, dtype=np.int64)
            # The end that it comes nearest to: people nod before a word is over, too.
            nearest = ends[other][np.abs(ends[other] - span.start).argmin()]
            offset = to_seconds(span.start - int(nearest))
            if abs(offset) <= LONGEST_NOD:
                yield offset


def tendency(found: Sequence[Transfer]) -> float:
    """Share of the offsets' variance that is between speakers, after ranks became normal."""
    usual = [one for one in found if LIMITS["overlap"][0] <= one.offset < LIMITS["pause"][1]]
    if len(usual) < FEWEST:
        raise _too_little()
    ranks = np.array([one.offset for one in usual]).argsort().argsort()
    normal = NormalDist()
    values = np.array([normal.inv_cdf((rank + 0.5) / len(usual)) for rank in ranks])
    groups = defaultdict(list)
    for one, value in zip(usual, values, strict=True):
        groups[one.by].append(value)
    large = [np.array(some) for some in groups.values() if len(some) > 4]
    if len(large) < 2:
        return 0.0
    within = float(np.mean([some.var(ddof=1) for some in large]))
    noise = float(np.mean([some.var(ddof=1) / len(some) for some in large]))
    between = max(float(np.var([some.mean() for some in large], ddof=1)) - noise, 0.0)
    return between / (between + within)


def _listen(meeting: BenchMeeting, said: _Said, first: int) -> None:
    for number, name in enumerate(speakers(meeting)):
        words = sorted(
            (word for word in meeting.words if word.speaker == name),
            key=lambda word: (word.start, word.end),
        )
        for word, following in zip(words, [*words[1:], None], strict=True):
            _take(word, following, said, first + number)


def _take(word: Word, following: Word | None, said: _Said, speaker: int) -> None:
    letters, length = sum(char.isalnum() for char in word.text), to_seconds(word.end - word.start)
    if letters and 0.02 < length < 2.0:
        said.words.append((min(letters, LONGEST_WORD), length, speaker))
    if following is not None:
        silence = max(to_seconds(following.start - word.end), 0.0)
        if silence < to_seconds(TURN_PAUSE):
            sign = bool(word.text) and not word.text[-1].isalnum()
            (said.after_sign if sign else said.after_word).append(silence)


def _lengths(words: Sequence[tuple[int, float, int]]) -> tuple[list[float], float, float]:
    """Mean lengths by letters, the speakers' spread around them, and words' around that."""
    if len(words) < FEWEST:
        raise _too_little()
    letters, length, speaker = (np.array(column) for column in zip(*words, strict=True))
    common = [n for n in range(1, LONGEST_WORD + 1) if (letters == n).sum() >= FEWEST]
    known = [float(length[letters == n].mean()) for n in common]
    if not common:
        raise _too_little()
    means = np.interp(np.arange(1, LONGEST_WORD + 1), common, known)
    off = np.log(length / means[letters - 1])
    own = np.array([off[speaker == one].mean() for one in np.unique(speaker)])
    inside = off - own[np.searchsorted(np.unique(speaker), speaker)]
    # Draws are of the logarithm: their mean must stay the words'.
    means = means / np.exp(float(inside.std()) ** 2 / 2)
    return [float(x) for x in means], float(own.std()), float(inside.std())


def _share(silences: Sequence[float]) -> float:
    return sum(x >= PAUSED for x in silences) / max(len(silences), 1)


def _quantiles(values: Iterable[float]) -> Quantiles:
    some = np.array(list(values))
    if len(some) < FEWEST:
        raise _too_little()
    return [round(float(x), 3) for x in np.quantile(some, np.linspace(0, 1, POINTS))]


def _too_little() -> InputError:
    return InputError("too little talk to measure", todo="give more meetings")
