"""What is measured of talk is what made it."""

from __future__ import annotations

import numpy as np
import pytest

from moderator.errors import InputError
from moderator.events import Word
from moderator.measure.bench.meeting import BenchMeeting
from moderator.mind.base import Participant
from moderator.synth.fitting import backchannels, fit, transfers
from moderator.synth.likeness import statistics
from moderator.timeline import to_samples

PEOPLE = {name: Participant(name, name) for name in "abc"}


def talk(offsets: list[float], word: str = "yes.", nod: float | None = None) -> BenchMeeting:
    """Turns of a and b, six words of 0.3 s each, the last after a pause of 0.2 s; c nods."""
    words, end = [], 1.0
    for number, offset in enumerate(offsets):
        who, start = "ab"[number % 2], end + offset
        texts = ["word"] * 5 + [word]
        for place, text in enumerate(texts):
            at = start + 0.3 * place + (0.2 if place == 5 else 0.0)
            words.append(Word(who, text, to_samples(at), to_samples(at + 0.3)))
        end = start + 2.0
        if nod is not None:
            at = start + 0.9 + nod
            words.append(Word("c", "mm", to_samples(at), to_samples(at + 0.2)))
    return BenchMeeting(
        "m", to_samples(end), tuple(sorted(words, key=lambda w: (w.start, w.end))), PEOPLE
    )


def test_transfers_have_their_offsets_and_what_came_before() -> None:
    found = list(transfers(talk([0.0, 0.5, -0.4, 1.2], word="why?")))
    assert [round(one.offset, 3) for one in found] == [0.5, -0.4, 1.2]
    assert {one.before for one in found} == {"question"}


def test_a_nod_is_measured_from_the_word_before_it() -> None:
    found = list(backchannels(talk([0.0, 2.5, 2.5, 2.5], nod=0.1)))
    assert [round(value, 2) for value in found] == pytest.approx([0.1] * 4, abs=0.01)


def test_what_is_drawn_comes_out_again() -> None:
    draw = np.random.default_rng(5)
    offsets = [float(x) for x in draw.uniform(-0.5, 0.9, 300)]
    pauses = [float(x) for x in draw.uniform(1.0, 2.9, 60)]
    long = [float(x) for x in draw.uniform(-1.5, -0.1, 60)] + [
        float(x) for x in draw.uniform(4, 11.9, 60)
    ]
    mixed = [offsets, pauses, long]
    order = draw.permutation([x for some in mixed for x in some])
    meetings = [talk([float(x) for x in order], word, nod=0.05) for word in ("yes.", "why?")]
    timing = fit(meetings, "made up")
    middle = timing.offsets["other"]["pause"][16]
    assert middle == pytest.approx(float(np.median(pauses)), abs=0.2)
    assert timing.word_s[3] == pytest.approx(0.3, abs=0.02)
    assert timing.word_spread < 0.05


def test_too_little_talk_is_said() -> None:
    with pytest.raises(InputError, match="too little talk"):
        fit([talk([0.1, 0.2])], "little")
    with pytest.raises(InputError, match="too little talk"):
        statistics([talk([0.0])])


def test_statistics_are_of_all_meetings() -> None:
    found = statistics([talk([0.0, -0.5, 0.5, 0.5])])
    assert found["overlapping, %"] == pytest.approx(100 / 3)
    assert found["floor transfers: median offset, s"] == pytest.approx(0.5)
    assert found["words a second in floor turns"] == pytest.approx(6 / 2.0)
