"""What may run as a local mind, and what is said of what may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from moderator.errors import InputError
from moderator.mind.loading import load_mind
from moderator.mind.local import weights as module
from moderator.mind.local.weights import NAME, weights
from moderator.models.registry import REGISTRY
from moderator.models.spec import Model
from moderator.models.store import ModelStore
from moderator.testing.models import model_file


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: object())


def test_a_file_with_a_chat_template_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "own.gguf"
    path.write_bytes(b"GGUF...tokenizer.chat_template...")
    store = ModelStore(tmp_path, [], offline=True)
    with pytest.raises(InputError, match="unknown model"):  # no embeddings are registered there
        weights(str(path), store)
    mind = load_mind(f"local:{path}", store=ModelStore(tmp_path, REGISTRY, offline=True))
    assert mind.capabilities.name == "duties+local"
    assert mind.capabilities.models[0] == "local:own.gguf"
    assert mind.capabilities.open_answers


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"GGUF...", "no chat template"),
        (b"weights", "no GGUF file"),
        (None, "cannot be read"),
    ],
)
def test_another_file_is_refused_in_one_line(
    tmp_path: Path, content: bytes | None, what: str
) -> None:
    path = tmp_path / "own.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=what) as caught:
        load_mind(f"local:{path}", store=ModelStore(tmp_path, REGISTRY, offline=True))
    assert str(caught.value).isprintable()
    assert caught.value.todo


def test_a_model_that_is_missing_or_wrong_is_said_in_one_line(tmp_path: Path) -> None:
    fake = Model(NAME, "for tests", "MIT", (model_file("m.gguf", b"GGUF"),), "local")
    store = ModelStore(tmp_path, [fake, *(m for m in REGISTRY if m.name != NAME)], offline=True)
    with pytest.raises(InputError, match="is not on this machine"):
        load_mind("local", store=store)
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "m.gguf").write_bytes(b"FUGG")
    with pytest.raises(InputError, match="wrong sha256"):
        load_mind("local", store=store)


def test_what_is_not_installed_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"llama.cpp is not installed.*\[local\]"):
        load_mind("local", store=ModelStore(tmp_path, offline=True))


def test_an_address_is_for_a_server(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no model to ask"):
        load_mind("local", "http://127.0.0.1:1/v1", store=ModelStore(tmp_path, offline=True))
