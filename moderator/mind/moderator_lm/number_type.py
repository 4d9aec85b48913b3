"""The type of number that the embedded mind computes in: what its processor is quick at.

Processors without instructions for bfloat16 take four times as long for it as for float32, others
half as long. Which it is here is measured once and kept beside the weights, so that all runs on one
machine compute the same.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from moderator.errors import InputError
from moderator.mind.moderator_lm.unpacked import MODEL

if TYPE_CHECKING:
    from moderator.models.store import ModelStore

TYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}

_FILE = "type"
_TIMES = 5
_TOKENS, _INPUTS, _OUTPUTS = 64, 576, 1536
"""A layer of the embedded language model, and as many tokens as come with some words."""


def number_type(store: ModelStore, device: torch.device) -> torch.dtype:
    """Bfloat16 or float32, whichever this machine computes faster; bfloat16 on a GPU.

    Args:
        store: keeps what was measured, for each kind of processor that uses it. Where it cannot be
            written, it is measured each time.
        device: computes.
    """
    if device.type != "cpu":
        return torch.bfloat16
    folder = f"type-{_processor()}"
    try:
        kept = store.made(MODEL, folder, _keep) / _FILE
        return TYPES[kept.read_text("ascii").strip()]
    except (InputError, OSError, ValueError, KeyError):
        return TYPES[faster()]


def faster() -> str:
    """Which of `TYPES` is quicker here, by the shortest of some computations of each."""
    shortest = {name: _shortest(kind) for name, kind in TYPES.items()}
    return min(shortest, key=lambda name: shortest[name])


def _shortest(kind: torch.dtype) -> float:
    from torch.utils.benchmark import Timer

    tokens = torch.ones(_TOKENS, _INPUTS, dtype=kind)
    weights = torch.ones(_OUTPUTS, _INPUTS, dtype=kind)
    given = {"linear": torch.nn.functional.linear, "tokens": tokens, "weights": weights}
    timer = Timer("linear(tokens, weights)", globals=given)
    return min(timer.timeit(2).mean for _ in range(_TIMES))  # in seconds


def _keep(directory: Path) -> None:
    (directory / _FILE).write_text(faster() + "\n", "ascii")


def _processor() -> str:
    """What the answer depends on: the processor, what libraries may use of it, and torch."""
    able = torch.cpu.get_capabilities()
    parts = (
        str(torch.__version__),
        torch.backends.cpu.get_cpu_capability(),
        os.environ.get("ONEDNN_MAX_CPU_ISA", ""),
        *sorted(f"{name} {has}" for name, has in able.items() if isinstance(has, bool | str)),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
