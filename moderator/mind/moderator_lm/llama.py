"""A Llama-like language model in torch alone: what is needed of one, layer by layer.

Touvron et al., 2023, arXiv 2302.13971. The parts carry the names of the published weights, so that
a state dict loads strictly; sums are made in the order in which transformers makes them, so that
both give the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import local
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from moderator.mind.moderator_lm.shape import BackboneShape

_ROOM = local()

KeyValue = tuple[Tensor, Tensor]
"""Keys and values of one layer: each ``(batch, kv_heads, tokens, head_dim)``."""


class _Linear(nn.Linear):
    def reset_parameters(self) -> None:
        """Draws nothing where there is nothing to fill: on the meta device that takes a second."""
        if not self.weight.is_meta:
            super().reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        """``(..., in)`` to ``(..., out)``, in the type of `x`."""
        bias = cast("Tensor | None", self.bias)
        wide = None if bias is None else bias.to(x.dtype)
        return functional.linear(x, _widened(self.weight, x.dtype), wide)


def _widened(weight: Tensor, dtype: torch.dtype) -> Tensor:
    """The same numbers in another type, of use until the next call in the same thread.

    As fast as reading twice as much from memory, and nothing but the last one is kept. While
    somebody learns each is a tensor of its own, as it is needed again on the way back.
    """
    if weight.dtype is dtype:
        return weight
    if torch.is_grad_enabled() or weight.device.type != "cpu":
        return weight.to(dtype)
    room: Tensor | None = getattr(_ROOM, "tensor", None)
    if room is None or room.dtype is not dtype or room.numel() < weight.numel():
        with torch.inference_mode(mode=False):
            room = _ROOM.tensor = torch.empty(weight.numel(), dtype=dtype)
    return room[: weight.numel()].view(weight.shape).copy_(weight)


class _Embedding(nn.Embedding):
    def reset_parameters(self) -> None:
        """As `_Linear`."""
        if not self.weight.is_meta:
            super().reset_parameters()


class RootMeanSquareNorm(nn.Module):
    """Scales each token to a root mean square of one, then by a weight."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, hidden: Tensor) -> Tensor:
        """``(..., width)`` to the same, computed in single precision."""
        wide = hidden.float()
        wide = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.eps)
        return self.weight * wide.to(hidden.dtype)


class Attention(nn.Module):
    """Grouped-query attention with rotary positions."""

    def __init__(self, shape: BackboneShape, *, bias: bool) -> None:
        super().__init__()
        self.head_dim = shape.head_dim
        queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
        self.q_proj = _Linear(shape.hidden, queries, bias=bias)
        self.k_proj = _Linear(shape.hidden, keys, bias=bias)
        self.v_proj = _Linear(shape.hidden, keys, bias=bias)
        self.o_proj = _Linear(queries, shape.hidden, bias=bias)

    def forward(
        self, hidden: Tensor, rotary: KeyValue, mask: Tensor | None, past: KeyValue | None
    ) -> tuple[Tensor, KeyValue]:
        """What tokens hear of each other and of the past; arguments as of `Layer.forward`."""
        size = (*hidden.shape[:2], -1, self.head_dim)
        query, key, value = (
            one(hidden).view(size).transpose(1, 2)
            for one in (self.q_proj, self.k_proj, self.v_proj)
        )
        query, key = _turned(query, rotary), _turned(key, rotary)
        keys, values = key, value
        if past is not None:
            keys, values = torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)
        heard = functional.scaled_dot_product_attention(
            query, keys, values, attn_mask=mask, enable_gqa=True
        )
        return self.o_proj(heard.transpose(1, 2).flatten(2)), (key, value)


def _turned(x: Tensor, rotary: KeyValue) -> Tensor:
    """Rotates the halves of each head against each other by the tokens' positions."""
    cosines, sines = (one[:, None] for one in rotary)
    first, second = x.chunk(2, -1)
    return x * cosines + torch.cat([-second, first], -1) * sines


class FeedForward(nn.Module):
    """A gated layer between two widths."""

    def __init__(self, shape: BackboneShape, *, bias: bool) -> None:
        super().__init__()
        self.gate_proj = _Linear(shape.hidden, shape.intermediate, bias=bias)
        self.up_proj = _Linear(shape.hidden, shape.intermediate, bias=bias)
        self.down_proj = _Linear(shape.intermediate, shape.hidden, bias=bias)

    def forward(self, hidden: Tensor) -> Tensor:
        """``(..., hidden)`` to the same."""
        mixed: Tensor = self.down_proj(
            functional.silu(self.gate_proj(hidden)) * self.up_proj(hidden)
        )
        return mixed


class Layer(nn.Module):
    """A decoder layer with its memory in plain sight.

    Args:
        shape: of the model.
        attention_bias: the linear layers of attention have one.
        bias: those of the feed-forward part have one.
    """

    def __init__(
        self, shape: BackboneShape, *, attention_bias: bool = False, bias: bool = False
    ) -> None:
        super().__init__()
        self.self_attn = Attention(shape, bias=attention_bias)
        self.mlp = FeedForward(shape, bias=bias)
        self.input_layernorm = RootMeanSquareNorm(shape.hidden, shape.norm_eps)
        self.post_attention_layernorm = RootMeanSquareNorm(shape.hidden, shape.norm_eps)

    def forward(
        self, hidden: Tensor, rotary: KeyValue, mask: Tensor | None, past: KeyValue | None
    ) -> tuple[Tensor, KeyValue]:
        """One layer.

        Args:
            hidden: ``(batch, tokens, hidden)``.
            rotary: cosines and sines of the tokens' positions.
            mask: ``(batch, 1, tokens, past + tokens)``, true where attention is allowed; None: all.
            past: keys and values seen beside the tokens' own.

        Returns:
            ``(batch, tokens, hidden)``, and the tokens' own keys and values.
        """
        heard, own = self.self_attn(self.input_layernorm(hidden), rotary, mask, past)
        hidden = hidden + heard
        return hidden + self.mlp(self.post_attention_layernorm(hidden)), own


class Backbone(nn.Module):
    """The language model.

    `turns` are the angles, per position, by which each pair of a head's numbers is rotated, and
    `loudness` what cosines and sines are multiplied by; both as the shape says, but for models with
    positions of another kind.

    Args:
        shape: its sizes.
        layers: how many of its layers there are, from below; None: all.
        tied: embeddings also say which token follows.
        attention_bias: see `Layer`.
        bias: see `Layer`.
    """

    def __init__(
        self,
        shape: BackboneShape,
        layers: int | None = None,
        *,
        tied: bool = True,
        attention_bias: bool = False,
        bias: bool = False,
    ) -> None:
        super().__init__()
        self.shape = shape
        self.embed_tokens = _Embedding(shape.vocabulary, shape.hidden)
        count = shape.layers if layers is None else layers
        self.layers = nn.ModuleList(
            Layer(shape, attention_bias=attention_bias, bias=bias) for _ in range(count)
        )
        self.norm = RootMeanSquareNorm(shape.hidden, shape.norm_eps)
        self.lm_head = None if tied else _Linear(shape.hidden, shape.vocabulary, bias=False)
        self.turns, self.loudness = _turns(shape), 1.0

    @property
    def dtype(self) -> torch.dtype:
        """In which it computes."""
        return self.norm.weight.dtype

    @property
    def device(self) -> torch.device:
        """On which it lies."""
        return self.norm.weight.device

    @torch.no_grad()
    def rotary(self, positions: Tensor) -> KeyValue:
        """Cosines and sines for ``(batch, tokens)`` positions."""
        angles = positions[..., None].float() * self.turns.to(positions.device)
        both = torch.cat([angles, angles], -1)
        cosines, sines = both.cos() * self.loudness, both.sin() * self.loudness
        return cosines.to(self.dtype), sines.to(self.dtype)

    def embed(self, ids: Tensor) -> Tensor:
        """``(..., tokens)`` ids to ``(..., tokens, hidden)``."""
        found: Tensor = self.embed_tokens(ids)
        return found.to(self.dtype)

    def next_tokens(self, hidden: Tensor) -> Tensor:
        """``(..., vocabulary)`` logits of what follows, from hidden states after the last layer."""
        normed = self.norm(hidden)
        if self.lm_head is not None:
            logits: Tensor = self.lm_head(normed)
            return logits
        return functional.linear(normed, self.embed_tokens.weight.to(normed.dtype))

    def take(self, tensors: Mapping[str, Tensor], dtype: torch.dtype) -> None:
        """Puts weights into a model that was made on the meta device; frozen, ready to be read.

        Args:
            tensors: by name.
            dtype: in which it computes. Matrices stay as they are, and are widened where they are
                used.

        Raises:
            RuntimeError: they are of another shape.
        """
        wanted = {name: one.to(dtype) if one.dim() == 1 else one for name, one in tensors.items()}
        self.load_state_dict(wanted, assign=True)
        self.requires_grad_(False)
        self.train(mode=False)


def _turns(shape: BackboneShape) -> Tensor:
    """``(head_dim / 2,)``; on the processor, also where the model is made elsewhere."""
    steps = torch.arange(0, shape.head_dim, 2, dtype=torch.float, device="cpu") / shape.head_dim
    return 1.0 / (shape.rope_theta**steps)
