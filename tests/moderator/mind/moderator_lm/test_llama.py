"""The language model in torch alone gives the numbers that transformers' gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from moderator.cli.models import open_store
from moderator.mind.moderator_lm.backbone import load_backbone
from moderator.mind.moderator_lm.llama import Backbone
from moderator.mind.moderator_lm.own_backbone import OwnBackbone
from moderator.mind.moderator_lm.unpacked import MODEL, WEIGHTS, read_encode, unpacked
from tests.integrations.files.learn.test_own_backbone import language_model
from tests.moderator.mind.moderator_lm.llamas import llama
from tests.moderator.mind.moderator_lm.tiny import BACKBONE

SCALED = {
    "rope_type": "llama3",
    "rope_theta": 10_000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}


@torch.inference_mode()
def read(model: Backbone, ids: torch.Tensor) -> torch.Tensor:
    """Logits of every next token: the first half read, then the second one beside it."""
    half = ids.shape[1] // 2
    found: list[torch.Tensor] = []
    memory: list[tuple[torch.Tensor, torch.Tensor]] = []
    for part in (slice(0, half), slice(half, None)):
        places = torch.arange(ids.shape[1])[None, part]
        hidden, rotary = model.embed(ids[:, part]), model.rotary(places)
        mask = places[..., None] >= torch.arange(int(places[0, -1]) + 1)
        for index, layer in enumerate(model.layers):
            past = memory[index] if len(memory) > index else None
            hidden, own = layer(hidden, rotary, mask[None], past)
            if past is None:
                memory.append(own)
        found.append(model.next_tokens(hidden))
    return torch.cat(found, 1)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"tie_word_embeddings": False},
        {"attention_bias": True, "mlp_bias": True},
        {"rope_parameters": SCALED},
    ],
)
def test_any_llama_is_read_as_transformers_reads_it(more: dict[str, Any], tmp_path: Path) -> None:
    torch.manual_seed(0)
    own = language_model(tmp_path / "llama")
    theirs = llama(BACKBONE, **more)
    with torch.no_grad():
        for parameter in theirs.parameters():
            torch.nn.init.normal_(parameter, std=0.3)  # biases and norms too
    theirs.bfloat16().save_pretrained(own)
    ours, _ = OwnBackbone.at(own).load()
    ids = torch.randint(0, BACKBONE.vocabulary, (1, 100))
    with torch.inference_mode():
        expected = theirs(ids).logits.float()
    found = read(ours, ids).float()
    assert (found - expected).abs().max() < 0.05 * expected.abs().max()
    assert (found.argmax(-1) == expected.argmax(-1)).float().mean() > 0.9


@pytest.mark.e2e
def test_the_embedded_one_is_unpacked_as_transformers_unpacks_it(tmp_path: Path) -> None:
    from safetensors.torch import load_file
    from transformers import AutoTokenizer, GgufConfig, LlamaForCausalLM

    from moderator.mind.moderator_lm.unpacked import _unpack

    source = open_store(offline=True).path(MODEL)
    _unpack(source, tmp_path)
    given: dict[str, Any] = {"gguf_file": source.name, "local_files_only": True}
    model = LlamaForCausalLM.from_pretrained(
        source.parent,
        quantization_config=GgufConfig(dequantize=True),
        dtype=torch.bfloat16,
        **given,
    )
    expected = {name: one for name, one in model.state_dict().items() if "lm_head" not in name}
    found = load_file(tmp_path / WEIGHTS)
    assert set(found) == set(expected)
    assert all(torch.equal(found[name], expected[name]) for name in found)
    again = LlamaForCausalLM.from_pretrained(tmp_path, dtype=torch.bfloat16)
    assert torch.equal(again.get_parameter(NAME), found[NAME])
    theirs, ours = AutoTokenizer.from_pretrained(source.parent, **given), read_encode(tmp_path)
    for text in (
        "<|im_start|>system\nYou are B.",
        "\nA: Okay, 12 naïve cafés -- well…",
        " 日本 <|",
    ):
        assert ours(text) == theirs(text, add_special_tokens=False).input_ids


NAME = "model.layers.3.mlp.up_proj.weight"


@pytest.mark.e2e
def test_only_the_layers_that_are_needed_are_loaded() -> None:
    store = open_store(offline=True)
    some, every = load_backbone(store, 2), load_backbone(store)
    assert (len(some.layers), len(every.layers)) == (2, 30)
    name = "layers.1.mlp.up_proj.weight"
    one, other = (model.get_parameter(name) for model in (some, every))
    assert torch.equal(one, other)
    assert not one.requires_grad
    assert json.loads((unpacked(store) / "config.json").read_text())["num_hidden_layers"] == 30
