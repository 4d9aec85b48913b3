"""Files of named tensors: safetensors, written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def write_tensors(
    tensors: Mapping[str, Tensor], path: Path, about: Mapping[str, str] | None = None
) -> None:
    """Writes tensors, in the place of what is there.

    Args:
        tensors: by name; copied where they are not contiguous.
        path: the file.
        about: what the file says of itself.

    Raises:
        OSError: it cannot be written; what was there is as it was.
    """
    from safetensors.torch import save

    part = path.with_name(f".{path.name}.part")
    whole = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    try:
        # Not its `save_file`: that says only in words what the system said.
        part.write_bytes(save(whole, dict(about) if about is not None else None))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def read_tensors(
    path: Path, names: Iterable[str] | None = None
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors by name, which stay on disk until they are used, and what the file says of itself.

    Args:
        path: the file.
        names: the tensors; None: all.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not such a file, or has no tensor of such a name.
    """
    with _opened(path, "pt") as file:
        wanted = file.keys() if names is None else names
        return {name: file.get_tensor(name) for name in wanted}, dict(file.metadata() or {})


def read_says(path: Path) -> dict[str, str]:
    """What a file says of itself; no tensor is read, and torch is not needed.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not such a file.
    """
    with _opened(path, "np") as file:
        return dict(file.metadata() or {})


@contextmanager
def _opened(path: Path, framework: str) -> Iterator[Any]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework=framework) as file:
            yield file
    except SafetensorError as error:
        raise ValueError(str(error)) from error
