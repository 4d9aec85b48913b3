"""The trained parts as one file: tensors only, with what is needed to use them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from moderator.errors import InputError
from moderator.mind.moderator_lm.about import About, broken_file, read_about, sha256
from moderator.mind.moderator_lm.floor_features import ROLE, feature_count
from moderator.mind.moderator_lm.llama import Backbone
from moderator.mind.moderator_lm.network import Network
from moderator.mind.moderator_lm.shape import Shape
from moderator.mind.moderator_lm.tensor_file import read_tensors, write_tensors

FOREST = "floor.forest."
"""What the names of the floor model's trees begin with; a checkpoint may have none."""

THINKING = "thinking."
"""What the names of a thought's tensors begin with; only a checkpoint that thinks has some."""


def trained(network: Network) -> dict[str, Tensor]:
    """The tensors that training changes: everything but the backbone."""
    return {
        name: tensor
        for name, tensor in network.state_dict().items()
        if not name.startswith("backbone.")
        and (not name.startswith("layers.") or name.endswith((".a", ".b")))
    }


def save(network: Network, about: About, path: Path) -> str:
    """Writes a checkpoint, whole or not at all; the LoRA matrices in half precision.

    Returns:
        The file's sha256.

    Raises:
        OSError: it cannot be written.
    """
    tensors = {
        name: (tensor.half() if name.startswith(("layers.", "projector.")) else tensor).cpu()
        for name, tensor in trained(network).items()
    }
    write_tensors(tensors, path, {"moderator-lm": about.model_dump_json()})
    return sha256(path)


def read(path: Path, expected: str | None = None) -> tuple[About, dict[str, Tensor]]:
    """What stands in a checkpoint.

    Args:
        path: the file.
        expected: its sha256, where that is known.

    Raises:
        InputError: it is missing, not one of ours, or has another hash.
    """
    about = read_about(path, expected)
    with broken_file(path):
        return about, read_tensors(path)[0]


def trees_in(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of the floor's trees, by the names of `PARTS`; empty without trees."""
    return {
        name.removeprefix(FOREST): one for name, one in tensors.items() if name.startswith(FOREST)
    }


def put(network: Network, tensors: dict[str, Tensor], path: Path) -> None:
    """Puts trained tensors into a network, and the floor's trees, if there are some.

    Raises:
        InputError: they are of another shape.
    """
    trees = trees_in(tensors)
    tensors = {name: one for name, one in tensors.items() if not name.startswith(FOREST)}
    network.floor.plant({})
    wanted = trained(network)
    sizes = {name: tuple(tensor.shape) for name, tensor in wanted.items()}
    if sizes != {name: tuple(tensor.shape) for name, tensor in tensors.items()}:
        raise InputError(
            "the checkpoint is of another shape than it says",
            where=str(path),
            todo="export it again",
        )
    with torch.no_grad():
        for name, tensor in wanted.items():
            tensor.copy_(tensors[name])
    try:
        network.floor.plant(trees)
    except ValueError as error:
        raise InputError(
            f"the checkpoint's trees are broken: {error}", where=str(path), todo="export it again"
        ) from error


def build(backbone: Backbone, path: Path, expected: str | None = None) -> tuple[Network, About]:
    """A network with a checkpoint's parts, ready to decide.

    Raises:
        InputError: as `read` and `put`, or the checkpoint is for another language model.
    """
    about, tensors = read(path, expected)
    size, found = about.shape.backbone, backbone.shape
    if (found.hidden, found.layers, found.vocabulary) != (
        size.hidden,
        size.layers,
        size.vocabulary,
    ):
        raise InputError(
            "the checkpoint is for a language model of another shape",
            where=f"{path}: {size.hidden} x {size.layers}, here {found.hidden} x {found.layers}",
            todo="use the one it was trained on",
        )
    _check_sizes(about.shape, tensors, path)
    network = Network(about.shape, backbone)
    if about.after_thought is not None:
        network.learn_to_think()
    put(network, tensors, path)
    return network.eval(), about


def _check_sizes(shape: Shape, tensors: dict[str, Tensor], path: Path) -> None:
    """Before memory is taken: the tensors that show every size are of the size that is said.

    Raises:
        InputError: they are not.
    """
    wanted = {
        f"layers.{shape.enter}.self_attn.q_proj.a": (shape.rank, shape.backbone.hidden),
        "floor.enter.weight": (shape.floor, feature_count() + ROLE),
        "projector.weight": (shape.backbone.hidden, shape.speech * shape.stacked),
    }
    found = {name: tuple(tensors[name].shape) for name in wanted if name in tensors}
    if found != wanted or shape.features != feature_count():
        raise InputError(
            "the checkpoint is of another shape than it says, or than this version uses",
            where=str(path),
            todo="export it again",
        )
