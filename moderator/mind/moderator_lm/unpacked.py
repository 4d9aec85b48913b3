"""The language model's plain copy: made of the store's GGUF file once, and read ever after."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from moderator.errors import InputError

if TYPE_CHECKING:
    from gguf import GGUFReader

    from moderator.mind.moderator_lm.script import Encode
    from moderator.models.store import ModelStore

MODEL: Final = "smollm2-135m-instruct"

WEIGHTS: Final = "model.safetensors"
PREFIX: Final = "model."
"""What the names of the copy's tensors begin with, as published."""

_COPY, _TOKENIZER, _CONFIG = "unpacked", "tokenizer.json", "config.json"


def unpacked(store: ModelStore, notice: Callable[[str], None] = lambda _: None) -> Path:
    """The directory of the plain copy: weights in bfloat16, tokenizer and configuration.

    Reading the GGUF file takes several seconds, so it is done once.

    Args:
        store: has the file.
        notice: told the name of what is made, if it must be made.

    Raises:
        InputError: the model is missing, or its copy cannot be written.
    """
    source = store.path(MODEL)

    def make(directory: Path) -> None:
        notice(f"{MODEL} for the first time, and unpacking it")
        _unpack(source, directory)

    return store.made(MODEL, _COPY, make)


@lru_cache(maxsize=1)
def read_encode(directory: Path) -> Encode:
    """What turns text to token ids, without adding special tokens; read once in a process.

    Raises:
        InputError: the copy's tokenizer is broken.
    """
    from tokenizers import Tokenizer

    path = directory / _TOKENIZER
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises bare Exception
        raise InputError(
            "cannot read the tokenizer", where=str(path), todo="delete it; it is made again"
        ) from error

    def encode(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False).ids)

    return encode


def _unpack(source: Path, directory: Path) -> None:
    import torch

    from moderator.mind.moderator_lm.gguf_file import open_gguf, read_tokenizer, read_weights
    from moderator.mind.moderator_lm.tensor_file import write_tensors

    try:
        file = open_gguf(source)
        tensors = {
            PREFIX + name: torch.tensor(values).bfloat16() for name, values in read_weights(file)
        }
        tokenizer = read_tokenizer(file).to_str()
        text = json.dumps(_configuration(file), indent=2)
    except Exception as error:  # ggml's reader raises whatever what it finds there raises
        raise InputError(
            "the language model cannot be unpacked",
            where=f"{source}: {type(error).__name__}",
            todo=f"delete it, and get it with `moderator models pull {MODEL}`",
        ) from error
    write_tensors(tensors, directory / WEIGHTS, {"format": "pt"})
    (directory / _TOKENIZER).write_text(tokenizer, encoding="utf-8")
    (directory / _CONFIG).write_text(text + "\n", encoding="utf-8")


def _configuration(file: GGUFReader) -> dict[str, Any]:
    """As other readers of such a directory expect it."""
    from moderator.mind.moderator_lm.gguf_file import field

    heads = field(file, "llama.attention.head_count")
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "bfloat16",
        "hidden_act": "silu",
        "hidden_size": field(file, "llama.embedding_length"),
        "intermediate_size": field(file, "llama.feed_forward_length"),
        "num_hidden_layers": field(file, "llama.block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": field(file, "llama.attention.head_count_kv"),
        "head_dim": field(file, "llama.embedding_length") // heads,
        "vocab_size": field(file, "llama.vocab_size"),
        "max_position_embeddings": field(file, "llama.context_length"),
        "rms_norm_eps": field(file, "llama.attention.layer_norm_rms_epsilon"),
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": field(file, "llama.rope.freq_base"),
        },
        "tie_word_embeddings": True,
    }
