"""What is made of the floor's numbers: an embedding, and a first opinion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from moderator.mind.moderator_lm.floor_features import ROLE
from moderator.mind.moderator_lm.trees import Forest

HEADS = ("within 0.5 s", "within 1 s", "within 2 s", "next")
"""What is predicted: a floor turn of the seat begins so soon, or is the next one to begin."""


@dataclass(frozen=True, slots=True)
class FloorReading:
    """What the model makes of the floor at some moments.

    Attributes:
        embedding: ``(n, width)``.
        logits: ``(n, len(HEADS))``: what voices alone say.
    """

    embedding: Tensor
    logits: Tensor


class FloorModel(nn.Module):
    """A residual multilayer perceptron over the features of one moment, and trees beside it.

    The perceptron gives the embedding. The opinion is the trees' where there are some: while the
    language model is trained there are none, as trees know their training meetings too well.

    Args:
        inputs: features.
        width: of the embedding.
        dropout: while training.
    """

    def __init__(self, inputs: int, width: int, dropout: float = 0.15) -> None:
        super().__init__()
        self.mean: Tensor
        self.spread: Tensor
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("spread", torch.ones(inputs))
        self.enter = nn.Linear(inputs + ROLE, width)
        self.blocks = nn.ModuleList(_block(width, dropout) for _ in range(2))
        self.out = nn.Sequential(
            nn.LayerNorm(width), nn.Dropout(dropout), nn.Linear(width, len(HEADS))
        )
        self.forest: Forest | None = None

    def fit_scale(self, features: Tensor) -> None:
        """Takes mean and spread from ``(n, inputs)`` training features."""
        self.mean.copy_(features.mean(0))
        self.spread.copy_(features.std(0) + 1e-3)

    def forward(self, features: Tensor, role: Tensor) -> FloorReading:
        """Reads the floor.

        Args:
            features: ``(n, inputs)`` of `measure`.
            role: ``(n, ROLE)``.
        """
        scaled = ((features - self.mean) / self.spread).clamp(-5, 5)
        hidden = self.enter(torch.cat([scaled, role], dim=1))
        for block in self.blocks:
            hidden = hidden + block(hidden)
        if self.forest is not None:
            return FloorReading(hidden, self.forest(torch.cat([features, role], dim=1)))
        return FloorReading(hidden, cast("Tensor", self.out(hidden)))

    def plant(self, tensors: Mapping[str, Tensor]) -> None:
        """Takes trees over features and role, one sum a head; none where `tensors` is empty.

        Raises:
            ValueError: they are not `Forest`'s, or are for other heads or columns.
        """
        forest = Forest(tensors) if tensors else None
        if forest is not None and (
            len(forest.base) != len(HEADS) or forest.columns > len(self.mean) + ROLE
        ):
            raise ValueError("trees for other heads or columns")
        self.forest = forest.to(self.mean.device) if forest is not None else None


def _block(width: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(width),
        nn.Linear(width, width),
        nn.GELU(),
        nn.Dropout(dropout),
        nn.Linear(width, width),
    )
