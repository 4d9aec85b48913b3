"""Loads the weights into their networks: PyanNet's segmentation and CAM++'s embeddings.

Everything here imports torch, and pyannote.audio for its own pipelines; import it only where models
are needed. Paths are the caller's: which files may be trusted, by checksum, is settled before.
"""

from __future__ import annotations

import importlib.machinery
import io
import os
import pickle
import sys
import types
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diarize.errors import DiarizeError

if TYPE_CHECKING:
    from pyannote.audio import Model

    from diarize.campplus import CamPlusPlus
    from diarize.pyannet import PyanNet

MAX_BYTES = 512 * 1024 * 1024
"""Largest weights file that is read."""

_NOT_TENSORS = "not a file of plain tensors"
_NOT_PYANNOTE = "not a pyannote.audio checkpoint"
_ARCHITECTURES = "pyannote.audio.models."
_DESCRIPTIONS = frozenset(
    f"pyannote.audio.core.task.{name}" for name in ("Problem", "Resolution", "Specifications")
)


def import_pyannote() -> types.ModuleType:
    """Imports pyannote.audio with its telemetry off and its decoder warnings silenced."""
    os.environ["PYANNOTE_METRICS_ENABLED"] = "0"
    stand_in_for_extension()
    with warnings.catch_warnings():
        # Audio is handed over in memory: that torchcodec cannot decode files does not matter.
        warnings.filterwarnings("ignore", message=r"\s*torchcodec is not installed")
        import pyannote.audio
    # Raised for every window shorter than the pooled context; the result is as meant.
    warnings.filterwarnings("ignore", message="std\\(\\): degrees of freedom", module="pyannote")
    module: types.ModuleType = pyannote.audio
    return module


def stand_in_for_extension() -> None:
    """Puts an empty module in place of torchaudio's compiled extension beside a torch without CUDA.

    There the extension may fail to import; only forced alignment would need it. Must come before
    the first import of torchaudio.
    """
    import torch

    name = "torchaudio._extension"
    if torch.version.cuda is not None or name in sys.modules:
        return
    stub = types.ModuleType(name, "Stands in for torchaudio's compiled extension.")
    stub.__spec__ = importlib.machinery.ModuleSpec(name, loader=None)
    stub.__dict__.update(
        _IS_TORCHAUDIO_EXT_AVAILABLE=False,
        _IS_ALIGN_AVAILABLE=False,
        _check_cuda_version=lambda: None,
        fail_if_no_align=lambda function: function,
    )
    sys.modules[name] = stub


def load_segmentation(path: str | Path) -> PyanNet:
    """Loads pyannote's segmentation checkpoint for inference on the CPU, without pyannote.audio.

    Args:
        path: the file, as published (``pytorch_model.bin``).

    Raises:
        DiarizeError: the file is missing, too large, not a checkpoint, of another network, or holds
            other objects than tensors and descriptions.
    """
    from diarize.pyannet import PyanNet

    data = _read(path)
    described = _described(data, path, [(_Description, name) for name in sorted(_DESCRIPTIONS)])
    try:
        about = vars(described["pyannote.audio"]["specifications"])
        sizes = described["hyper_parameters"]
        network = PyanNet(
            speakers=len(about["classes"]),
            at_once=int(about["powerset_max_classes"]),
            duration_s=float(about["duration"]),
            hidden=int(sizes["lstm"]["hidden_size"]),
            layers=int(sizes["lstm"]["num_layers"]),
            linear=(int(sizes["linear"]["hidden_size"]),) * int(sizes["linear"]["num_layers"]),
        )
        network.load_state_dict(dict(described["state_dict"]))
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise DiarizeError(
            "weights of another network", where=str(path), todo="fetch the model again"
        ) from error
    network.eval().requires_grad_(False)
    return network


def load_pyannote_model(path: str | Path) -> Model:
    """Loads the same checkpoint as a model of pyannote.audio, for its pipelines.

    pyannote.audio unpickles whatever a checkpoint holds. So the same bytes are first read with
    ``weights_only=True`` and pyannote's own three description classes allowed: a file that passes
    can construct nothing else.

    Raises:
        DiarizeError: the file is missing, too large, not a checkpoint, or holds other objects.
    """
    data = _read(path)
    _refuse_others(data, path, _DESCRIPTIONS)
    pyannote_audio = import_pyannote()
    from pyannote.audio.core.task import Problem, Resolution, Specifications

    _described(data, path, [Problem, Resolution, Specifications])
    with warnings.catch_warnings():
        # Which versions of torch and lightning it was trained with says nothing about inference.
        warnings.simplefilter("ignore")
        model: Model = pyannote_audio.Model.from_pretrained(io.BytesIO(data), strict=False)
    model.eval()
    return model


class _Description:
    """Stands in for pyannote's descriptions of a model, which say what its numbers mean."""

    def __init__(self, *values: object) -> None:
        self.values = values


def _described(
    data: bytes, path: str | Path, allowed: Sequence[type | tuple[type, str]]
) -> Mapping[str, Any]:
    """A checkpoint that says what network of pyannote.audio it is for."""
    todo = "fetch the model again"
    if not _refuse_others(data, path, _DESCRIPTIONS) & _DESCRIPTIONS:
        raise DiarizeError(_NOT_PYANNOTE, where=str(path), todo=todo)
    checkpoint = _load_tensors(data, path, allowed)
    described = checkpoint.get("pyannote.audio", {})
    architecture = described.get("architecture", {}) if isinstance(described, Mapping) else {}
    if not str(architecture.get("module", "")).startswith(_ARCHITECTURES):
        raise DiarizeError(_NOT_PYANNOTE, where=str(path), todo=todo)
    return checkpoint


def load_campplus(path: str | Path) -> CamPlusPlus:
    """Loads the published CAM++ state dict for inference on the CPU.

    Raises:
        DiarizeError: the file is missing, too large, no state dict, or of another network.
    """
    from diarize.campplus import CamPlusPlus

    data = _read(path)
    _refuse_others(data, path)
    state = _load_tensors(data, path)
    network = CamPlusPlus()
    try:
        network.load_state_dict(dict(state))
    except (RuntimeError, TypeError) as error:
        raise DiarizeError(
            "weights of another network", where=str(path), todo="fetch the model again"
        ) from error
    network.eval().requires_grad_(False)
    return network


def _read(path: str | Path) -> bytes:
    file = Path(path)
    try:
        if file.stat().st_size > MAX_BYTES:
            raise DiarizeError(
                "weights file over 512 MiB", where=str(file), todo="give the weights of one model"
            )
        return file.read_bytes()
    except OSError as error:
        raise DiarizeError(
            f"cannot read weights: {error.strerror}", where=str(file), todo="fetch the model"
        ) from error


def _refuse_others(
    data: bytes, path: str | Path, allowed: frozenset[str] = frozenset()
) -> set[str]:
    """Refuses a checkpoint that names other objects, before anything of it is imported or built.

    Returns:
        The dotted names of the objects it holds besides tensors and plain data.
    """
    import torch

    try:
        named = torch.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(data))
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise DiarizeError(_NOT_TENSORS, where=str(path), todo="fetch the model again") from error
    others = sorted(set(named) - allowed - {"torch.torch_version.TorchVersion"})
    if others:
        what = f"{_NOT_TENSORS}: it holds {', '.join(others[:3])}"
        raise DiarizeError(what, where=str(path), todo="do not trust where it came from")
    return set(named)


def _load_tensors(
    data: bytes, path: str | Path, allowed: Sequence[type | tuple[type, str]] = ()
) -> Mapping[str, Any]:
    import torch
    from torch.torch_version import TorchVersion

    try:
        with torch.serialization.safe_globals([TorchVersion, *allowed]):
            loaded = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise DiarizeError(_NOT_TENSORS, where=str(path), todo="fetch the model again") from error
    if not isinstance(loaded, Mapping):
        raise DiarizeError("not a checkpoint", where=str(path), todo="fetch the model again")
    return loaded


def single_thread() -> None:
    """Limits torch to one thread: sums then have one order, and so one result."""
    import torch

    torch.set_num_threads(1)
