"""Loads the frozen language model from its plain copy, as many layers of it as are needed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from moderator.mind.moderator_lm.llama import Backbone
from moderator.mind.moderator_lm.number_type import number_type
from moderator.mind.moderator_lm.shape import BackboneShape
from moderator.mind.moderator_lm.tensor_file import read_tensors
from moderator.mind.moderator_lm.unpacked import PREFIX, WEIGHTS, unpacked

if TYPE_CHECKING:
    from moderator.models.store import ModelStore

_LAYER = re.compile(r"layers\.(\d+)\.")


def choose_device(wanted: str | None = None) -> torch.device:
    """The device asked for, or the first GPU if there is one, or the CPU."""
    if wanted is not None:
        return torch.device(wanted)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load_backbone(
    store: ModelStore,
    layers: int | None = None,
    notice: Callable[[str], None] = lambda _: None,
) -> Backbone:
    """The language model, in the type of number that its machine computes faster.

    Its weights stay on disk until they are used, and lie in memory once for all processes. Each
    layer is mapped by itself: where other matrices take the place of its own, those leave the
    memory.

    Args:
        store: has it.
        layers: how many of its layers are wanted, from below; None: all.
        notice: see `unpacked`.

    Raises:
        InputError: the model is missing, or its copy cannot be written.
    """
    path = unpacked(store, notice) / WEIGHTS
    kind = number_type(store, choose_device())
    with torch.device("meta"):
        model = Backbone(BackboneShape(), layers)
    parts: dict[str, list[str]] = {}
    for name in model.state_dict():
        layer = _LAYER.match(name)
        parts.setdefault(layer[1] if layer else "", []).append(PREFIX + name)
    tensors = {
        # What is small is copied: it would keep its layer's mapping.
        name.removeprefix(PREFIX): tensor.clone() if tensor.dim() == 1 else tensor
        for names in parts.values()
        for name, tensor in read_tensors(path, names)[0].items()
    }
    model.take(tensors, kind)
    return model


def new_backbone(shape: BackboneShape, dtype: torch.dtype = torch.float32) -> Backbone:
    """An untrained model of some shape, with random weights: for tests and for other sizes."""
    model = Backbone(shape)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.02)
    return model.eval().to(dtype)
