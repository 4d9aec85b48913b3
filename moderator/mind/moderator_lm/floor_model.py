"""The floor as numbers: timing features to an embedding and to a first opinion.

Who has the floor, for how long, how long the silence is, how long since the seat spoke, shares of
the talk: all from voices, none from words, and all within a window, so that hour eight costs what
minute six did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from moderator.floor.features import SeatVoices, timing
from moderator.floor.voices import Times
from moderator.mind.moderator_lm.trees import Forest

WINDOW_S = 300.0
"""Voices further back are not looked at, s."""

HEADS = ("within 0.5 s", "within 1 s", "within 2 s", "next")
"""What is predicted: a floor turn of the seat begins so soon, or is the next one to begin."""

ROLE = 2
"""Numbers that stand for the role: whether the seat leads, and whether roles are known."""

LINEAR = ("share", "voices", "active")
"""Columns that are shares and counts; all others are seconds and enter by their logarithm."""

_NOT_USED = ("word", "other_rate", "seat_onset_rate")
_WHOLE_MEETING = ("seat_share",)


def role_numbers(*, leads: bool, known: bool) -> tuple[float, float]:
    """The `ROLE` numbers of a seat; where roles are not known, it does not lead either."""
    return float(leads and known), float(known)


def columns(names: tuple[str, ...]) -> list[int]:
    """Which timing features are used: voices, not words, and nothing of the whole meeting."""
    return [
        index
        for index, name in enumerate(names)
        if not any(part in name for part in _NOT_USED) and name not in _WHOLE_MEETING
    ]


def measure(voices: SeatVoices, at: Times) -> NDArray[np.float32]:
    """Features of moments, scaled.

    Args:
        voices: as the seat hears them; nothing beyond the last `WINDOW_S` matters.
        at: ``(n,)`` meeting times.

    Returns:
        ``(n, k)``.
    """
    table = timing(voices, at)
    kept = columns(table.names)
    values = np.clip(table.values[:, kept], 0.0, WINDOW_S)
    for column, index in enumerate(kept):
        if not any(part in table.names[index] for part in LINEAR):
            values[:, column] = np.log1p(5.0 * values[:, column])
    return values.astype(np.float32)


def feature_count() -> int:
    """How many features `measure` gives."""
    empty = SeatVoices([], [[]])
    return int(measure(empty, np.zeros(1, dtype=np.int64)).shape[1])


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
