"""Learning to think: what was really so, states that are made once, and a run that goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from moderator.errors import InputError
from moderator.learn import thought_run, thought_states
from moderator.learn.prepared import PreparedMeeting, prepare
from moderator.learn.run import Run, Settings, load_run
from moderator.learn.scores import answers, figures, right_thoughts
from moderator.learn.thought_run import learn_thoughts, load_thoughts
from moderator.learn.thought_stage import ThoughtSettings
from moderator.learn.thought_targets import UNKNOWN, targets
from moderator.measure.bench.meeting import AddressedAct, BenchMeeting, Seat
from moderator.mind.moderator_lm.checkpoint import trained
from moderator.mind.moderator_lm.network import Network
from moderator.mind.moderator_lm.thought import FIELDS
from moderator.timeline import to_samples
from tests.moderator.learn.test_training import SETTINGS, meeting, quiet
from tests.moderator.mind.moderator_lm.tiny import encode, network

THOUGHTS = ThoughtSettings(epochs=300, batch=128, rate=1e-2)

Lesson = tuple[PreparedMeeting, BenchMeeting]


def annotated(name: str, seed: int) -> BenchMeeting:
    """ "go" is a question to A, anything else of B's an assessment that addresses nobody known."""
    made = meeting(name, seed)
    acts = [
        AddressedAct(
            "B", one.start, one.end, *((("A",), "el.inf") if one.text == "go" else ((), "ass"))
        )
        for one in made.words
        if one.speaker == "B"
    ]
    return replace(made, acts=tuple(acts), topics=tuple(to_samples(60.0 * k) for k in range(8)))


@pytest.fixture(scope="module")
def lessons() -> list[Lesson]:
    made = [annotated(name, seed) for seed, name in enumerate("xyz")]
    return [(prepare(one, network(), encode), one) for one in made]


@pytest.fixture(scope="module")
def trained_run(lessons: list[Lesson], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two stages on the first two meetings."""
    directory = tmp_path_factory.mktemp("trained") / "run"
    settings = SETTINGS.model_copy(update={"meetings": ("x", "y"), "epochs": 3.0})
    Run(directory, settings).train(network(fresh=True), [one for one, _ in lessons[:2]], quiet)
    return directory


@pytest.fixture
def run(trained_run: Path, tmp_path: Path) -> Path:
    """A copy, to think in."""
    copy = tmp_path / "run"
    copy.mkdir()
    for name in ("settings.json", "words.safetensors"):
        (copy / name).write_bytes((trained_run / name).read_bytes())
    return copy


def test_what_was_really_so() -> None:
    made = replace(
        meeting("m", 0),
        acts=(
            AddressedAct("B", to_samples(5.0), to_samples(6.0), ("A",), "el.inf"),
            AddressedAct("A", to_samples(6.5), to_samples(7.0), ("B",), "inf"),
            AddressedAct("B", to_samples(8.0), to_samples(9.0), ("A", "C"), "bck"),
            AddressedAct("B", to_samples(20.0), to_samples(21.0), ("C",), "new tag"),
            AddressedAct("B", to_samples(30.0), to_samples(31.0), (), "oth"),
        ),
        topics=(0, to_samples(25.0)),
    )
    at = np.array([to_samples(s) for s in (5.0, 7.5, 10.0, 22.0, 32.0)])
    found = targets(Seat(made, "A"), at)
    named = [
        [
            list(FIELDS.values())[field][one] if one != UNKNOWN else "?"
            for field, one in enumerate(row)
        ]
        for row in found
    ]
    assert [(act, to) for act, to, _, _ in named] == [
        ("?", "?"),
        ("question", "me"),
        ("backchannel", "all"),
        ("?", "another"),
        ("social", "?"),
    ]
    assert [row[3] for row in named] == ["open", "open", "open", "closing", "open"]
    assert {row[3] for row in targets(Seat(replace(made, topics=()), "A"), at)} == {UNKNOWN}


def test_who_goes_on_has_not_completed_the_turn() -> None:
    made = meeting("m", 0)
    first = next(word for word in made.words if word.speaker == "B")
    times = [first.start, first.start + 100, first.end, first.start - to_samples(0.4)]
    found = targets(Seat(made, "A"), np.array(times))[:, list(FIELDS).index("complete")]
    yes, no = 0, 1
    assert found.tolist() == [UNKNOWN, no, yes, UNKNOWN]


def test_a_run_learns_to_think_and_nothing_else_of_it_changes(
    run: Path, lessons: list[Lesson]
) -> None:
    before = network()
    load_run(before, run)
    made = network()
    assert not load_thoughts(made, run)
    gains: list[float] = []

    def watch(stage: str, step: int, steps: int, found: dict[str, float]) -> None:
        gains.append(found.get("gain", 0.0))

    count = learn_thoughts(made, run, lessons[:2], THOUGHTS, watch)
    assert count > 200
    assert gains[-1] > 0.01  # of decisions over those without a thought
    for name, tensor in trained(before).items():
        assert torch.equal(trained(made)[name], tensor)
    again = network()
    load_run(again, run)
    assert load_thoughts(again, run)
    found = answers(again, [lessons[2][0]], "stream", lambda done, of: None)
    truth = targets(Seat(lessons[2][1], "A"), lessons[2][0].seats[0].example.stream.at)
    right = right_thoughts(found, truth)
    assert right["act"]["accuracy"] > right["act"]["majority"] + 0.1
    assert right["complete"]["AUC"] > 0.8
    assert "to" not in right  # one answer only is annotated
    scores = figures(found, 1)
    assert {f"thought {name}" for name in ("AP", "AUC", "P at R .40")} <= set(scores)
    assert scores["thought AP"] != scores["AP"]
    assert set(figures(answers(before, [lessons[2][0]], "stream", lambda *_: None), 1)) == {
        f"{row}{name}" for row in ("", "floor ") for name in ("AP", "AUC", "P at R .40")
    }


class Enough(Exception):
    """Stops a run."""


def test_an_interrupted_stage_goes_on_as_if_nothing_had_happened(
    run: Path, lessons: list[Lesson], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(stage: str, step: int, steps: int, found: dict[str, float]) -> None:
        if stage == "states":
            raise Enough

    short = THOUGHTS.model_copy(update={"epochs": 3})
    with pytest.raises(Enough):
        learn_thoughts(network(), run, lessons[:2], short, stop)
    made: list[str] = []
    collect = thought_states.collect

    def counted(*given: object) -> thought_states.States:
        made.append(given[1].meeting_id)  # type: ignore[attr-defined]  # a prepared meeting
        return collect(*given)  # type: ignore[arg-type]  # as they were given

    monkeypatch.setattr(thought_run, "collect", counted)
    learn_thoughts(network(), run, lessons[:2], short, quiet)
    assert made == ["y"]
    parts = (run / thought_run.FILE).read_bytes()
    for path in (run / thought_run.STATES).iterdir():
        path.unlink()
    learn_thoughts(network(), run, lessons[:2], short, quiet)
    assert (run / thought_run.FILE).read_bytes() == parts
    learn_thoughts(network(), run, lessons[:2], short.model_copy(update={"seed": 1}), quiet)
    assert made == ["y", "x", "y", "x", "y"]
    assert (run / thought_run.FILE).read_bytes() != parts


def test_what_does_not_belong_together_is_refused(run: Path, lessons: list[Lesson]) -> None:
    short = THOUGHTS.model_copy(update={"epochs": 1})
    with pytest.raises(InputError, match="not trained on the meeting 'z'"):
        learn_thoughts(network(), run, lessons, short, quiet)
    assert not (run / thought_run.FILE).exists()
    learn_thoughts(network(), run, lessons[:2], short, quiet)
    (run / thought_run.STATES / "00000.safetensors").write_bytes(b"nonsense")
    with pytest.raises(InputError, match="not what an earlier step wrote"):
        learn_thoughts(network(), run, lessons[:2], short, quiet)
    wide = wider()
    with pytest.raises(InputError, match="another shape"):
        load_thoughts(wide, run)
    words = run / "words.safetensors"
    words.write_bytes(words.read_bytes() + b" ")
    with pytest.raises(InputError, match="gone on since"):
        load_thoughts(network(), run)
    (run / thought_run.FILE).write_bytes(b"nonsense")
    with pytest.raises(InputError, match="broken checkpoint"):
        load_thoughts(network(), run)
    with pytest.raises(InputError, match="not a training run"):
        learn_thoughts(network(), run.parent, lessons[:2], short, quiet)


def wider() -> Network:
    """Of another floor-state embedding."""
    made = network()
    made.shape = made.shape.model_copy(update={"floor": 9})
    return made


def test_settings_say_what_is_looked_at() -> None:
    sampling = ThoughtSettings(seats=3, silent=5, seed=7).sampling()
    assert (sampling.seats, sampling.silent, sampling.seed) == (3, 5, 7)
    assert Settings().meetings == ()
