"""Which model runs here: the one of the store, or a file; looked at before a meeting begins."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from moderator.errors import InputError, ModelMissingError
from moderator.models.store import ModelStore

NAME: Final = "qwen2.5-coder-1.5b-instruct"
EMBEDDINGS: Final = "multilingual-e5-small"

_MAGIC, _TEMPLATE = b"GGUF", b"tokenizer.chat_template"
_HEADER: Final = 64 * 1024 * 1024
"""Bytes of a file in which what it says of itself is looked for."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What a local mind runs.

    Attributes:
        model: a GGUF file with a chat template.
        names: of the models, for the summary.
        embeds: sentence embeddings are here, too.
    """

    model: Path
    names: tuple[str, ...]
    embeds: bool


def weights(file: str, store: ModelStore) -> Weights:
    """The model of the store, or another instruct model.

    Args:
        file: a GGUF file; empty: the store's model, which is pulled if it is missing.
        store: where it is.

    Raises:
        InputError: llama.cpp is not installed, the model cannot be had, has another hash than the
            registered one, or the file is no instruct model.
    """
    if find_spec("xllamacpp") is None:
        raise InputError(
            "llama.cpp is not installed",
            where="--mind local",
            todo="install it with `pip install 'livekit-moderator[local]'`",
        )
    embeds = _embeds(store)
    names = (EMBEDDINGS,) if embeds else ()
    if not file:
        return Weights(store.path(NAME), (NAME, *names), embeds)
    path = Path(file)
    _check(path)
    return Weights(path.resolve(), (f"local:{path.name}", *names), embeds)


def _embeds(store: ModelStore) -> bool:
    """Whether sentence embeddings are installed, and are the registered ones."""
    try:
        store.path(EMBEDDINGS)
    except ModelMissingError:
        return False
    return True


def _check(path: Path) -> None:
    where = f"--mind local:{str(path)[:200]!a}"
    try:
        with path.open("rb") as opened:
            header = opened.read(_HEADER)
    except OSError as error:
        what = f"the model cannot be read ({error.strerror})"
        raise InputError(what, where=where, todo="name a GGUF file") from None
    if not header.startswith(_MAGIC):
        raise InputError("no GGUF file", where=where, todo="name a model in that format")
    if _TEMPLATE not in header:
        raise InputError(
            "the model has no chat template, so it takes no instructions",
            where=where,
            todo="take an instruct model",
        )
