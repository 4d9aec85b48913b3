"""The type of number that the embedded mind computes in: what its processor is quick at.

Processors with instructions for bfloat16 take half as long in it as in float32, others several
times as long. The answer is a rule where it is known beforehand; elsewhere it is measured once and
kept beside the weights. So all runs on one machine compute the same, whatever else it was doing.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import torch

from moderator.errors import InputError
from moderator.mind.moderator_lm.unpacked import MODEL

if TYPE_CHECKING:
    from moderator.models.store import ModelStore

BFLOAT16, FLOAT32 = "bfloat16", "float32"
TYPES = {BFLOAT16: torch.bfloat16, FLOAT32: torch.float32}

_INSTRUCTIONS = {
    "x86_64": frozenset({"avx512_bf16", "amx_bf16"}),
    "aarch64": frozenset({"bf16", "sve_bf16"}),
}
"""What torch calls instructions for bfloat16, by architecture."""

_LIMITS = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI")
"""Values of oneDNN's own setting that keep it from these instructions."""

_FILE = "type"
_TIMES = 5
_TOKENS, _INPUTS, _OUTPUTS = (1, 16, 64), 576, 1536
"""A layer of the embedded language model, and as many tokens as come with few and many words."""


@dataclass(frozen=True, slots=True)
class Processor:
    """A processor, as libraries may use it.

    Attributes:
        architecture: such as ``x86_64``.
        name: as it calls itself.
        level: the instructions that torch uses, as it calls them; they can be limited by
            ``ATEN_CPU_CAPABILITY``.
        bfloat16: it has instructions for that.
        limit: the instructions that oneDNN may use at most (``ONEDNN_MAX_CPU_ISA``); empty: all.
    """

    architecture: str
    name: str
    level: str
    bfloat16: bool
    limit: str = ""

    @classmethod
    def here(cls) -> Self:
        """This machine's."""
        able = torch.cpu.get_capabilities()
        architecture = str(able.get("architecture", ""))
        has = {name for name in _INSTRUCTIONS.get(architecture, ()) if able.get(name) is True}
        return cls(
            architecture,
            str(able.get("cpu_name", "")),
            torch.backends.cpu.get_cpu_capability(),
            bool(has),
            os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper(),
        )

    @property
    def rule(self) -> str:
        """What instructions suggest: one of `TYPES`."""
        if self.architecture != "x86_64":
            return BFLOAT16 if self.bfloat16 else FLOAT32
        used = self.bfloat16 and self.level.startswith("AVX512") and self.limit not in _LIMITS
        return BFLOAT16 if used else FLOAT32

    @property
    def clear(self) -> bool:
        """Whether the rule was found right wherever it was measured."""
        return self.architecture == "x86_64"

    @property
    def digest(self) -> str:
        """Of all that speed depends on, torch's version too."""
        parts = (str(torch.__version__), *map(str, (self.architecture, self.name, self.level)))
        whole = "\n".join((*parts, str(self.bfloat16), self.limit))
        return hashlib.sha256(whole.encode()).hexdigest()[:16]


def number_type(
    store: ModelStore, device: torch.device, processor: Processor | None = None
) -> torch.dtype:
    """Bfloat16 or float32, whichever the machine computes faster; bfloat16 on a GPU.

    Args:
        store: keeps what was measured, for each kind of processor that uses it. Where it cannot
            be written, the rule is followed: another measurement might say something else.
        device: computes.
        processor: of the machine; None: this one's.
    """
    if device.type != "cpu":
        return TYPES[BFLOAT16]
    here = processor or Processor.here()
    if here.clear:
        return TYPES[here.rule]
    try:
        kept = store.made(MODEL, f"type-{here.digest}", _keep) / _FILE
        return TYPES[kept.read_text("ascii").strip()]
    except (InputError, OSError, ValueError, KeyError):
        return TYPES[here.rule]


def faster() -> str:
    """Which of `TYPES` is quicker here: a layer, by the shortest of some computations of each."""
    shortest = {name: _shortest(kind) for name, kind in TYPES.items()}
    return min(shortest, key=lambda name: shortest[name])


def _shortest(kind: torch.dtype) -> float:
    """Seconds for all of `_TOKENS`."""
    from torch.utils.benchmark import Timer

    weights = torch.ones(_OUTPUTS, _INPUTS, dtype=kind)
    given = {"linear": torch.nn.functional.linear, "weights": weights}
    timers = [
        Timer("linear(x, weights)", globals={**given, "x": torch.ones(many, _INPUTS, dtype=kind)})
        for many in _TOKENS
    ]
    return sum(min(one.timeit(2).mean for _ in range(_TIMES)) for one in timers)


def _keep(directory: Path) -> None:
    (directory / _FILE).write_text(faster() + "\n", "ascii")
