"""What a checkpoint says of itself: how its decisions are to be read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from moderator.errors import InputError
from moderator.mind.moderator_lm.shape import Shape
from moderator.mind.moderator_lm.tensor_file import read_says

LARGEST = 64 * 2**20
"""Bytes of a file that is looked at."""

_TODO = "install the package again, or train and export a new one"

Probability = Annotated[float, Field(ge=0, le=1)]


class Advice(BaseModel):
    """How to read decisions.

    Attributes:
        threshold: probability from which on taking the turn is advised.
        roles: the same for roles that were played (`moderator.learn.role_play`), by position; some
            speak far less often than others.
        scale: per head, the logits are multiplied by this before they become probabilities.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    threshold: Probability = 0.5
    roles: Annotated[dict[str, Probability], Field(max_length=100)] = {}
    scale: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)

    def threshold_of(self, position: str | None) -> float:
        """The threshold in a position."""
        return self.roles.get(position or "", self.threshold)


class About(Advice):
    """What a checkpoint says of itself.

    Attributes:
        format: of the file.
        shape: of the network.
        backbone: sha256 of the language model's file that it was trained on; empty for none.
        words_reach: the most that the words added to the floor's logit of a turn within 1 s, at
            the moments that the threshold was chosen on; None: not measured.
        aligned: its projector was trained, so that it can hear.
        hears_audio: its decisions were trained with speech embeddings, so that it does.
        data: what it was trained on, for people.
        after_thought: it thinks, and its decisions are then to be read like this; None: it does
            not, and has no tensors for that.
    """

    format: Literal[1] = 1
    shape: Shape = Shape()
    backbone: str = Field(default="", max_length=64)
    words_reach: Annotated[float, Field(allow_inf_nan=False)] | None = None
    aligned: bool = False
    hears_audio: bool = False
    data: str = Field(default="", max_length=500)
    after_thought: Advice | None = None


def probabilities(logits: NDArray[np.floating], scale: float) -> NDArray[np.float64]:
    """``(n,)`` in [0, 1], from a head's logits and its scale."""
    return np.asarray(1.0 / (1.0 + np.exp(-scale * logits)))


def sha256(path: Path) -> str:
    """Of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_about(path: Path, expected: str | None = None) -> About:
    """What a checkpoint says of itself; its tensors are not looked at.

    Args:
        path: the file.
        expected: its sha256, where that is known.

    Raises:
        InputError: it is missing, not one of ours, or has another hash.
    """
    with broken_file(path):
        if path.stat().st_size > LARGEST:
            raise InputError("too large for trained weights", where=str(path), todo=_TODO)
        if expected is not None and sha256(path) != expected:
            raise InputError("the trained weights have another sha256", where=str(path), todo=_TODO)
        return About.model_validate_json(read_says(path)["moderator-lm"])


@contextmanager
def broken_file(path: Path) -> Iterator[None]:
    """Whatever is wrong with a checkpoint's file becomes an `InputError`."""
    try:
        yield
    except FileNotFoundError as error:
        raise InputError("the trained weights are missing", where=str(path), todo=_TODO) from error
    except (OSError, KeyError, ValueError) as error:
        raise InputError("not a checkpoint of moderator-lm", where=str(path), todo=_TODO) from error
