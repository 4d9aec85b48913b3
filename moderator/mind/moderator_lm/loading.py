"""Loads the shipped model: the backbone from the store, the trained parts from the package."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from moderator.errors import InputError

if TYPE_CHECKING:
    from moderator.mind.moderator_lm.checkpoint import About
    from moderator.mind.moderator_lm.network import Network
    from moderator.models import ModelStore

WEIGHTS = Path(__file__).parent / "weights" / "moderator-lm.safetensors"
PIN = WEIGHTS.with_suffix(".json")
"""Says which sha256 the shipped weights have."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model ready to decide.

    Attributes:
        network: with LoRA merged.
        encode: its tokenizer, without special tokens.
        about: the checkpoint's own words.
    """

    network: Network
    encode: Callable[[str], list[int]]
    about: About


def load(store: ModelStore, weights: Path | None = None) -> Loaded:
    """Loads a model.

    Args:
        store: has the language model.
        weights: a checkpoint; None: the shipped one, whose sha256 is pinned.

    Raises:
        InputError: something is missing, broken, or does not belong together.
    """
    from moderator.mind.moderator_lm.backbone import MODEL, choose_device, load_backbone
    from moderator.mind.moderator_lm.checkpoint import build
    from moderator.mind.moderator_lm.lora import merge

    expected = _pinned() if weights is None else None
    backbone, tokenizer = load_backbone(store)
    network, about = build(backbone, weights or WEIGHTS, expected)
    file = store.model(MODEL).files[0]
    if about.backbone and about.backbone != file.sha256:
        raise InputError(
            "the checkpoint was trained on another language model",
            where=str(weights or WEIGHTS),
            todo=f"train it again on {MODEL}",
        )
    shape = network.shape
    merge(network.layers[shape.enter : shape.depth])
    network.to(choose_device())

    def encode(text: str) -> list[int]:
        return list(tokenizer(text, add_special_tokens=False, split_special_tokens=False).input_ids)

    return Loaded(network, encode, about)


def _pinned() -> str:
    try:
        return str(json.loads(PIN.read_text())["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            "the trained weights are missing or broken",
            where=str(PIN),
            todo="install the package again, or use --mind duties",
        ) from error
