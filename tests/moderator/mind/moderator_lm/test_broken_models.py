"""Language models, and what is remembered of them, that are broken: told in one line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from moderator.errors import InputError
from moderator.mind.moderator_lm.loading import check
from moderator.mind.moderator_lm.own_backbone import OwnBackbone
from moderator.mind.moderator_lm.unpacked import MODEL, WEIGHTS, unpacked
from moderator.models.spec import Model, ModelFile
from moderator.models.store import ModelStore
from tests.fuzz import models

DEEP = b"[" * 100_000
BROKEN = [b"\xff", DEEP, b"", b"7", b"9" * 5000]


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_a_language_model_that_cannot_be_remembered(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "backbone.json").write_bytes(content)
    with pytest.raises(InputError, match="cannot be understood"):
        OwnBackbone.remembered(tmp_path / "backbone.json")


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_a_pin_that_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "own.json").write_bytes(content)
    (tmp_path / "own.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="cannot be understood"):
        check(ModelStore(tmp_path, offline=True), tmp_path / "own.safetensors")


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("config.json", lambda found: {**found, "vocab_size": None}),
        ("config.json", lambda found: {**found, "rope_parameters": 7}),
        ("tokenizer.json", lambda found: {**found, "model": {"type": "none"}}),
        ("tokenizer_config.json", lambda found: [found]),
        ("tokenizer_config.json", lambda found: {**found, "model_max_length": "7"}),
    ],
)
def test_somebodys_language_model_that_is_broken(
    tmp_path: Path, name: str, broken: Callable[[dict[str, object]], object]
) -> None:
    for one, content in models.own_model().items():
        (tmp_path / one).write_bytes(content)
    OwnBackbone.at(tmp_path).load()
    path = tmp_path / name
    path.write_text(json.dumps(broken(json.loads(path.read_text()))))
    with pytest.raises(InputError, match="not a language model that can be used"):
        OwnBackbone.at(tmp_path).load()


def test_somebodys_tensors_that_are_none(tmp_path: Path) -> None:
    for one, content in models.own_model().items():
        (tmp_path / one).write_bytes(content)
    (tmp_path / "model.safetensors").write_bytes(b"\x08" + b"\0" * 7 + b"{       ")
    with pytest.raises(InputError, match="not a language model that can be used"):
        OwnBackbone.at(tmp_path).load()


@pytest.mark.parametrize("at", [0, 8, 60, 400, -2])
def test_a_gguf_file_that_is_broken_is_not_unpacked(tmp_path: Path, at: int) -> None:
    (whole,) = models.ggufs(tmp_path)
    broken = whole[:at] if at < 0 else whole[:at] + b"\xff" * 8 + whole[at + 8 :]
    for content in (whole, broken):
        folder = tmp_path / hashlib.sha256(content).hexdigest()
        (folder / MODEL).mkdir(parents=True)
        (folder / MODEL / "one.gguf").write_bytes(content)
        sealed = ModelFile("one.gguf", len(content), folder.name, ())
        store = ModelStore(folder, [Model(MODEL, "tried", "none", (sealed,))], offline=True)
        if content is whole:
            assert (unpacked(store) / WEIGHTS).is_file()
        else:
            with pytest.raises(InputError, match="the language model cannot be unpacked"):
                unpacked(store)
            assert [path.name for path in (folder / MODEL).iterdir()] in (
                ["one.gguf", ".unpacked.lock"],
                [".unpacked.lock", "one.gguf"],
                ["one.gguf"],
            )
