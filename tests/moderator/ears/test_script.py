from __future__ import annotations

import random
from itertools import pairwise

from moderator.ears.script import ScriptedEars
from moderator.events import Heard, Word
from moderator.timeline import TICK, to_samples


def word(speaker: str, start_s: float, end_s: float, text: str = "w") -> Word:
    return Word(speaker, text, to_samples(start_s), to_samples(end_s))


def listen(words: list[Word], end_s: float) -> list[Heard]:
    ears = ScriptedEars(words)
    ticks = [ears.hear(now, ()) for now in range(TICK, to_samples(end_s) + 1, TICK)]
    return [*ticks, ears.finish(to_samples(end_s))]


def test_a_word_is_stable_when_it_has_ended_and_not_before() -> None:
    heard = listen([word("ana", 0.25, 0.52)], 1.0)
    assert [(h.at, len(h.words)) for h in heard if h.words] == [(to_samples(0.6), 1)]


def test_speaks_who_is_inside_a_word() -> None:
    heard = listen([word("ana", 0.25, 0.52), word("ben", 0.4, 0.7)], 1.0)
    found = {h.at: set(h.speaking) for h in heard[:-1]}
    assert found[to_samples(0.3)] == {"ana"}
    assert found[to_samples(0.5)] == {"ana", "ben"}
    assert found[to_samples(0.6)] == {"ben"}
    assert found[to_samples(0.7)] == set()


def test_short_pauses_belong_to_the_voice_long_ones_do_not() -> None:
    said = [word("ana", 0.0, 0.4), word("ana", 0.48, 0.8), word("ana", 1.5, 1.8)]
    pieces = [a for h in listen(said, 2.0) for a in h.activities]
    total = sum(a.end - a.start for a in pieces)
    assert to_samples(1.0) <= total <= to_samples(1.1)
    assert not any(a.start < to_samples(1.5) and a.end > to_samples(0.8) for a in pieces)


def test_nothing_is_known_of_the_future() -> None:
    rng = random.Random(3)
    said = []
    for speaker in ("ana", "ben", "chloe"):
        at = 0.0
        for _ in range(60):
            at += rng.choice([0.0, 0.1, 0.2, 0.9])
            said.append(word(speaker, at, at + rng.uniform(0.05, 0.6)))
            at = said[-1].end / 16_000
    whole = listen(said, 30.0)[:-1]
    for cut in (3.0, 11.3, 20.0):
        known = [w for w in said if w.start < to_samples(cut)]
        ticks = int(cut * 10)
        assert listen(known, 30.0)[:ticks] == whole[:ticks]


def test_activities_of_a_speaker_never_overlap_and_words_come_once() -> None:
    said = [word("ana", 0.1 * i, 0.1 * i + 0.35, str(i)) for i in range(40)]
    heard = listen(said, 6.0)
    pieces = [a for h in heard for a in h.activities]
    assert all(a.end <= b.start for a, b in pairwise(pieces))
    assert sorted(int(w.text) for h in heard for w in h.words) == list(range(40))


def test_the_end_brings_words_that_had_begun() -> None:
    heard = listen([word("ana", 0.5, 2.0, "long"), word("ana", 2.5, 3.0, "later")], 1.0)
    assert [w.text for w in heard[-1].words] == ["long"]
