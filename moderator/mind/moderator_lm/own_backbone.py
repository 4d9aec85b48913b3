"""A Llama-like language model of one's own, in the place of the embedded one.

The same code trains and runs larger backbones: what differs is in `Shape`, and that is read off the
model's own configuration.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import torch
from pydantic import BaseModel, ConfigDict, Field

from moderator.errors import InputError
from moderator.mind.moderator_lm.llama import Backbone
from moderator.mind.moderator_lm.shape import BackboneShape, Shape

if TYPE_CHECKING:
    from transformers import LlamaConfig, LlamaForCausalLM

    from moderator.mind.moderator_lm.script import Encode

REMEMBERED = "backbone.json"
"""In a directory of prepared meetings: which language model they were prepared for."""

_KINDS = ("config.json", "tokenizer*.json", "*.safetensors")
"""Files that make a language model; no others are looked at."""


class OwnBackbone(BaseModel):
    """A language model in a directory, as `save_pretrained` writes it: tensors, never code.

    Attributes:
        directory: with ``config.json``, ``tokenizer.json`` and ``*.safetensors``.
        sha256: of these files' names and contents.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    directory: Path
    sha256: str = Field(pattern="^[0-9a-f]{64}$")

    @classmethod
    def at(cls, directory: Path) -> Self:
        """The language model in a directory.

        Raises:
            InputError: there is none.
        """
        return cls(directory=directory.resolve(), sha256=_digest(directory))

    @classmethod
    def remembered(cls, file: Path) -> Self | None:
        """What `remember` wrote; None where nothing is: the embedded language model is meant.

        Raises:
            InputError: the file is broken.
        """
        try:
            return cls.model_validate_json(file.read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            todo = "delete the directory and run `moderator learn prepare` again"
            raise InputError("cannot be understood", where=str(file), todo=todo) from error

    def remember(self, file: Path) -> None:
        """Writes down which one it is.

        Raises:
            OSError: it cannot be written.
        """
        file.write_text(self.model_dump_json(indent=1) + "\n")

    def load(self, number_type: torch.dtype = torch.bfloat16) -> tuple[Backbone, Encode]:
        """The language model, and what turns text to its token ids.

        Args:
            number_type: in which it computes.

        Raises:
            InputError: it is not there, not the one it was, or not Llama-like.
        """
        from transformers import AutoConfig, AutoTokenizer, LlamaForCausalLM
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # untyped there
        if _digest(self.directory) != self.sha256:
            raise InputError(
                "this is another language model than the one that was learned with",
                where=str(self.directory),
                todo="put that one back, or prepare and train anew",
            )
        local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        try:
            config = AutoConfig.from_pretrained(self.directory, **local)
            if config.model_type != "llama" or config.hidden_act != "silu":
                kind = f"{str(config.model_type)[:40]!a} with {str(config.hidden_act)[:40]!a}"
                raise ValueError(f"of the kind {kind}")
            # How attention is computed is named here, as a configuration may name code to fetch.
            model = LlamaForCausalLM.from_pretrained(
                self.directory,
                dtype=torch.bfloat16,
                attn_implementation="sdpa",
                use_safetensors=True,
                local_files_only=True,
            )
            tokenizer = AutoTokenizer.from_pretrained(self.directory, **local)
            backbone = _plain(model, number_type)

            def encode(text: str) -> list[int]:
                given = tokenizer(text, add_special_tokens=False, split_special_tokens=False)
                return list(given.input_ids)

            encode("Some words.")
        except Exception as error:  # its libraries raise kinds of their own, and bare exceptions
            told = next(iter(str(error).splitlines()), "")[:120] or type(error).__name__
            raise InputError(
                "not a language model that can be used",
                where=f"{self.directory}: {told}",
                todo="give a Llama-like one with its tokenizer, as save_pretrained writes them",
            ) from error
        return backbone, encode


def _plain(model: LlamaForCausalLM, number_type: torch.dtype) -> Backbone:
    """The same model with nothing around it; positions of another kind are kept."""
    config = model.config
    with torch.device("meta"):
        made = Backbone(
            _shape(config),
            tied=bool(config.tie_word_embeddings),
            attention_bias=bool(config.attention_bias),
            bias=bool(config.mlp_bias),
        )
    tensors = {name.removeprefix("model."): one for name, one in model.state_dict().items()}
    if made.lm_head is None:
        del tensors["lm_head.weight"]
    made.take(tensors, number_type)
    rotary = model.model.rotary_emb
    made.turns, made.loudness = rotary.inv_freq.float(), float(rotary.attention_scaling)
    return made


def shape_for(backbone: BackboneShape) -> Shape:
    """The sizes of a `moderator-lm` on a language model.

    Decisions enter after a third of its layers and are read after three fifths, as on the embedded
    one.
    """
    layers = backbone.layers
    enter = max(1, layers // 3)
    return Shape(backbone=backbone, enter=enter, depth=min(max(enter + 1, layers * 3 // 5), layers))


def _shape(config: LlamaConfig) -> BackboneShape:
    heads = config.num_attention_heads
    rope = cast("dict[str, Any]", config.rope_parameters or {})
    return BackboneShape(
        hidden=config.hidden_size,
        intermediate=config.intermediate_size,
        layers=config.num_hidden_layers,
        heads=heads,
        kv_heads=config.num_key_value_heads or heads,
        head_dim=config.head_dim or config.hidden_size // heads,
        vocabulary=config.vocab_size,
        rope_theta=float(rope.get("rope_theta", 10_000.0)),
        norm_eps=config.rms_norm_eps,
    )


def _digest(directory: Path) -> str:
    """Of a language model's files.

    Raises:
        InputError: one is missing, or cannot be read.
    """
    todo = "give a directory with config.json, tokenizer.json and *.safetensors"
    found = {path.name: path for kind in _KINDS for path in directory.glob(kind)}
    wanted = {"config.json", "tokenizer.json"}
    if not wanted <= found.keys() or not any(name.endswith(".safetensors") for name in found):
        raise InputError("no language model in it", where=str(directory), todo=todo)
    whole = hashlib.sha256()
    try:
        for name, path in sorted(found.items()):
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            whole.update(f"{name}\0{digest}\n".encode())
    except OSError as error:
        raise InputError(
            "cannot be read", where=f"{directory}: {error.strerror or error}", todo=todo
        ) from error
    return whole.hexdigest()
