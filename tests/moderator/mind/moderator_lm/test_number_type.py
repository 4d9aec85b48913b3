"""The embedded mind computes in what its processor is quick at, and in the same each time."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from moderator.learn.prepared import prepare, read, write
from moderator.learn.words_stage import Drill, WordsSettings
from moderator.mind.moderator_lm import number_type as module
from moderator.mind.moderator_lm.backbone import new_backbone
from moderator.mind.moderator_lm.llama import Backbone
from moderator.mind.moderator_lm.network import Network
from moderator.mind.moderator_lm.number_type import Processor, faster, number_type
from moderator.models.store import ModelStore
from tests.moderator.learn.test_training import meeting
from tests.moderator.mind.moderator_lm.test_embedded_mind import ROLE, record
from tests.moderator.mind.moderator_lm.tiny import BACKBONE, encode, network

CPU = torch.device("cpu")
OLD = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
"""Let a newer processor be taken for one without instructions for bfloat16."""

NEW_X86 = Processor("x86_64", "a new one", "AVX512", bfloat16=True)
ARM = Processor("aarch64", "one of Arm's", "DEFAULT", bfloat16=True)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What measuring will say, one after the other."""
    coming = ["float32", "bfloat16", "float32"]
    monkeypatch.setattr(module, "faster", lambda: coming.pop(0))
    return coming


@pytest.mark.parametrize(
    ("processor", "expected"),
    [
        (NEW_X86, "bfloat16"),
        (replace(NEW_X86, limit="AVX512_CORE_BF16"), "bfloat16"),
        (replace(NEW_X86, limit="ALL"), "bfloat16"),
        (replace(NEW_X86, limit="AVX512_CORE_VNNI"), "float32"),
        (replace(NEW_X86, level="AVX2", limit="AVX2"), "float32"),
        (replace(NEW_X86, level="AVX2"), "float32"),
        (replace(NEW_X86, bfloat16=False), "float32"),
        (Processor("x86_64", "an old one", "DEFAULT", bfloat16=False), "float32"),
    ],
)
def test_intels_and_amds_follow_a_rule_and_are_not_measured(
    tmp_path: Path, answers: list[str], processor: Processor, expected: str
) -> None:
    store = ModelStore(tmp_path / "cache")
    assert str(number_type(store, CPU, processor)) == f"torch.{expected}"
    assert len(answers) == 3
    assert not store.root.exists()


def test_elsewhere_it_is_measured_once_and_kept(tmp_path: Path, answers: list[str]) -> None:
    kept = [number_type(ModelStore(tmp_path), CPU, ARM) for _ in range(3)]
    assert kept == 3 * [torch.float32]
    assert len(answers) == 2


def test_another_processor_is_measured_by_itself(tmp_path: Path, answers: list[str]) -> None:
    other = replace(ARM, name="another of Arm's")
    assert number_type(ModelStore(tmp_path), CPU, ARM) is torch.float32
    assert number_type(ModelStore(tmp_path), CPU, other) is torch.bfloat16
    assert number_type(ModelStore(tmp_path), CPU, ARM) is torch.float32
    assert len(answers) == 1


@pytest.mark.parametrize("able", [True, False])
def test_where_nothing_can_be_kept_the_rule_holds(
    tmp_path: Path, answers: list[str], *, able: bool
) -> None:
    """Another measurement at the next start might say something else."""
    (tmp_path / "file").write_text("no directory")
    expected = torch.bfloat16 if able else torch.float32
    store = ModelStore(tmp_path / "file")
    assert number_type(store, CPU, replace(ARM, bfloat16=able)) is expected
    assert len(answers) == 3


def test_graphics_processors_are_not_asked(tmp_path: Path, answers: list[str]) -> None:
    assert number_type(ModelStore(tmp_path), torch.device("cuda"), ARM) is torch.bfloat16
    assert len(answers) == 3


def test_it_is_one_of_the_two() -> None:
    assert faster() in {"bfloat16", "float32"}


def taken(model: Backbone, dtype: torch.dtype) -> Backbone:
    """The same model as from a file: its matrices in bfloat16."""
    with torch.device("meta"):
        made = Backbone(BACKBONE)
    made.take({name: one.bfloat16() for name, one in model.state_dict().items()}, dtype)
    return made


@torch.inference_mode()
def test_weights_stay_as_they_are_on_disk_and_are_widened_where_they_are_used() -> None:
    torch.manual_seed(0)
    model = new_backbone(BACKBONE)
    wide = taken(model, torch.float32)
    assert wide.dtype is torch.float32
    assert {one.dtype for one in wide.parameters() if one.dim() > 1} == {torch.bfloat16}
    plain = new_backbone(BACKBONE)
    plain.load_state_dict({name: one.float() for name, one in wide.state_dict().items()})
    ids, places = torch.arange(20)[None], torch.arange(20)[None]
    mask = torch.ones(20, 20, dtype=torch.bool).tril()[None, None]
    found = []
    for one in (wide, plain):
        hidden = one.embed(ids)
        for layer in one.layers:
            hidden, _ = layer(hidden, one.rotary(places), mask, None)
        found.append(one.next_tokens(hidden))
    assert found[0].dtype is torch.float32
    assert torch.equal(*found)


@pytest.mark.parametrize("prepared", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("learning", [torch.bfloat16, torch.float32])
def test_meetings_prepared_on_one_machine_are_learned_from_on_another(
    tmp_path: Path, prepared: torch.dtype, learning: torch.dtype
) -> None:
    here, there = (
        Network(network().shape, taken(new_backbone(BACKBONE), dtype))
        for dtype in (prepared, learning)
    )
    write(prepare(meeting("x", 0), here, encode), tmp_path / "x.safetensors")
    lessons = [read(tmp_path / "x.safetensors")]
    assert {words.dtype for words in lessons[0].words} == {torch.bfloat16}
    drill = Drill(there, lessons, WordsSettings(batch=2))
    there.train()
    loss, alone = drill.step(next(drill.lessons())[1])
    assert 0 < loss < 10
    assert 0 < alone < 10


ASK = """
import json, torch
from moderator.cli.models import open_store
from moderator.mind.moderator_lm.floor_features import feature_count
from moderator.mind.moderator_lm.loading import load
from moderator.mind.moderator_lm.parts import SYSTEM
from moderator.mind.moderator_lm.script import OPENING, Tokens
from moderator.mind.moderator_lm.stream import Stream, decide, read_prompt

torch.set_num_threads(1)
loaded = load(open_store(offline=True))
network, encode = loaded.network, loaded.encode
stream, found = Stream(network, encode(OPENING)), []
prompt = read_prompt(network, encode(SYSTEM.format("You are B, project manager.")))
text = "A: So that is the budget, and I think we are done. C: Okay. What do you think, B?"
ids = torch.tensor(encode(text)).numpy()
with torch.inference_mode():
    reading = network.floor(torch.zeros(1, feature_count()), torch.ones(1, 2))
    for at, token in enumerate(ids):
        stream.add(Tokens(ids[at : at + 1], ids[:1] * 0 + 8000 * (at + 1)))
        if at % 3 == 0:
            stream.catch_up(8000 * (at + 1))
            found.append(decide(network, [stream], [prompt], reading).sigmoid()[0].tolist())
print(json.dumps({"type": loaded.number_type, "found": found}))
"""


@pytest.mark.e2e
@pytest.mark.skipif(platform.machine() != "x86_64", reason="of Intel's and AMD's processors")
def test_both_types_find_the_same_probabilities() -> None:
    said = {}
    for name, more in (("here", {}), ("old", OLD)):
        command = [sys.executable, "-c", ASK]
        done = subprocess.run(command, check=True, env={**os.environ, **more}, capture_output=True)
        said[name] = json.loads(done.stdout)
    assert said["old"]["type"] == "float32"
    assert said["here"]["type"] == Processor.here().rule
    one, other = (np.array(said[name]["found"]) for name in said)
    assert len(one) > 5
    assert one.std() > 0.01
    assert np.abs(one - other).max() < 0.02


@pytest.mark.e2e
@pytest.mark.skipif(platform.machine() != "x86_64", reason="of Intel's and AMD's processors")
def test_on_a_processor_without_bfloat16_it_decides_the_same(tmp_path: Path) -> None:
    role = tmp_path / "role.yaml"
    role.write_text(ROLE)
    meeting = record(tmp_path / "weekly.json")
    decided = {}
    for name, more in (("here", {}), ("old", OLD)):
        out = tmp_path / name
        command = [sys.executable, "-m", "moderator", "replay", str(meeting), "--role", str(role)]
        command += ["--out", str(out), "--offline"]
        subprocess.run(command, check=True, env={**os.environ, **more}, capture_output=True)
        lines = (out / "journal.jsonl").read_text().splitlines()
        decided[name] = [
            (line["at"], line["action"], line["reason"])
            for line in map(json.loads, lines)
            if line["kind"] == "decision"
        ]
    assert json.loads((tmp_path / "old" / "summary.json").read_text())["number_type"] == "float32"
    assert decided["old"] == decided["here"]
