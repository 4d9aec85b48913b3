"""The networks of online diarization as ONNX: a short window costs half of what it does in torch.

They are exported once from the published weights and kept beside them; torch is needed for that
alone.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from diarize.base import SAMPLE_RATE, Audio
from diarize.embedding import MEL_BINS, MIN_FRAMES, Features, Vector, filter_bank, unit
from diarize.errors import DiarizeError
from diarize.onnx_session import open_session
from diarize.segmentation import Activity

if TYPE_CHECKING:
    import torch

FILE: Final = "network.onnx"
"""In the directory that an export is written into."""

_INPUT, _OUTPUT, _WINDOW = "input", "output", "window"
_REMEDY: Final = "delete it; it is made again"


class OnnxSegmentation:
    """PyanNet as `diarize.segmentation.LocalSegmentation`.

    Args:
        directory: written by `export_segmentation`.

    Raises:
        DiarizeError: no such network is there.
    """

    def __init__(self, directory: Path) -> None:
        self._session = _session(directory / FILE)
        try:
            about = self._session.get_modelmeta().custom_metadata_map
            self.window = int(about[_WINDOW])
        except (KeyError, ValueError) as error:
            raise DiarizeError(
                "not a segmentation network", where=str(directory), todo=_REMEDY
            ) from error

    def __call__(self, audio: Audio) -> Activity:
        """Probabilities for a window of shape ``(n,)``, a frame each `FRAME_STEP` samples."""
        (found,) = self._session.run(None, {_INPUT: audio[None, None]})
        return np.asarray(found[0], dtype=np.float32)


class OnnxEmbedder:
    """CAM++ as `diarize.embedding.SpeakerEmbedder`.

    Args:
        directory: written by `export_campplus`.

    Raises:
        DiarizeError: no such network is there.
    """

    def __init__(self, directory: Path) -> None:
        self._session = _session(directory / FILE)

    def features(self, audio: Audio) -> Features:
        """Filter-bank frames of audio of shape ``(n,)``; none for less than `FEATURE_SPAN`."""
        return filter_bank(audio)

    def embed(self, features: Features) -> Vector | None:
        """A unit vector for frames of one voice; None if they are too few or say nothing."""
        if len(features) < MIN_FRAMES:
            return None
        centred = features - features.mean(axis=0, keepdims=True)
        (found,) = self._session.run(None, {_INPUT: centred[None]})
        return unit(found[0])


def _session(path: Path) -> Any:
    try:
        return open_session(path)
    except Exception as error:
        raise DiarizeError("cannot load the network", where=str(path), todo=_REMEDY) from error


def export_segmentation(weights: Path, directory: Path) -> None:
    """Writes pyannote's segmentation network as ONNX: samples in, probabilities of voices out.

    The network gives one distribution a frame over sets of speakers; a speaker's probability is the
    sum over the sets that hold them (Plaquet & Bredin, Interspeech 2023,
    https://arxiv.org/abs/2310.13025).

    Args:
        weights: the file, as published.
        directory: where `FILE` is written.

    Raises:
        DiarizeError: as `diarize.loading.load_segmentation`.
    """
    import torch

    from diarize.loading import load_segmentation
    from diarize.pyannet import Voices

    network = load_segmentation(weights)
    window = round(network.duration_s * SAMPLE_RATE)
    example = torch.zeros(1, 1, window // 2)
    _export(Voices(network), example, {0: "batch", 2: "samples"}, directory, {_WINDOW: str(window)})


def export_campplus(weights: Path, directory: Path) -> None:
    """Writes CAM++ as ONNX: filter-bank frames ``(batch, frames, 80)`` in, embeddings out.

    Args:
        weights: the file, as published.
        directory: where `FILE` is written.

    Raises:
        DiarizeError: as `diarize.loading.load_campplus`.
    """
    import torch

    from diarize.loading import load_campplus

    example = torch.zeros(1, 2 * MIN_FRAMES, MEL_BINS)
    _export(load_campplus(weights), example, {0: "batch", 1: "frames"}, directory, {})


def _export(
    network: torch.nn.Module,
    example: torch.Tensor,
    axes: dict[int, str],
    directory: Path,
    about: dict[str, str],
) -> None:
    import onnx
    import torch

    path = directory / FILE
    with warnings.catch_warnings():  # of what holds for networks of one size only
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (example,),
            path,
            dynamo=False,
            input_names=[_INPUT],
            output_names=[_OUTPUT],
            dynamic_axes={_INPUT: axes},
        )
    model = onnx.load(path)
    onnx.helper.set_model_props(model, about)
    onnx.save(model, path)
