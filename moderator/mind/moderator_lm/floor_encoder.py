"""The floor as a recurrent network hears it: one small GRU for each other participant.

Every pair (the seat, another participant) is read by the same network, so that neither the number
nor the order of participants matters; the states are then pooled. In the manner of voice activity
projection (Ekstedt & Skantze, 2022, arXiv 2205.09812), but from voices alone and for more than two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from moderator.mind.moderator_lm.voices import TRAITS, Frames

INPUTS = 2 * TRAITS + 4
"""Numbers that describe a pair in one frame: see `pairs`."""

HEADS = ("within 0.5 s", "within 1 s", "within 2 s", "next")
"""What is predicted: a floor turn of the seat begins so soon, or is the next one to begin."""


def pairs(traits: Frames, leads: Frames, known: float) -> Frames:
    """What the encoder is given.

    Args:
        traits: ``(1 + others, frames, TRAITS)``, the seat's own first, as `Voices.step` gives it.
        leads: ``(1 + others,)`` 1 where somebody leads the meeting.
        known: 1 if roles are known, 0 if they are withheld.

    Returns:
        ``(others, frames, INPUTS)``; one row of silence where there are no others.
    """
    own, others = traits[0], traits[1:]
    if not len(others):
        others, leads = np.zeros((1, *own.shape), dtype=np.float32), np.append(leads, 0.0)
        others[..., 1] = own[:, 1].max(initial=0.0)
    count, frames = others.shape[:2]
    rest = np.clip(others[..., 0].sum(axis=0) - others[..., 0], 0.0, 2.0)
    quiet = np.minimum(own[:, 1], others[..., 1].min(axis=0))
    out = np.empty((count, frames, INPUTS), dtype=np.float32)
    out[..., :TRAITS] = own
    out[..., TRAITS : 2 * TRAITS] = others
    out[..., -4] = rest
    out[..., -3] = quiet
    out[..., -2] = (leads[1:] * known)[:, None]
    out[..., -1] = leads[0] * known
    return out


@dataclass(frozen=True, slots=True)
class FloorReading:
    """What the encoder makes of the floor at some moments.

    Attributes:
        embedding: ``(..., 3 * width + 2)``.
        logits: ``(..., len(HEADS))``: what voices alone say.
    """

    embedding: Tensor
    logits: Tensor


class FloorEncoder(nn.Module):
    """Voices to a floor-state embedding and to a first opinion.

    Args:
        width: of the recurrent state.
        dropout: while training.
    """

    def __init__(self, width: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.width = width
        self.pre = nn.Sequential(nn.Linear(INPUTS, width), nn.GELU())
        self.gru = nn.GRU(width, width, batch_first=True)
        self.key = nn.Linear(width, 2)
        self.mlp = nn.Sequential(
            nn.LayerNorm(3 * width + 2),
            nn.Linear(3 * width + 2, 160),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(160, 96),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(96, len(HEADS)),
        )

    def listen(self, frames: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        """Goes on by some frames.

        Args:
            frames: ``(pairs, frames, INPUTS)``.
            state: ``(1, pairs, width)`` as returned before; None at the beginning.

        Returns:
            States after each frame ``(pairs, frames, width)``, and the last one.
        """
        return cast("tuple[Tensor, Tensor]", self.gru(self.pre(frames), state))

    def read(self, states: Tensor, there: Tensor, role: Tensor) -> FloorReading:
        """What some moments look like.

        Args:
            states: ``(seats, pairs, moments, width)``.
            there: ``(seats, pairs)`` which pairs are real.
            role: ``(seats, 2)``: whether the seat leads, and whether roles are known.
        """
        away = ~there[:, :, None, None]
        weight = self.key(states).masked_fill(away, -1e4).softmax(dim=1)
        first = (states * weight[..., :1]).sum(dim=1)
        second = (states * weight[..., 1:]).sum(dim=1)
        most = states.masked_fill(away, -1e4).amax(dim=1)
        roles = role[:, None].expand(-1, states.shape[2], -1)
        embedding = torch.cat([first, second, most, roles], dim=-1)
        return FloorReading(embedding, cast("Tensor", self.mlp(embedding)))
