"""Boosted trees as tensors: the floor's first opinion in shipped weights.

Gradient boosting hears more in the timing features of a moment than a small network does
(docs/training.md); as tensors, its trees need neither the library that grew them nor a pickle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn

ROWS = 256
"""Moments that fall through all trees at a time; bounds the memory."""

DEEPEST = 64
"""Steps from root to leaf at most."""

PARTS = ("column", "threshold", "left", "right", "value", "base")
"""The tensors of a forest."""


class Forest(nn.Module):
    """For each head a sum of trees, all with room for as many nodes.

    Args:
        tensors: by the names of `PARTS`. ``base (heads,)``; the others ``(heads, trees, nodes)``:
            of a node the column it looks at, the threshold up to which a row goes left, where left
            and right lead, and the value; a leaf leads to itself, and any other node further on.

    Raises:
        ValueError: they do not belong together, or lead nowhere.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.column: Tensor
        self.threshold: Tensor
        self.left: Tensor
        self.right: Tensor
        self.value: Tensor
        self.base: Tensor
        if set(tensors) != set(PARTS):
            raise ValueError("not a forest")
        for name in PARTS:
            whole = name in ("column", "left", "right")
            if tensors[name].is_floating_point() == whole:
                raise ValueError(f"{name} holds numbers of the wrong kind")
            self.register_buffer(name, tensors[name])
        self._check()

    def _check(self) -> None:
        shape = self.value.shape
        if len(shape) != 3 or 0 in shape or self.base.shape != shape[:1]:
            raise ValueError("not a forest")
        if any(getattr(self, name).shape != shape for name in PARTS[:4]):
            raise ValueError("trees of different shapes")
        own = torch.arange(shape[2])
        for way in (self.left, self.right):
            # Leading only onwards, a row comes to rest.
            if bool(((way < own) | (way >= shape[2])).any()):
                raise ValueError("a node leads nowhere")
        if bool((self.column < 0).any()):
            raise ValueError("a node looks at no column")

    @property
    def columns(self) -> int:
        """How many columns a row needs at least."""
        return int(self.column.max()) + 1

    def forward(self, rows: Tensor) -> Tensor:
        """Logits.

        Args:
            rows: ``(n, columns)``.

        Returns:
            ``(n, heads)``.
        """
        return torch.cat([self._fall(part) for part in torch.split(rows.double(), ROWS)])

    def _fall(self, rows: Tensor) -> Tensor:
        heads, trees, nodes = self.value.shape
        flat = {name: getattr(self, name).reshape(-1) for name in PARTS[:5]}
        roots = (torch.arange(heads * trees, device=rows.device) * nodes)[None]
        here = roots.expand(len(rows), -1)
        for _ in range(DEEPEST):
            seen = rows.gather(1, flat["column"][here].long())
            way = torch.where(
                seen <= flat["threshold"][here], flat["left"][here], flat["right"][here]
            )
            there = roots + way
            if torch.equal(there, here):
                break
            here = there
        each = flat["value"][here].view(len(rows), heads, trees)
        return cast("Tensor", (self.base + each.sum(2)).float())
