"""PyanNet, a speaker segmentation network: learned filters, recurrent layers, sets of voices.

Bredin and Laurent, "End-to-end speaker segmentation for overlap-aware resegmentation", Interspeech
2021, https://arxiv.org/abs/2104.04045, over the filters of SincNet (Ravanelli and Bengio, SLT 2018,
https://arxiv.org/abs/1808.00158). The parts carry the names of the published weights
(pyannote.audio, MIT, https://github.com/pyannote/pyannote-audio), so that a state dict loads
strictly; sums are made in the order in which pyannote.audio makes them, whose import takes some
seconds and several hundred megabytes.
"""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from diarize.base import SAMPLE_RATE

_FILTERS, _TAPS, _STRIDE, _WIDTH = 80, 251, 10, 60
_LOWEST_HZ, _NARROWEST_HZ = 50, 50


class PyanNet(nn.Module):
    """Samples in, log probabilities of sets of local speakers out.

    Args:
        speakers: local speakers.
        at_once: speakers of a set at most.
        duration_s: length of the windows that it was trained on.
        hidden: width of a recurrent layer, in each direction.
        layers: recurrent layers.
        linear: widths of the layers after them.
    """

    def __init__(
        self,
        *,
        speakers: int = 3,
        at_once: int = 2,
        duration_s: float = 10.0,
        hidden: int = 128,
        layers: int = 4,
        linear: tuple[int, ...] = (128, 128),
    ) -> None:
        super().__init__()
        self.duration_s = duration_s
        self.sets = _sets(speakers, at_once)
        self.sincnet = _SincNet()
        self.lstm = nn.LSTM(_WIDTH, hidden, layers, batch_first=True, bidirectional=True)
        widths = (2 * hidden, *linear)
        self.linear = nn.ModuleList(nn.Linear(one, other) for one, other in pairwise(widths))
        self.classifier = nn.Linear(widths[-1], len(self.sets))

    def forward(self, waveforms: Tensor) -> Tensor:
        """Segments windows.

        Args:
            waveforms: ``(batch, 1, n)`` in [-1, 1] at 16 kHz.

        Returns:
            ``(batch, frames, sets)``.
        """
        hidden, _ = self.lstm(self.sincnet(waveforms).transpose(1, 2))
        for layer in self.linear:
            hidden = functional.leaky_relu(layer(hidden))
        return functional.log_softmax(self.classifier(hidden), dim=-1)


class Voices(nn.Module):
    """Of each local speaker the probability, summed over the sets that hold them.

    Args:
        network: gives probabilities of sets.
    """

    members: Tensor

    def __init__(self, network: PyanNet) -> None:
        super().__init__()
        self.network = network
        speakers = 1 + max(max(some, default=0) for some in network.sets)
        rows = [[float(one in some) for one in range(speakers)] for some in network.sets]
        self.register_buffer("members", torch.tensor(rows))

    def forward(self, waveforms: Tensor) -> Tensor:
        """``(batch, 1, n)`` samples to ``(batch, frames, speakers)`` probabilities."""
        sets: Tensor = self.network(waveforms)
        return sets.exp() @ self.members


def _sets(speakers: int, at_once: int) -> tuple[tuple[int, ...], ...]:
    """Sets of speakers, from nobody on."""
    return tuple(
        some for count in range(at_once + 1) for some in combinations(range(speakers), count)
    )


class _SincNet(nn.Module):
    """A spectrum by learned filters, then two convolutions; each is pooled over three frames."""

    def __init__(self) -> None:
        super().__init__()
        self.wav_norm1d = nn.InstanceNorm1d(1, affine=True)
        self.conv1d = nn.ModuleList(
            [_Encoder(), nn.Conv1d(_FILTERS, _WIDTH, 5), nn.Conv1d(_WIDTH, _WIDTH, 5)]
        )
        self.norm1d = nn.ModuleList(
            nn.InstanceNorm1d(width, affine=True) for width in (_FILTERS, _WIDTH, _WIDTH)
        )

    def forward(self, waveforms: Tensor) -> Tensor:
        hidden = cast("Tensor", self.wav_norm1d(waveforms))
        for index, (convolve, norm) in enumerate(zip(self.conv1d, self.norm1d, strict=True)):
            hidden = convolve(hidden)
            if index == 0:
                hidden = hidden.abs()
            hidden = functional.leaky_relu(norm(functional.max_pool1d(hidden, 3, 3)))
        return hidden


class _Encoder(nn.Module):
    """Holds the filters, as the names of the published weights want it."""

    def __init__(self) -> None:
        super().__init__()
        self.filterbank = _SincFilters()

    def forward(self, waveforms: Tensor) -> Tensor:
        return functional.conv1d(waveforms, self.filterbank(), stride=_STRIDE)


class _SincFilters(nn.Module):
    """Band-pass filters, each an even and an odd one, given by where their bands lie."""

    def __init__(self) -> None:
        super().__init__()
        self.low_hz_ = nn.Parameter(torch.zeros(_FILTERS // 2, 1))
        self.band_hz_ = nn.Parameter(torch.zeros(_FILTERS // 2, 1))
        self.window_ = nn.Buffer(torch.zeros(_TAPS // 2))
        self.n_ = nn.Buffer(torch.zeros(1, _TAPS // 2))

    def forward(self) -> Tensor:
        """``(filters, 1, taps)``."""
        low = _LOWEST_HZ + self.low_hz_.abs()
        high = (low + _NARROWEST_HZ + self.band_hz_.abs()).clamp(_LOWEST_HZ, SAMPLE_RATE / 2)
        lower, upper = low @ self.n_, high @ self.n_
        band = 2 * (high - low)
        even = (upper.sin() - lower.sin()) / (self.n_ / 2) * self.window_
        odd = (lower.cos() - upper.cos()) / (self.n_ / 2) * self.window_
        whole = torch.cat(
            [
                torch.cat([even, band, even.flip(1)], dim=1) / band,
                torch.cat([odd, torch.zeros_like(band), -odd.flip(1)], dim=1) / band,
            ]
        )
        return whole[:, None]
