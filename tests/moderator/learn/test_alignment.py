"""The projector learns to hear: meetings read aloud, a run that goes on, and broken files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from moderator.audio import Waveform
from moderator.errors import InputError
from moderator.events import Word
from moderator.learn.align_run import PROJECTOR, Studio, align, learned_from, load_projector
from moderator.learn.align_stage import Alignment, AlignSettings, Ear
from moderator.learn.heard_meeting import SILENCE, HeardMeeting, hear
from moderator.learn.hearing_scores import hearing
from moderator.learn.reading_aloud import Reader, read_aloud, reader
from moderator.measure.bench.meeting import BenchMeeting
from moderator.mind.base import Participant
from moderator.mind.moderator_lm.network import Network
from moderator.mind.moderator_lm.script import OPENING
from moderator.mind.moderator_lm.speech import CHUNK
from moderator.testing.mouth import ToneVoice
from moderator.timeline import SAMPLE_RATE, to_samples
from tests.moderator.mind.moderator_lm.tiny import SHAPE, encode, network

SETTINGS = AlignSettings(
    minutes=1,
    matching=60,
    matching_batch=8,
    matching_rate=0.05,
    predicting=40,
    rate=0.02,
    batch=2,
    window=3,
)
VOCABULARY = "abcde"


def said(speaker: str, text: str, start_s: float, length_s: float = 0.4) -> Word:
    return Word(speaker, text, to_samples(start_s), to_samples(start_s + length_s))


def meeting(name: str, seed: int, seconds: int = 30) -> BenchMeeting:
    """A and B say a word every second, in turn for a while."""
    random = np.random.default_rng(seed)
    words = tuple(
        said("AB"[second // 5 % 2], str(random.choice(list(VOCABULARY))), second + 0.3)
        for second in range(seconds)
    )
    people = {one: Participant(one, one) for one in "AB"}
    return BenchMeeting(name, to_samples(seconds), words, people)


def bands(chunk: Waveform) -> NDArray[np.float32]:
    """How loud six bands of 150 to 450 Hz are, in each of 50 frames."""
    power = np.abs(np.fft.rfft(chunk.reshape(50, 320), 1600))[:, 15:45]
    return np.asarray(np.log(1e-3 + power.reshape(50, 6, 5).sum(2)), dtype=np.float32)


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio([reader(ToneVoice())], encode, bands, "tones")


def fresh() -> Network:
    """Its language model heeds what it reads, which small random weights do not."""
    made = network(fresh=True)
    with torch.no_grad():
        made.backbone.embed_tokens.weight.mul_(10)
    return made


MEETINGS = [meeting(name, seed) for seed, name in enumerate("xyz")]


def quiet(stage: str, step: int, steps: int, found: dict[str, float]) -> None:
    """Nobody watches."""


def test_turns_are_read_when_they_were_and_about_as_fast() -> None:
    words = (
        *(said("A", text, 1 + 0.5 * index) for index, text in enumerate(("one", "two", "three"))),
        said("B", "yes", 1.6),
        said("A", "later", 10.0, 1.5),
    )
    made = BenchMeeting("m", to_samples(20), words, {one: Participant(one, one) for one in "AB"})
    read = read_aloud(
        made, [reader(ToneVoice())], to_samples(0.5), to_samples(15.5), np.random.default_rng(0)
    )
    assert len(read.samples) == to_samples(15.0)
    assert [(one.speaker, one.text) for one in read.words if one.text != "yes"] == [
        ("A", "one"), ("A", "two"), ("A", "three"), ("A", "later")
    ]  # fmt: skip
    firsts = {one.text: one for one in read.words}
    assert firsts["one"].start == to_samples(1.0)
    assert firsts["yes"].start == to_samples(1.6)
    assert firsts["three"].end <= to_samples(2.5)
    loud = np.abs(read.samples.reshape(-1, SAMPLE_RATE // 10)).max(1) > 0.03
    assert not loud[:5].any()
    assert loud[5:7].any()
    assert not loud[25:94].any()


def test_what_would_sound_too_long_is_cut_with_its_words() -> None:
    words = tuple(said("A", text, 1 + 0.05 * index, 0.05) for index, text in enumerate("abcdefgh"))
    made = BenchMeeting("m", to_samples(4), words, {"A": Participant("A", "A")})
    slow = Reader(ToneVoice(0.5), 1e-3)  # thinks that it is slow, and is
    read = read_aloud(made, [slow], 0, to_samples(4), np.random.default_rng(0))
    assert 0 < len(read.words) < 8
    assert max(one.end for one in read.words) <= to_samples(1.5)
    assert np.abs(read.samples[to_samples(1.6) :]).max() < 0.06


def test_the_same_seed_gives_the_same_sound_and_another_another() -> None:
    voices = [reader(ToneVoice(speaker=name)) for name in "ab"]
    one, same, other = (
        read_aloud(MEETINGS[0], voices, 0, to_samples(9), np.random.default_rng(seed)).samples
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0.01


def test_tokens_lie_where_they_sound() -> None:
    words = [said("A", "go", 0.2), said("B", "on", 1.5)]
    labels = {"A": "A", "B": "B"}
    samples = np.zeros(2 * CHUNK + 5, dtype=np.float32)
    heard = hear(samples, words, 0, labels, encode, bands, SHAPE.stacked)
    assert heard.frames.shape == (2, 50, 6)
    assert heard.frames.dtype == torch.float16
    text = bytes(one if one != SILENCE else ord("_") for one in heard.spoken[0].tolist())
    assert text == b"_____   ggggooo__________"
    assert bytes(heard.said(0).tolist()) == b"\nA: go"
    assert bytes(heard.said(1).tolist()) == b"\nB: on"
    with pytest.raises(ValueError, match="shorter"):
        hear(samples[:100], words, 0, labels, encode, bands, SHAPE.stacked)


def test_a_folded_ear_is_a_plain_projector() -> None:
    torch.manual_seed(0)
    ear = Ear(torch.randn(12), torch.rand(12) + 0.5, 8, torch.randn(8))
    torch.nn.init.normal_(ear.linear.weight)
    plain, frames = torch.nn.Linear(12, 8), torch.randn(3, 10, 6)
    ear.fold(plain)
    torch.testing.assert_close(plain(frames.reshape(3, 5, 12)), ear(frames))


@pytest.fixture(scope="module")
def aligned(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[float]]:
    """An alignment on the first two meetings, and its losses."""
    directory = tmp_path_factory.mktemp("aligned")
    losses: list[float] = []

    def note(stage: str, step: int, steps: int, found: dict[str, float]) -> None:
        losses.extend(found.values())

    align(fresh(), directory, MEETINGS[:2], studio, SETTINGS, note)
    return directory, losses


def held_out(studio: Studio) -> list[HeardMeeting]:
    made = []
    for index in (2, 0, 1):
        one = replace(MEETINGS[2], words=MEETINGS[index].words)
        read = read_aloud(one, studio.readers, 0, to_samples(30), np.random.default_rng(index))
        labels = {"A": "A", "B": "B"}
        made.append(hear(read.samples, read.words, 0, labels, encode, bands, SHAPE.stacked))
    return made


def test_embeddings_lie_near_what_is_said_in_a_meeting_not_learned_from(studio: Studio) -> None:
    model, exam = fresh(), held_out(studio)
    taught = AlignSettings.model_validate(SETTINGS.model_dump() | {"predicting": 0})
    alignment = Alignment(model, exam[1:], encode(OPENING), taught)
    assert [step for _, step, _, _ in alignment.train()] == list(range(1, 61))
    alignment.fold()
    letters = torch.tensor(list(VOCABULARY.encode()))
    spoken = exam[0].spoken.flatten()
    sounding = torch.isin(spoken, letters)
    given = model.speak(exam[0].frames.float()).flatten(0, 1)[sounding]
    nearest = letters[torch.cdist(given, model.embed(letters)).argmin(1)]
    assert (nearest == spoken[sounding]).float().mean() > 0.6


def test_a_transcript_is_scored_after_its_own_sound_another_and_none(
    aligned: tuple[Path, list[float]], studio: Studio
) -> None:
    model, exam = fresh(), held_out(studio)

    def scored() -> dict[str, float]:
        return hearing(model, exam, encode(OPENING), 3, lambda done, of: None)

    before = scored()
    assert before["tokens"] == sum(len(one.ids) for one in exam)
    load_projector(model, aligned[0] / PROJECTOR)
    found = scored()
    assert found == scored()
    assert found["none"] == before["none"]
    assert found["own"] < before["own"] - 0.3
    assert found["own"] != found["other"]


def test_losses_are_what_they_were(aligned: tuple[Path, list[float]]) -> None:
    losses = aligned[1]
    assert len(losses) == SETTINGS.matching + SETTINGS.predicting
    golden = [losses[index] for index in (0, 59, 60, 99)]
    np.testing.assert_allclose(golden, [5.37805, 1.59953, 7.63239, 5.26831], rtol=2e-3)


class Enough(Exception):
    """Stops an alignment."""


@pytest.mark.parametrize("at", [("matching", 30), ("matching", 60), ("predicting", 7)])
def test_an_interrupted_alignment_goes_on_as_if_nothing_had_happened(
    at: tuple[str, int], aligned: tuple[Path, list[float]], studio: Studio, tmp_path: Path
) -> None:
    def stop(stage: str, step: int, steps: int, found: dict[str, float]) -> None:
        if (stage, step) == at:
            raise Enough

    with pytest.raises(Enough):
        align(fresh(), tmp_path, MEETINGS[:2], studio, SETTINGS, stop)
    assert not (tmp_path / PROJECTOR).exists()
    steps: list[int] = []
    align(
        fresh(), tmp_path, MEETINGS[:2], replace(studio, frames=deaf), SETTINGS,
        lambda stage, step, of, found: steps.append(step),
    )  # fmt: skip
    whole, parts = network(), network()
    load_projector(whole, aligned[0] / PROJECTOR)
    load_projector(parts, tmp_path / PROJECTOR)
    torch.testing.assert_close(parts.projector.weight, whole.projector.weight)
    torch.testing.assert_close(parts.projector.bias, whole.projector.bias)


def deaf(chunk: Waveform) -> NDArray[np.float32]:
    raise AssertionError("nothing is heard twice")


def again(directory: Path, studio: Studio, settings: AlignSettings = SETTINGS) -> None:
    align(fresh(), directory, MEETINGS[:2], studio, settings, quiet)


def copied(aligned: Path, to: Path) -> Path:
    for path in (one for one in aligned.rglob("*") if one.is_file()):
        target = to / path.relative_to(aligned)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return to


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("state.safetensors", "broken checkpoint"),
        ("heard/00000.safetensors", "not what an earlier step wrote"),
        ("settings.json", "other settings"),
    ],
)
def test_broken_files_are_one_line(
    name: str, what: str, aligned: tuple[Path, list[float]], studio: Studio, tmp_path: Path
) -> None:
    directory = copied(aligned[0], tmp_path)
    (directory / name).write_bytes(b"{}")
    with pytest.raises(InputError, match=what):
        again(directory, studio)


def test_another_alignment_is_not_mixed_in(
    aligned: tuple[Path, list[float]], studio: Studio, tmp_path: Path
) -> None:
    directory = copied(aligned[0], tmp_path)
    with pytest.raises(InputError, match="other settings"):
        again(directory, studio, SETTINGS.model_copy(update={"seed": 1}))
    with pytest.raises(InputError, match="other settings"):
        again(directory, replace(studio, made_of="other voices"))


def test_only_an_aligned_projector_that_fits_is_taken(
    aligned: tuple[Path, list[float]], tmp_path: Path
) -> None:
    from moderator.mind.moderator_lm.tensor_file import write_tensors

    model: Network = network()
    with pytest.raises(InputError, match="no aligned projector"):
        load_projector(model, tmp_path / PROJECTOR)
    path, shape = tmp_path / PROJECTOR, model.projector.weight.shape
    for weight, about in (
        (torch.zeros(shape), {}),
        (torch.full(shape, torch.nan), {"aligned": "{}"}),
        (torch.zeros(3, 4), {"aligned": "{}"}),
    ):
        write_tensors({"weight": weight, "bias": torch.zeros(shape[0])}, path, about)
        with pytest.raises(InputError, match="no aligned projector"):
            load_projector(model, path)
    assert learned_from(aligned[0]) == (3, frozenset("xy"))
    with pytest.raises(InputError, match="not an alignment"):
        learned_from(tmp_path)
