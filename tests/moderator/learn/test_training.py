"""Training on a toy meeting in which a word, and nothing else, says who speaks next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from moderator.errors import InputError
from moderator.events import Word
from moderator.learn.averaging import average
from moderator.learn.examples import SHIFTS, seat_example, shifted_stream
from moderator.learn.export import advice, weigh_words, words_reach
from moderator.learn.floor_stage import gather
from moderator.learn.prepared import PreparedMeeting, prepare, read, read_all, write
from moderator.learn.run import Run, Settings, begun_with, load_run
from moderator.learn.scores import answers, figures
from moderator.learn.trees_stage import grow
from moderator.learn.words_stage import Drill, WordsSettings
from moderator.measure.bench.meeting import BenchMeeting, Seat
from moderator.mind.base import Participant
from moderator.mind.moderator_lm.about import About, Advice, probabilities
from moderator.mind.moderator_lm.checkpoint import read as read_checkpoint
from moderator.mind.moderator_lm.checkpoint import save, trained
from moderator.mind.moderator_lm.passage import Passage, decide_passages
from moderator.mind.moderator_lm.tensor_file import read_tensors, write_tensors
from moderator.timeline import SAMPLE_RATE, to_samples
from tests.moderator.mind.moderator_lm.tiny import encode, network

SETTINGS = Settings(floor_epochs=150, epochs=20, batch=2, seats=2, silent=20, rate=4e-3, trees=20)


def meeting(name: str, seed: int, minutes: int = 8) -> BenchMeeting:
    """B says a word every 4 s; if it is "go", A takes the turn 0.6 s later."""
    random = np.random.default_rng(seed)
    words: list[Word] = []
    for start in range(4, 60 * minutes, 4):
        called = bool(random.random() < 0.4)
        words.append(Word("B", "go" if called else "stay", *times(start + 0.5, 0.3)))
        if called:
            words += [Word("A", "mm", *times(start + 1.4 + 0.3 * k, 0.3)) for k in range(4)]
    people = {
        "A": Participant("A", "A", "project manager"),
        "B": Participant("B", "B", "engineer"),
    }
    ordered = tuple(sorted(words, key=lambda word: word.start))
    return BenchMeeting(name, to_samples(60.0 * minutes), ordered, people, ("A",))


def times(start: float, length: float) -> tuple[int, int]:
    return to_samples(start), to_samples(start + length)


@pytest.fixture(scope="module")
def lessons() -> list[PreparedMeeting]:
    return [prepare(meeting(name, seed), network(), encode) for seed, name in enumerate("xyz")]


def quiet(stage: str, step: int, steps: int, found: dict[str, float]) -> None:
    """Nobody watches."""


def test_a_prepared_meeting_is_read_as_it_was_written(
    lessons: list[PreparedMeeting], tmp_path: Path
) -> None:
    write(lessons[0], tmp_path / "x.safetensors")
    again = read(tmp_path / "x.safetensors")
    assert again.meeting_id == "x"
    assert [seat.example.leads for seat in again.seats] == [True, False]
    for before, after in zip(lessons[0].words, again.words, strict=True):
        assert torch.equal(before, after)
    for seat, found in zip(lessons[0].seats, again.seats, strict=True):
        for shift in range(SHIFTS):
            one, other = (shifted_stream(which.example, shift) for which in (seat, found))
            np.testing.assert_array_equal(one.at, other.at)
            np.testing.assert_array_equal(one.labels, other.labels)


def test_moments_may_lie_between_full_seconds() -> None:
    words = [Word("A", "so", *times(4.1, 1.0)), Word("A", "then", *times(5.1, 1.5))]
    taught = replace(meeting("x", 0), words=(Word("B", "go", *times(0.5, 0.3)), *words))
    example = seat_example(Seat(taught, "A"), encode, 64)
    for shift, right in enumerate([[4.0], [3.25], [3.5], [3.75]]):
        asked = shifted_stream(example, shift)
        at = asked.at / SAMPLE_RATE
        assert np.all(at % 1 == shift / 4)
        assert at[asked.labels[:, 1]].tolist() == right  # the turn begins within 1 s
        assert not np.any((at > 4.1) & (at < 6.6))  # the seat is speaking
    assert shifted_stream(example, 0) is example.stream


def test_a_prepared_meeting_may_hold_more_than_is_learned_from(
    lessons: list[PreparedMeeting], tmp_path: Path
) -> None:
    write(lessons[0], tmp_path / "x.safetensors")
    tensors, about = read_tensors(tmp_path / "x.safetensors")
    more = {f"{seat}.stream.chunk": torch.zeros(5) for seat in range(2)}
    more |= {f"{seat}.dynamic.at": torch.zeros(3, dtype=torch.long) for seat in range(2)}
    write_tensors(tensors | more, tmp_path / "more.safetensors", about)
    plain, found = read(tmp_path / "x.safetensors"), read(tmp_path / "more.safetensors")
    for one, other in zip(plain.seats, found.seats, strict=True):
        for kind in ("stream", "boundary"):
            for name in ("at", "features", "labels"):
                np.testing.assert_array_equal(
                    getattr(getattr(one.example, kind), name),
                    getattr(getattr(other.example, kind), name),
                )


def test_words_teach_what_the_floor_cannot_hear(
    lessons: list[PreparedMeeting], tmp_path: Path
) -> None:
    model = network(fresh=True)
    Run(tmp_path / "run", SETTINGS).train(model, lessons[:2], quiet)
    assert load_run(model, tmp_path / "run") > 0
    assert model.floor.forest is not None
    found = figures(answers(model, lessons[2:], "stream", lambda done, of: None), 1)
    assert found["floor AP"] < 0.6  # it knows when, but not whether
    assert found["AP"] > 0.7


class Enough(Exception):
    """Stops a run."""


def test_an_interrupted_run_goes_on_as_if_nothing_had_happened(
    lessons: list[PreparedMeeting], tmp_path: Path
) -> None:
    settings = SETTINGS.model_copy(update={"epochs": 1.5})

    def stop(stage: str, step: int, steps: int, found: dict[str, float]) -> None:
        if stage == "words" and step == 7:
            raise Enough

    whole, parts = network(), network()
    Run(tmp_path / "whole", settings).train(whole, lessons[:2], quiet)
    with pytest.raises(Enough):
        Run(tmp_path / "parts", settings).train(parts, lessons[:2], stop)
    parts = network()
    assert load_run(network(), tmp_path / "parts") == 7
    Run(tmp_path / "parts", settings).train(parts, lessons[:2], quiet)
    for name, tensor in trained(whole).items():
        torch.testing.assert_close(trained(parts)[name], tensor, atol=1e-5, rtol=1e-4)


def test_a_decision_does_not_see_what_it_is_to_miss(lessons: list[PreparedMeeting]) -> None:
    model = network()
    torch.nn.init.normal_(model.get_parameter("head.1.weight"))
    seat, words = lessons[0].seats[0], lessons[0].words[0]
    known = lessons[0].segments[0].tokens.known
    at = seat.example.stream.at[20:22]
    features = torch.from_numpy(seat.example.stream.features[20:22])
    # The last token known is what the decision enters with; only those before it can be missed.
    missed = np.zeros((2, len(known)), dtype=np.bool_)
    missed[1, 3 : np.searchsorted(known, at[1], side="right") - 1] = True

    def logits(changed: torch.Tensor, *rows: NDArray[np.bool_]) -> torch.Tensor:
        passage = Passage([seat.prompt], changed, known, [at], rows)
        role = torch.tensor([[1.0, 1.0]]).expand(2, -1)
        return decide_passages(model, [passage], features, role).logits.detach()

    whole, some = logits(words), logits(words, missed)
    assert torch.equal(whole[0], some[0])
    assert not torch.allclose(whole[1], some[1])


def test_batches_go_where_the_network_is(lessons: list[PreparedMeeting]) -> None:
    # Tensors of this device have no numbers, and cannot be mixed with the processor's.
    model = network(fresh=True).to("meta")
    model.floor.forest = None
    drill = Drill(model, lessons, WordsSettings(missed=0.2, dropout=0.1))
    model.train()
    _, lesson = next(drill.lessons())
    assert lesson.features.device.type == "cpu"
    losses, alone, weights = drill.losses(lesson)
    assert losses.device.type == alone.device.type == weights.device.type == "meta"
    (losses * weights).sum().backward()  # type: ignore[no-untyped-call]  # untyped in torch
    assert all(one.grad is not None for name, one in model.named_parameters() if name[-2:] == ".b")


def test_dropout_is_the_same_each_time_and_only_while_learning(
    lessons: list[PreparedMeeting], tmp_path: Path
) -> None:
    settings = SETTINGS.model_copy(
        update={"epochs": 2, "floor_epochs": 3, "trees": 0, "dropout": 0.5, "missed": 0.3}
    )
    learned = []
    for name in ("none", "one", "other"):
        model = network(fresh=True)
        own = settings.model_copy(update={"dropout": 0.0}) if name == "none" else settings
        Run(tmp_path / name, own).train(model, lessons[:2], quiet)
        learned.append(trained(model))
    assert all(torch.equal(one, learned[2][name]) for name, one in learned[1].items())
    assert not all(torch.equal(one, learned[0][name]) for name, one in learned[1].items())
    found = [answers(model, lessons[2:], "stream", lambda done, of: None) for _ in range(2)]
    np.testing.assert_array_equal(found[0].logits, found[1].logits)


@pytest.mark.parametrize("thinks", [False, True])
def test_a_run_goes_on_from_exported_weights(
    lessons: list[PreparedMeeting], tmp_path: Path, *, thinks: bool
) -> None:
    model, file = network(thinks=thinks), tmp_path / "weights.safetensors"
    moments = gather(lessons[:2])
    model.floor.plant(grow(moments, 3, 0, lambda done, of: None).state_dict())
    after = Advice() if thinks else None
    digest = save(model, About(shape=model.shape, after_thought=after), file)
    settings = SETTINGS.model_copy(update={"epochs": 0.3, "begun_with": digest})
    Run(tmp_path / "run", settings).train(network(seed=1), lessons[:2], quiet, begin=file)
    found = network(seed=2)
    assert load_run(found, tmp_path / "run") == 2
    assert found.floor.forest is not None
    assert found.floor.forest.value.shape[1] == 3  # its trees, as they came
    torch.testing.assert_close(found.floor.state_dict(), model.floor.state_dict())
    assert not torch.equal(trained(found)["head.1.weight"], trained(model)["head.1.weight"])
    with pytest.raises(InputError, match="another sha256"):
        Run(tmp_path / "other", SETTINGS.model_copy(update={"begun_with": "0" * 64})).train(
            network(), lessons[:2], quiet, begin=file
        )


def test_a_run_can_go_on_from_another_run(lessons: list[PreparedMeeting], tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"floor_epochs": 2, "epochs": 0.3, "trees": 3})
    first, second = tmp_path / "first", tmp_path / "second"
    Run(first, settings).train(network(), lessons[:2], quiet)
    later = settings.model_copy(update={"seed": 1, "begun_with": begun_with(first)})
    Run(second, later).train(network(seed=1), lessons[:2], quiet, begin=first)
    load_run(one := network(seed=2), first)
    load_run(other := network(seed=3), second)
    torch.testing.assert_close(one.floor.state_dict(), other.floor.state_dict())
    assert one.floor.forest is not None
    assert other.floor.forest is not None
    torch.testing.assert_close(one.floor.forest.value, other.floor.forest.value)
    assert not torch.equal(trained(one)["head.1.weight"], trained(other)["head.1.weight"])
    with pytest.raises(InputError, match="not a training run"):
        begun_with(tmp_path)


def test_other_settings_do_not_go_on(tmp_path: Path) -> None:
    Run(tmp_path / "run", SETTINGS)
    with pytest.raises(InputError, match="other settings"):
        Run(tmp_path / "run", SETTINGS.model_copy(update={"seed": 1}))


def test_what_is_not_there_or_broken_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no prepared meetings"):
        read_all(tmp_path)
    (tmp_path / "x.safetensors").write_bytes(b"nonsense")
    with pytest.raises(InputError, match="not a prepared meeting"):
        read_all(tmp_path)
    with pytest.raises(InputError, match="not a training run"):
        load_run(network(), tmp_path)
    Run(tmp_path, SETTINGS)
    with pytest.raises(InputError, match="not learned anything"):
        load_run(network(), tmp_path)
    (tmp_path / "words.safetensors").write_bytes(b"nonsense")
    with pytest.raises(InputError, match="broken checkpoint"):
        load_run(network(), tmp_path)


def test_two_runs_become_one(lessons: list[PreparedMeeting], tmp_path: Path) -> None:
    begun, file = network(), tmp_path / "weights.safetensors"
    digest = save(begun, About(shape=begun.shape), file)
    settings = SETTINGS.model_copy(update={"epochs": 0.3, "begun_with": digest, "trees": 2})
    Run(tmp_path / "run", settings).train(network(seed=1), lessons[:2], quiet, begin=file)
    average(network(seed=2), tmp_path / "run", file, tmp_path / "mean")
    longer, mean = network(seed=3), network(seed=4)
    load_run(longer, tmp_path / "run")
    assert load_run(mean, tmp_path / "mean") == 2
    assert mean.floor.forest is not None
    found, first, last = trained(mean), read_checkpoint(file)[1], trained(longer)
    for name in ("head.1.weight", "layers.1.self_attn.q_proj.a"):
        torch.testing.assert_close(found[name], (first[name].float() + last[name]) / 2)
    with pytest.raises(InputError, match="a run already"):
        average(network(), tmp_path / "run", file, tmp_path / "mean")
    save(longer, About(shape=begun.shape), file)
    average(network(), tmp_path / "run", file, tmp_path / "twice")
    load_run(twice := network(), tmp_path / "twice")
    assert twice.floor.forest is not None
    assert twice.floor.forest.value.shape[1] == 4  # the trees of both
    save(network(seed=5), About(shape=begun.shape), file)
    with pytest.raises(InputError, match="same floor model"):
        average(network(), tmp_path / "run", file, tmp_path / "other")


def test_as_many_moments_fit_in_a_role_as_in_the_leaders_seat(
    lessons: list[PreparedMeeting],
) -> None:
    stream = answers(network(), lessons[2:], "stream", lambda done, of: None)
    rare = replace(stream, logits=stream.logits - 4.0)
    found = advice(stream, stream, {"Timekeeper": rare})
    taken = probabilities(stream.logits[:, 1], found.scale[1]) >= found.threshold
    fits = probabilities(rare.logits[:, 1], found.scale[1]) >= found.roles["Timekeeper"]
    assert found.roles["Timekeeper"] < found.threshold
    assert abs(taken.mean() - fits.mean()) < 0.01


def test_words_count_as_much_as_they_are_worth(lessons: list[PreparedMeeting]) -> None:
    model = network()
    stream, boundary = (
        answers(model, lessons[2:], kind, lambda done, of: None) for kind in ("stream", "boundary")
    )
    shares = weigh_words(model, stream, boundary)
    assert (shares[:3] < 1.0).all()  # random words are worth less than they say
    again = answers(model, lessons[2:], "stream", lambda done, of: None)
    np.testing.assert_allclose(again.logits, stream.weighing_words(shares).logits, atol=1e-4)
    added = (again.logits - again.alone)[:, 1]
    assert (added <= words_reach([again])).all()
    assert words_reach([again]) in added
