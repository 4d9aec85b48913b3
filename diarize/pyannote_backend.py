"""Any pyannote.audio pipeline over a whole recording: nothing settles before the end."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from diarize.base import SAMPLE_RATE, Audio, DiarizerSpec, SpeakerActivity
from diarize.errors import DiarizeError
from diarize.loading import import_pyannote
from diarize.samples import checked

if TYPE_CHECKING:
    from pyannote.audio import Model, Pipeline

    from diarize.campplus import CamPlusPlus

COMMUNITY = "pyannote/speaker-diarization-community-1"
"""pyannote's own pipeline on the Hugging Face hub; its terms must be accepted there."""

DISTANCE = 1.0
"""Distance of unit embeddings below which clusters are merged: a cosine above one half."""


class PyannoteDiarizer:
    """`diarize.base.Diarizer` that hears everything first; `spec.online` is False.

    Labels are ``speaker_1``, ``speaker_2`` … in order of appearance.

    Args:
        pipeline: takes ``{"waveform": (1, n), "sample_rate": 16000}``, as every pipeline of
            pyannote.audio does.
    """

    def __init__(self, pipeline: Callable[[dict[str, Any]], Any]) -> None:
        self._pipeline = pipeline
        self._heard: list[Audio] = []
        self.spec = DiarizerSpec(math.inf, math.inf, None, online=False)
        self.settled = 0

    def push(self, audio: Audio) -> list[SpeakerActivity]:
        """Keeps the next samples, shape ``(n,)``; nothing is final yet."""
        self._heard.append(checked(audio).copy())
        return []

    def flush(self) -> list[SpeakerActivity]:
        """Ends the stream and diarizes it."""
        import torch

        samples = np.concatenate([np.zeros(0, dtype=np.float32), *self._heard])
        self._heard, self.settled = [], len(samples)
        if not samples.any():
            return []
        waveform = torch.from_numpy(samples)[None]
        output = self._pipeline({"waveform": waveform, "sample_rate": SAMPLE_RATE})
        annotation = getattr(output, "speaker_diarization", output)
        labels: dict[str, str] = {}
        pieces = []
        for segment, _, label in annotation.itertracks(yield_label=True):
            speaker = labels.setdefault(label, f"speaker_{len(labels) + 1}")
            start, end = (round(seconds * SAMPLE_RATE) for seconds in (segment.start, segment.end))
            if max(0, start) < min(end, len(samples)):
                pieces.append(SpeakerActivity(speaker, max(0, start), min(end, len(samples))))
        return sorted(pieces, key=lambda piece: (piece.start, piece.speaker))


def embedded_pipeline(
    segmentation: Model, embedding: CamPlusPlus, distance: float = DISTANCE
) -> Pipeline:
    """Builds pyannote's agglomerative pipeline over the embedded weights.

    Args:
        segmentation: from `diarize.loading.load_pyannote_model`.
        embedding: from `diarize.loading.load_campplus`.
        distance: clusters nearer than this, in [0, 2], are merged.
    """
    import_pyannote()
    from pyannote.audio.core.plda import PLDA
    from pyannote.audio.pipelines import SpeakerDiarization

    from diarize.pyannote_embedding import CamPlusPlusModel

    pipeline: Pipeline = SpeakerDiarization(
        segmentation=segmentation,
        embedding=CamPlusPlusModel(embedding),
        embedding_exclude_overlap=True,
        # Wanted by the constructor though only VBx clustering reads it.
        plda=PLDA.__new__(PLDA),
        clustering="AgglomerativeClustering",
        legacy=True,
    )
    pipeline.instantiate(
        {
            "segmentation": {"min_duration_off": 0.0},
            "clustering": {"method": "centroid", "min_cluster_size": 3, "threshold": distance},
        }
    )
    return pipeline


def community_pipeline(token: str) -> Pipeline:
    """Fetches pyannote's pipeline from the Hugging Face hub.

    Args:
        token: of an account that accepted the pipeline's terms.

    Raises:
        DiarizeError: it cannot be had with this token.
    """
    pyannote_audio = import_pyannote()
    todo = f"accept the terms of {COMMUNITY} and give a token that may read it"
    try:
        pipeline: Pipeline | None = pyannote_audio.Pipeline.from_pretrained(COMMUNITY, token=token)
    except (OSError, ValueError) as error:
        raise DiarizeError("cannot fetch the pipeline", where=COMMUNITY, todo=todo) from error
    if pipeline is None:
        raise DiarizeError("cannot fetch the pipeline", where=COMMUNITY, todo=todo)
    return pipeline
