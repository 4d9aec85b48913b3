"""Low-rank adaptation of linear layers (Hu et al., 2022, arXiv 2106.09685)."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional

ADAPTED = {
    "self_attn": ("q_proj", "k_proj", "v_proj", "o_proj"),
    "mlp": ("gate_proj", "up_proj", "down_proj"),
}
"""Linear layers of a decoder layer that are adapted."""


class LoRALinear(nn.Module):
    """A frozen linear layer with a trained low-rank update, which begins at zero.

    `dropout` is the share of its inputs that the update does without while it is trained.

    Args:
        base: the frozen layer.
        rank: of the update.
        alpha: its scale is ``alpha / rank``.
    """

    def __init__(self, base: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        down = torch.randn(rank, base.in_features) / math.sqrt(base.in_features)
        self.a = nn.Parameter(down)
        self.b = nn.Parameter(torch.zeros(base.out_features, rank))
        self._scale = alpha / rank
        self.dropout = 0.0

    def forward(self, x: Tensor) -> Tensor:
        """``(..., in)`` to ``(..., out)``."""
        kept = functional.dropout(x, self.dropout, self.training) if self.dropout else x
        low = functional.linear(kept, self.a.to(x.dtype))
        update = functional.linear(low, (self.b * self._scale).to(x.dtype))
        return torch.add(self.base(x), update)

    def merged(self) -> nn.Linear:
        """One linear layer that computes the same: nothing is paid for the update any more."""
        with torch.no_grad():
            weight = self.base.weight.float() + self._scale * self.b @ self.a
        # In its place and not into it, as it may be read off a file.
        kept = nn.Parameter(weight.to(self.base.weight.dtype), requires_grad=False)
        self.base.weight = kept
        return self.base


def adapt(layers: Iterable[nn.Module], rank: int, alpha: float) -> None:
    """Puts `LoRALinear` in the place of the linear layers of decoder layers."""
    for layer in layers:
        for block, names in ADAPTED.items():
            inside = layer.get_submodule(block)
            for name in names:
                base = inside.get_submodule(name)
                assert isinstance(base, nn.Linear)
                setattr(inside, name, LoRALinear(base, rank, alpha))


def merge(layers: Iterable[nn.Module]) -> None:
    """Undoes `adapt`, keeping the updates: for inference."""
    for layer in layers:
        for block, names in ADAPTED.items():
            inside = layer.get_submodule(block)
            for name in names:
                adapted = inside.get_submodule(name)
                assert isinstance(adapted, LoRALinear)
                setattr(inside, name, adapted.merged())
