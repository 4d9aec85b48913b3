"""Loads the shipped model: the backbone from the store, the trained parts from the package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from moderator.errors import InputError
from moderator.plain_json import parse_json

if TYPE_CHECKING:
    from moderator.mind.moderator_lm.about import About
    from moderator.mind.moderator_lm.network import Network
    from moderator.mind.moderator_lm.own_backbone import OwnBackbone
    from moderator.mind.moderator_lm.script import Encode
    from moderator.mind.moderator_lm.speech import SpeechEncoder
    from moderator.models.store import ModelStore

NAME = "moderator-lm"

WEIGHTS = Path(__file__).parent / "weights" / "moderator-lm.safetensors"
PIN = WEIGHTS.with_suffix(".json")
"""Says which sha256 the shipped weights have."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model ready to decide.

    Attributes:
        network: with LoRA merged.
        encode: its tokenizer, without special tokens.
        about: the checkpoint's own words.
        speech: the encoder of speech, where it is to hear.
    """

    network: Network
    encode: Encode
    about: About
    speech: SpeechEncoder | None = None

    @property
    def number_type(self) -> str:
        """In which it computes: ``bfloat16`` or ``float32``."""
        return str(self.network.dtype).removeprefix("torch.")

    @property
    def outline(self) -> Outline:
        """What of it is known without its network."""
        return Outline(self.encode, self.about, self.speech is not None)


@dataclass(frozen=True, slots=True)
class Outline:
    """What is known of a model before its network is loaded.

    Attributes:
        encode: its tokenizer, without special tokens.
        about: the checkpoint's own words.
        hears: it is to be loaded with the encoder of speech.
    """

    encode: Encode
    about: About
    hears: bool = False


def check(
    store: ModelStore,
    weights: Path | None = None,
    *,
    hears: bool = False,
    notice: Callable[[str], None] = lambda _: None,
) -> None:
    """Finds out, without loading anything, whether `load` will find all files.

    Args:
        store: has the language model, which is unpacked where it has not been.
        weights: as for `load`.
        hears: it is to hear.
        notice: told what takes its time.

    Raises:
        InputError: weights, language model or, where it is to hear, the speech encoder are missing
            and cannot be fetched; or the shipped weights have not learned to hear.
    """
    if weights is None:
        _pinned()
        if hears and not says("aligned"):
            raise _deaf(WEIGHTS)
    if not (weights or WEIGHTS).is_file():
        raise InputError(
            "the trained weights are missing",
            where=str(weights or WEIGHTS),
            todo="install the package again, or use --mind duties, which needs none",
        )
    if _own(weights) is None:
        _backbone(store, notice)
    if hears:
        _encoder(store)


def _encoder(store: ModelStore) -> Path:
    """The speech encoder's directory."""
    from moderator.mind.moderator_lm.speech import MODEL

    return store.directory(MODEL)


def _deaf(weights: Path) -> InputError:
    return InputError(
        "these weights have not learned to hear",
        where=str(weights),
        todo="use moderator-lm, or weights exported with --projector",
    )


def _own(weights: Path | None) -> OwnBackbone | None:
    """The language model that stands in the pin beside weights of one's own; None: the embedded.

    Raises:
        InputError: the pin is broken.
    """
    if weights is None:
        return None
    from moderator.mind.moderator_lm.own_backbone import OwnBackbone

    pin = weights.with_suffix(".json")
    try:
        says = parse_json(pin.read_text()).get("backbone")
        return None if says is None else OwnBackbone.model_validate(says)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, AttributeError) as error:
        todo = "export the weights again, or delete it if they are for the embedded language model"
        raise InputError("cannot be understood", where=str(pin), todo=todo) from error


def _backbone(store: ModelStore, notice: Callable[[str], None]) -> Path:
    """The language model's plain copy."""
    from moderator.mind.moderator_lm.unpacked import MODEL, unpacked

    try:
        store.path(MODEL)
    except InputError as error:
        todo = f"{error.todo}, or use --mind duties, which needs none"
        raise type(error)(error.what, where=error.where, todo=todo) from error
    return unpacked(store, notice)


def outline(store: ModelStore, *, hears: bool = False) -> Outline:
    """What is known of the shipped model without loading it; see `load`."""
    from moderator.mind.moderator_lm.about import read_about
    from moderator.mind.moderator_lm.unpacked import read_encode, unpacked

    return Outline(read_encode(unpacked(store)), read_about(WEIGHTS, _pinned()), hears)


def load(store: ModelStore, weights: Path | None = None, *, hears: bool | None = None) -> Loaded:
    """Loads a model.

    Args:
        store: has the language model.
        weights: a checkpoint; None: the shipped one, whose sha256 is pinned.
        hears: whether it is to; None: where its decisions were trained with speech.

    Raises:
        InputError: something is missing, broken, or does not belong together.
    """
    from moderator.mind.moderator_lm.about import read_about
    from moderator.mind.moderator_lm.backbone import choose_device, load_backbone
    from moderator.mind.moderator_lm.checkpoint import build
    from moderator.mind.moderator_lm.lora import merge
    from moderator.mind.moderator_lm.number_type import number_type
    from moderator.mind.moderator_lm.unpacked import MODEL, read_encode, unpacked

    check(store, weights)
    expected = _pinned() if weights is None else None
    own = _own(weights)
    if own is not None:
        backbone, encode = own.load(number_type(store, choose_device()))
    else:
        depth = read_about(weights or WEIGHTS, expected).shape.depth
        backbone, encode = load_backbone(store, depth), read_encode(unpacked(store))
    network, about = build(backbone, weights or WEIGHTS, expected)
    if hears and not about.aligned:
        raise _deaf(weights or WEIGHTS)
    found = own.sha256 if own else store.model(MODEL).files[0].sha256
    if about.backbone and about.backbone != found:
        raise InputError(
            "the checkpoint was trained on another language model",
            where=str(weights or WEIGHTS),
            todo=f"train it again on {own.directory if own else MODEL}",
        )
    shape = network.shape
    merge(network.layers[shape.enter : shape.depth])
    del network.layers[shape.depth :]  # they would only write replies
    network.to(choose_device())
    hears = about.hears_audio if hears is None else hears
    return Loaded(network, encode, about, _speech(store) if hears else None)


def _speech(store: ModelStore) -> SpeechEncoder:
    from moderator.mind.moderator_lm.speech import load_speech_encoder

    return load_speech_encoder(_encoder(store))


def says(trait: str) -> bool:
    """Whether the shipped weights' pin says that they have a trait.

    Args:
        trait: `aligned`: they can hear; `hears_audio`: their decisions were trained with speech;
            `thinks`: with thoughts.
    """
    try:
        return parse_json(PIN.read_text()).get(trait) is True
    except (OSError, ValueError, AttributeError):
        return False


def _pinned() -> str:
    try:
        return str(parse_json(PIN.read_text())["sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            "the trained weights are missing or broken",
            where=str(PIN),
            todo="install the package again, or use --mind duties, which needs none",
        ) from error
