"""Reads a Llama-like language model and its tokenizer from a GGUF file, with ggml's own reader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from gguf import GGUFReader
    from tokenizers import Tokenizer

_NAMES = {
    "token_embd": "embed_tokens",
    "output_norm": "norm",
    "output": "lm_head",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}
"""What ggml calls a part, and what its published weights do."""

_PART = re.compile(r"(blk\.\d+\.)?(\w+)\.weight")

_CONTROL = 3
"""The kind of a token that text is never split into by accident."""


def open_gguf(path: Path) -> GGUFReader:
    """The file, whose tensors stay on disk until they are read.

    Raises:
        OSError, ValueError: it cannot be read, or is no such file.
    """
    from gguf import GGUFReader

    return GGUFReader(path)


def read_weights(file: GGUFReader) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """The weights in single precision, one after the other, by the names of `llama.Backbone`.

    Raises:
        KeyError: it has parts that a Llama-like model has not.
    """
    from gguf.quants import dequantize

    heads, keys = (int(field(file, f"llama.attention.head_count{kind}")) for kind in ("", "_kv"))
    for tensor in file.tensors:
        layer, part = _PART.fullmatch(tensor.name).groups("")  # type: ignore[union-attr]
        values: NDArray[np.float32] = dequantize(tensor.data, tensor.tensor_type)
        if part in ("attn_q", "attn_k"):
            values = _halves(values, heads if part == "attn_q" else keys)
        yield f"{layer.replace('blk', 'layers')}{_NAMES[part]}.weight", values


def _halves(values: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Undoes ggml's order of rows, in which the two numbers that are rotated stand together."""
    pairs = values.reshape(heads, -1, 2, values.shape[1])
    return pairs.swapaxes(1, 2).reshape(values.shape)


def read_tokenizer(file: GGUFReader) -> Tokenizer:
    """Its byte-level tokenizer."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokens, merges, kinds = (
        field(file, f"tokenizer.ggml.{name}") for name in ("tokens", "merges", "token_type")
    )
    vocabulary = {token: number for number, token in enumerate(tokens)}
    made = Tokenizer(models.BPE(vocabulary, [tuple(pair.split(" ", 1)) for pair in merges]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    control = [token for token, kind in zip(tokens, kinds, strict=True) if kind == _CONTROL]
    made.add_special_tokens([AddedToken(token, normalized=False) for token in control])
    return made


def field(file: GGUFReader, name: str) -> Any:
    """What the file says of itself under a name.

    Raises:
        KeyError: nothing.
    """
    return file.fields[name].contents()
