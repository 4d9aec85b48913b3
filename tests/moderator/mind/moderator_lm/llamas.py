"""Tiny models of transformers, with random weights: what anybody's language model looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moderator.mind.moderator_lm.shape import BackboneShape

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM


def llama(shape: BackboneShape, **more: Any) -> LlamaForCausalLM:
    """A model of that shape; `more` goes into its configuration."""
    from transformers import LlamaConfig, LlamaForCausalLM

    settings: dict[str, Any] = {
        "hidden_size": shape.hidden,
        "intermediate_size": shape.intermediate,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "vocab_size": shape.vocabulary,
        "rope_parameters": {"rope_type": "default", "rope_theta": shape.rope_theta},
        "rms_norm_eps": shape.norm_eps,
        "max_position_embeddings": 8192,
        "tie_word_embeddings": True,
    }
    made: LlamaForCausalLM = LlamaForCausalLM(LlamaConfig(**settings | more))
    made.train(mode=False)
    return made
