"""Scripts become meetings: words in order, one agent among them, the same for the same seed."""

from __future__ import annotations

from itertools import pairwise

import pytest

from moderator.synth.placing import OWN_PAUSE, place, seat_of
from moderator.synth.timing import LIMITS, Speaker, measured
from moderator.timeline import to_samples
from tests.moderator.synth.scripts import script


def test_everything_is_said_in_order_and_the_agent_in_its_place() -> None:
    made = place(script(), 0, measured())
    assert made.meeting_id == "rp-t1.a1"
    assert made.played == "A-agent"
    agent = made.participants["A-agent"]
    assert (agent.name, agent.position) == ("Noor", "Date keeper")
    assert agent.description is not None
    assert agent.description.startswith("You speak up")
    own = [word for word in made.words if word.speaker == "A-agent"]
    assert [word.text for word in own] == ["Friday", "or", "Monday,", "Bode?"]
    before = [w for w in made.words if w.speaker == "B"][-1]
    low, high = (to_samples(s) for s in LIMITS["latch"])
    assert low <= own[0].start - before.end <= high
    for name in made.participants:
        said = [word for word in made.words if word.speaker == name]
        assert all(one.end <= two.start for one, two in pairwise(said))
    assert made.duration > max(word.end for word in made.words)


def test_two_turns_of_one_person_do_not_become_one() -> None:
    made = place(script(), 1, measured())
    said = [word for word in made.words if word.speaker == "B"]
    assert said[4].text == "Or"
    assert said[4].start - said[3].end >= OWN_PAUSE or any(
        said[3].end <= word.start < said[4].start for word in made.words if word.speaker != "B"
    )


def test_until_an_agent_speaks_its_meeting_is_the_others() -> None:
    speaks, silent = (place(script(), number, measured(), seed=3) for number in (0, 1))
    first = min(word.start for word in speaks.words if word.speaker == speaks.played)
    begin = [word for word in silent.words if word.start < first][:10]
    assert begin == [word for word in speaks.words if word.start < first][:10]
    assert [w.text for w in silent.words] == [
        w.text for w in speaks.words if w.speaker != speaks.played
    ]
    assert silent.people == speaks.people


def test_the_seed_decides_what_is_drawn() -> None:
    one, again, other = (place(script(), 0, measured(), seed) for seed in (1, 1, 2))
    assert one == again
    assert one.words != other.words


def test_who_asks_the_seat_asks_the_agent() -> None:
    made = place(script(), 1, measured())
    (asked,) = [act for act in made.acts if act.speaker == "C" and act.type == "question"]
    assert asked.to == (seat_of(script(), 1),)
    everybody = next(act for act in made.acts if act.speaker == "A")
    assert everybody.to == ("B", "C", made.played)


@pytest.mark.parametrize("start", list(LIMITS))
def test_offsets_are_what_the_word_stands_for(start: str) -> None:
    import numpy as np

    draw = np.random.default_rng(0)
    low, high = LIMITS[start]  # type: ignore[index]
    speakers = [Speaker(measured(), (n,)) for n in range(20)]
    offsets = [one.offset("other", start, draw) for one in speakers for _ in range(20)]  # type: ignore[arg-type]
    assert low <= min(offsets) < max(offsets) <= high


def test_people_differ_and_stay_themselves() -> None:
    import numpy as np

    means = []
    for number in range(30):
        one = Speaker(measured(), (number,))
        draw = np.random.default_rng(number)
        words = [one.lengths(["a", "ladder", "is", "long,", "or"] * 40, draw) for _ in range(3)]
        rates = [float(np.mean([length for _, length in some])) for some in words]
        assert max(rates) / min(rates) < 1.35
        means.append(float(np.mean(rates)))
    assert max(means) / min(means) > 1.4
