"""The trained parts as one file: tensors only, with what is needed to use them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from moderator.errors import InputError
from moderator.mind.moderator_lm.floor_model import ROLE, feature_count
from moderator.mind.moderator_lm.network import Network
from moderator.mind.moderator_lm.shape import Shape
from moderator.mind.moderator_lm.tensor_file import read_tensors, write_tensors

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

LARGEST = 64 * 2**20
"""Bytes of a file that is looked at."""

FOREST = "floor.forest."
"""What the names of the floor model's trees begin with; a checkpoint may have none."""

THINKING = "thinking."
"""What the names of a thought's tensors begin with; only a checkpoint that thinks has some."""

Probability = Annotated[float, Field(ge=0, le=1)]


class Advice(BaseModel):
    """How to read decisions.

    Attributes:
        threshold: probability from which on taking the turn is advised.
        roles: the same for roles that were played (`moderator.learn.role_play`), by position; some
            speak far less often than others.
        scale: per head, the logits are multiplied by this before they become probabilities.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    threshold: Probability = 0.5
    roles: Annotated[dict[str, Probability], Field(max_length=100)] = {}
    scale: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)

    def threshold_of(self, position: str | None) -> float:
        """The threshold in a position."""
        return self.roles.get(position or "", self.threshold)


class About(Advice):
    """What a checkpoint says of itself.

    Attributes:
        format: of the file.
        shape: of the network.
        backbone: sha256 of the language model's file that it was trained on; empty for none.
        words_reach: the most that the words added to the floor's logit of a turn within 1 s, at
            the moments that the threshold was chosen on; None: not measured.
        aligned: its projector was trained, so that it can hear.
        hears_audio: its decisions were trained with speech embeddings, so that it does.
        data: what it was trained on, for people.
        after_thought: it thinks, and its decisions are then to be read like this; None: it does
            not, and has no tensors for that.
    """

    format: Literal[1] = 1
    shape: Shape = Shape()
    backbone: str = Field(default="", max_length=64)
    words_reach: Annotated[float, Field(allow_inf_nan=False)] | None = None
    aligned: bool = False
    hears_audio: bool = False
    data: str = Field(default="", max_length=500)
    after_thought: Advice | None = None


def probabilities(logits: NDArray[np.floating], scale: float) -> NDArray[np.float64]:
    """``(n,)`` in [0, 1], from a head's logits and its scale."""
    return np.asarray(1.0 / (1.0 + np.exp(-scale * logits)))


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


def sha256(path: Path) -> str:
    """Of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read(path: Path, expected: str | None = None) -> tuple[About, dict[str, Tensor]]:
    """What stands in a checkpoint.

    Args:
        path: the file.
        expected: its sha256, where that is known.

    Raises:
        InputError: it is missing, not one of ours, or has another hash.
    """
    todo = "install the package again, or train and export a new one"
    try:
        if path.stat().st_size > LARGEST:
            raise InputError("too large for trained weights", where=str(path), todo=todo)
        if expected is not None and sha256(path) != expected:
            raise InputError("the trained weights have another sha256", where=str(path), todo=todo)
        tensors, says = read_tensors(path)
        return About.model_validate_json(says["moderator-lm"]), tensors
    except FileNotFoundError as error:
        raise InputError("the trained weights are missing", where=str(path), todo=todo) from error
    except (OSError, KeyError, ValueError) as error:
        raise InputError("not a checkpoint of moderator-lm", where=str(path), todo=todo) from error


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


def build(
    backbone: LlamaForCausalLM, path: Path, expected: str | None = None
) -> tuple[Network, About]:
    """A network with a checkpoint's parts, ready to decide.

    Raises:
        InputError: as `read` and `put`, or the checkpoint is for another language model.
    """
    about, tensors = read(path, expected)
    config = backbone.config
    size = about.shape.backbone
    found = (config.hidden_size, config.num_hidden_layers, config.vocab_size)
    if found != (size.hidden, size.layers, size.vocabulary):
        raise InputError(
            "the checkpoint is for a language model of another shape",
            where=f"{path}: {size.hidden} x {size.layers}, here {found[0]} x {found[1]}",
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
