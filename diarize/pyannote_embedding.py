"""CAM++ as an embedding model of pyannote.audio, for its pipelines."""

from __future__ import annotations

import torch

from diarize.base import SAMPLE_RATE
from diarize.loading import import_pyannote

import_pyannote()

from pyannote.audio import Model  # noqa: E402
from torch import Tensor  # noqa: E402
from torch.nn import functional  # noqa: E402

from diarize.campplus import DIMENSION, CamPlusPlus  # noqa: E402
from diarize.embedding import MIN_FRAMES, filter_bank  # noqa: E402


class CamPlusPlusModel(Model):
    """Waveforms in, embeddings out; frames outside a speaker's mask are cut before the network.

    Args:
        network: loaded by `diarize.loading.load_campplus`.
    """

    def __init__(self, network: CamPlusPlus) -> None:
        super().__init__(sample_rate=SAMPLE_RATE, num_channels=1)
        self.network = network

    @property
    def dimension(self) -> int:
        """Size of an embedding."""
        return DIMENSION

    def forward(self, waveforms: Tensor, weights: Tensor | None = None, **_: object) -> Tensor:
        """Embeds each waveform where its weights are over one half.

        Args:
            waveforms: ``(batch, 1, n)`` at 16 kHz.
            weights: ``(batch, frames)``, spread evenly over the waveform.

        Returns:
            ``(batch, DIMENSION)``; not a number where too little speech was left.

        Raises:
            ValueError: waveforms too short for any embedding.
        """
        rows = []
        for index, waveform in enumerate(waveforms[:, 0]):
            features = torch.from_numpy(filter_bank(waveform.numpy()))
            if len(features) < MIN_FRAMES:
                raise ValueError(f"waveform of {len(waveform)} samples is too short")
            if weights is not None:
                mask = functional.interpolate(weights[index][None, None], size=len(features))
                features = features[mask[0, 0] > 0.5]
            rows.append(self._embed(features))
        return torch.stack(rows)

    def _embed(self, features: Tensor) -> Tensor:
        if len(features) < MIN_FRAMES:
            return torch.full((DIMENSION,), torch.nan)
        vector: Tensor = self.network((features - features.mean(dim=0))[None])[0]
        return vector
