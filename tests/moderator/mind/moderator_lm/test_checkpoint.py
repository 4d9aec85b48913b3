"""Checkpoints: what is saved is what is loaded, and anything else is refused in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from moderator.errors import InputError
from moderator.mind.moderator_lm.about import About
from moderator.mind.moderator_lm.backbone import new_backbone
from moderator.mind.moderator_lm.checkpoint import build, read, save, trained
from moderator.mind.moderator_lm.shape import BackboneShape
from tests.moderator.mind.moderator_lm.tiny import BACKBONE, network

ABOUT = About(shape=network().shape, threshold=0.3, scale=(1.0, 0.8, 1.1, 0.9), data="nothing")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.safetensors"
    save(network(), ABOUT, path)
    return path


def test_what_is_saved_is_loaded(file: Path) -> None:
    saved, (made, about) = network(), build(new_backbone(BACKBONE), file)
    assert about == ABOUT
    assert not made.training
    for name, tensor in trained(made).items():
        torch.testing.assert_close(tensor, trained(saved)[name], atol=2e-3, rtol=2e-3)
    assert not any(name.startswith("backbone.") for name in load_file(file))


def test_a_file_is_the_same_each_time_and_known_by_its_hash(tmp_path: Path, file: Path) -> None:
    again = tmp_path / "again.safetensors"
    digest = save(network(), ABOUT, again)
    assert again.read_bytes() == file.read_bytes()
    assert read(again, digest)[0] == ABOUT
    with pytest.raises(InputError, match="another sha256"):
        read(again, "0" * 64)


def test_what_the_system_says_is_said_again(tmp_path: Path) -> None:
    """As an error of the system, with its number, which a full disk is known by."""
    with pytest.raises(FileNotFoundError):
        save(network(), ABOUT, tmp_path / "nowhere" / "x.safetensors")


def edited(file: Path, name: str, tensor: torch.Tensor | None) -> None:
    tensors = load_file(file)
    tensors.pop(name)
    if tensor is not None:
        tensors[name] = tensor
    save_file(tensors, file, metadata={"moderator-lm": ABOUT.model_dump_json()})


def _resized(file: Path) -> None:
    edited(file, "head.1.weight", torch.zeros(4, 31))


def _lacking(file: Path) -> None:
    edited(file, "floor.enter.weight", None)


def _boasting(file: Path) -> None:
    about = ABOUT.model_copy(update={"shape": ABOUT.shape.model_copy(update={"rank": 200_000})})
    save_file(load_file(file), file, metadata={"moderator-lm": about.model_dump_json()})


def _untitled(file: Path) -> None:
    save_file(load_file(file), file)


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:500])


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (_resized, "another shape"),
        (_lacking, "another shape"),
        (_boasting, "another shape"),
        (_untitled, "not a checkpoint"),
        (_cut, "not a checkpoint"),
        (Path.unlink, "missing"),
    ],
)
def test_what_is_no_checkpoint_is_refused(
    file: Path, spoil: Callable[[Path], None], what: str
) -> None:
    spoil(file)
    with pytest.raises(InputError, match=what) as caught:
        build(new_backbone(BACKBONE), file)
    assert caught.value.todo
    assert "\n" not in str(caught.value)


def test_another_language_model_is_refused(file: Path) -> None:
    wider = BackboneShape(**(BACKBONE.model_dump() | {"hidden": 64, "head_dim": 16}))
    with pytest.raises(InputError, match="language model of another shape"):
        build(new_backbone(wider), file)
