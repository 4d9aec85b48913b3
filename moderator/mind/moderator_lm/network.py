"""The network: transcript and role prompt through the language model, decisions on top.

ModeratorLM's architecture (Mitra et al., 2026, arXiv 2606.13544) in small, with one change: the
role prompt and the floor do not stand in the transcript's way. The transcript is read once,
whatever the seat; a decision is one further position that enters at a middle layer as the last
token's copy plus the floor-state embedding. It sees role prompt and transcript, and nothing sees
it. So deciding costs one token, and a role can be changed, or several be held, without reading
anything again.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from moderator.mind.moderator_lm.floor_model import HEADS, FloorModel
from moderator.mind.moderator_lm.llama import Backbone, KeyValue
from moderator.mind.moderator_lm.lora import adapt
from moderator.mind.moderator_lm.shape import Shape
from moderator.mind.moderator_lm.thinking import Considered, Thinking


class Network(nn.Module):
    """All of a `moderator-lm` that can be trained, and the frozen backbone.

    `thinking` is None until the network learns to think (`learn_to_think`), or is loaded with it.

    Args:
        shape: its sizes.
        backbone: the language model; frozen here.
    """

    def __init__(self, shape: Shape, backbone: Backbone) -> None:
        super().__init__()
        self.shape = shape
        self.backbone = backbone.requires_grad_(False)
        hidden = shape.backbone.hidden
        self.layers = backbone.layers
        adapt(self.layers[shape.enter : shape.depth], shape.rank, shape.alpha)
        self.floor = FloorModel(shape.features, shape.floor)
        way_in, way_out = nn.Linear(256, hidden), nn.Linear(hidden, len(HEADS))
        for parameter in (way_in.weight, way_out.weight, way_out.bias):
            nn.init.zeros_(parameter)
        self.enter = nn.Sequential(
            nn.LayerNorm(shape.floor), nn.Linear(shape.floor, 256), nn.GELU(), way_in
        )
        self.head = nn.Sequential(nn.LayerNorm(hidden), way_out)
        self.projector = nn.Linear(shape.speech * shape.stacked, hidden)
        self.thinking: Thinking | None = None

    def learn_to_think(self) -> Thinking:
        """Adds what thinks, untrained: with it every decision stays as it is."""
        made = Thinking(self.shape.backbone.hidden, self.shape.floor)
        self.thinking = made.to(self.device).train(self.training)
        return self.thinking

    @property
    def dtype(self) -> torch.dtype:
        """In which the backbone computes."""
        return self.backbone.dtype

    @property
    def device(self) -> torch.device:
        """On which everything lies."""
        return self.backbone.device

    def embed(self, ids: Tensor) -> Tensor:
        """``(..., tokens)`` ids to ``(..., tokens, hidden)``."""
        return self.backbone.embed(ids)

    def rotary(self, positions: Tensor) -> KeyValue:
        """Cosines and sines for ``(batch, tokens)`` positions."""
        return self.backbone.rotary(positions)

    def speak(self, frames: Tensor) -> Tensor:
        """Encoder frames ``(batch, n * stacked, speech)`` to embeddings ``(batch, n, hidden)``."""
        batch, count, width = frames.shape
        stacked = frames.reshape(batch, count // self.shape.stacked, width * self.shape.stacked)
        return cast("Tensor", self.projector(stacked.float())).to(self.dtype)

    def through(
        self, hidden: Tensor, positions: Tensor, mask: Tensor | None, first: int, last: int
    ) -> Tensor:
        """Layers ``first`` to ``last - 1``, without memory: for training and whole meetings."""
        rotary = self.rotary(positions)
        for layer in self.layers[first:last]:
            hidden, _ = layer(hidden, rotary, mask, None)
        return hidden

    def decisions(self, embedding: Tensor) -> Tensor:
        """What floor-state embeddings ``(..., floor)`` add to the token at which they enter."""
        return cast("Tensor", self.enter(embedding)).to(self.dtype)

    def think(self, hidden: Tensor, floor: Tensor, logits: Tensor) -> Considered:
        """Thinks about decisions; arguments as those of `Thinking.forward`.

        Raises:
            ValueError: it has not learned to.
        """
        if self.thinking is None:
            raise ValueError("this network does not think")
        return cast("Considered", self.thinking(hidden, floor, logits))

    @torch.no_grad()
    def weigh_words(self, shares: Tensor) -> None:
        """Multiplies what the words add by ``(len(HEADS),)`` shares, one a head."""
        out = cast("nn.Linear", self.head[1])
        shares = shares.to(out.weight.device)
        out.weight.mul_(shares[:, None])
        out.bias.mul_(shares)

    def judge(self, hidden: Tensor, opinion: Tensor) -> Tensor:
        """What the language model adds to the floor's own opinion.

        Args:
            hidden: ``(..., hidden)`` decisions after layer ``depth - 1``.
            opinion: ``(..., len(HEADS))`` logits of the floor model.
        """
        return opinion + cast("Tensor", self.head(hidden.float()))
