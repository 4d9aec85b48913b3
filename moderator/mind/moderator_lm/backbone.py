"""Loads the frozen language model from the store's GGUF file, once; then from a plain copy."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from filelock import FileLock

from moderator.errors import InputError
from moderator.mind.moderator_lm.script import Encode
from moderator.mind.moderator_lm.shape import BackboneShape

if TYPE_CHECKING:
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    from moderator.models.store import ModelStore

MODEL = "smollm2-135m-instruct"

_COPY = "unpacked"
_WEIGHTS = "model.safetensors"


def choose_device(wanted: str | None = None) -> torch.device:
    """The device asked for, or the first GPU if there is one, or the CPU."""
    if wanted is not None:
        return torch.device(wanted)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load_backbone(store: ModelStore) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """The language model in bfloat16, and its tokenizer.

    Reading the GGUF file takes a quarter of a minute, so the first load leaves an unpacked copy
    beside it, whose sha256 is checked from then on.

    Raises:
        InputError: the model is missing, or its copy cannot be written.
    """
    from transformers import AutoTokenizer, LlamaForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # untyped there
    directory = store.directory(MODEL)
    copy = directory / _COPY
    with FileLock(str(directory / f".{_COPY}.lock")):
        if not _intact(copy):
            _unpack(store.path(MODEL), copy)
    model = LlamaForCausalLM.from_pretrained(copy, dtype=torch.bfloat16, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(copy, local_files_only=True)
    model.requires_grad_(False)
    model.train(mode=False)
    return model, cast("PreTrainedTokenizerFast", tokenizer)


def encoder(tokenizer: PreTrainedTokenizerFast) -> Encode:
    """Text to token ids, without adding special tokens."""

    def encode(text: str) -> list[int]:
        return list(tokenizer(text, add_special_tokens=False, split_special_tokens=False).input_ids)

    return encode


def _intact(copy: Path) -> bool:
    try:
        expected = json.loads((copy / "sha256.json").read_text())
        return bool(expected) and all(
            _sha256(copy / name) == digest for name, digest in expected.items()
        )
    except (OSError, ValueError, AttributeError):
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpack(gguf: Path, copy: Path) -> None:
    from transformers import AutoTokenizer, GgufConfig, LlamaForCausalLM

    source: dict[str, Any] = {"gguf_file": gguf.name, "local_files_only": True}
    quantization = GgufConfig(dequantize=True)
    try:
        model = LlamaForCausalLM.from_pretrained(
            gguf.parent, quantization_config=quantization, dtype=torch.bfloat16, **source
        )
        copy.mkdir(exist_ok=True)
        model.save_pretrained(copy)
        AutoTokenizer.from_pretrained(gguf.parent, **source).save_pretrained(copy)
        made = sorted(path for path in copy.iterdir() if path.name != "sha256.json")
        digests = {path.name: _sha256(path) for path in made}
        (copy / "sha256.json").write_text(json.dumps(digests, indent=1) + "\n")
    except OSError as error:
        raise InputError(
            "the language model's unpacked copy cannot be written",
            where=f"{copy}: {error.strerror or error}",
            todo="free 300 MB there, or choose another model cache",
        ) from error


def new_backbone(shape: BackboneShape, dtype: torch.dtype = torch.float32) -> LlamaForCausalLM:
    """An untrained model of some shape, with random weights: for tests and for other sizes."""
    from transformers import LlamaForCausalLM

    model: LlamaForCausalLM = LlamaForCausalLM(_config(shape))
    model.train(mode=False)
    return torch.nn.Module.to(model, dtype)


def _config(shape: BackboneShape) -> LlamaConfig:
    from transformers import LlamaConfig

    return LlamaConfig(
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        head_dim=shape.head_dim,
        vocab_size=shape.vocabulary,
        rope_parameters={"rope_type": "default", "rope_theta": shape.rope_theta},
        rms_norm_eps=shape.norm_eps,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
    )
