"""What takes long to compute for a later step: dataclasses of tensors on disk."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from moderator.errors import InputError
from moderator.mind.moderator_lm.tensor_file import read_tensors, write_tensors

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Made = TypeVar("Made", bound="DataclassInstance")

_SOURCE = "made_from"


def write(made: DataclassInstance, path: Path, source: str) -> None:
    """Writes tensors, whole or not at all.

    Args:
        made: a dataclass with tensors only.
        path: the file.
        source: tells what they were made from.

    Raises:
        OSError: they cannot be written.
    """
    tensors = {field.name: getattr(made, field.name) for field in fields(made)}
    write_tensors(tensors, path, {_SOURCE: source})


def read(kind: type[Made], path: Path, source: str) -> Made | None:
    """Tensors as they were written; None where they are not there, or from another source.

    Raises:
        InputError: the file is broken.
    """
    if not path.exists():
        return None
    try:
        tensors, says = read_tensors(path)
        return kind(**tensors) if says.get(_SOURCE) == source else None
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            "not what an earlier step wrote", where=str(path), todo="delete it, and begin anew"
        ) from error
