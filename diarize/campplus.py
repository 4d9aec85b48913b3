"""CAM++, a speaker embedding network: densely connected time-delay layers with context masks.

Wang et al., "CAM++: A Fast and Efficient Network for Speaker Verification Using Context-Aware
Masking", Interspeech 2023, https://arxiv.org/abs/2303.00332. The layers carry the names of the
published weights (3D-Speaker, Apache-2.0, https://github.com/modelscope/3D-Speaker), so that its
state dict loads strictly.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

from diarize.embedding import MEL_BINS

DIMENSION = 192
"""Size of an embedding of the Chinese-English weights."""

_GROWTH = 32
_CONTEXT_FRAMES = 100
"""Frames over which a layer's mask averages, besides the whole input."""


class CamPlusPlus(nn.Module):
    """Filter-bank frames in, one embedding out.

    Args:
        dimension: size of an embedding.
        channels: width after the first time-delay layer.
    """

    def __init__(self, dimension: int = DIMENSION, channels: int = 128) -> None:
        super().__init__()
        self.head = _FrontEnd()
        first = _TimeDelay(self.head.out_channels, channels, kernel=5, stride=2)
        layers: OrderedDict[str, nn.Module] = OrderedDict(tdnn=first)
        for index, (depth, dilation) in enumerate(((12, 1), (24, 2), (16, 2)), start=1):
            layers[f"block{index}"] = _DenseBlock(depth, channels, dilation)
            channels += depth * _GROWTH
            layers[f"transit{index}"] = _Transit(channels, channels // 2)
            channels //= 2
        layers["out_nonlinear"] = _norm_relu(channels)
        layers["stats"] = _Statistics()
        layers["dense"] = _Dense(channels * 2, dimension)
        self.xvector = nn.Sequential(layers)

    def forward(self, features: Tensor) -> Tensor:
        """Embeds filter-bank frames.

        Args:
            features: ``(batch, frames, MEL_BINS)`` log energies, mean over frames removed.

        Returns:
            ``(batch, dimension)``, not normalised.
        """
        embedding: Tensor = self.xvector(self.head(features.transpose(1, 2)))
        return embedding


def _norm_relu(channels: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(batchnorm=nn.BatchNorm1d(channels), relu=nn.ReLU(inplace=True))
    )


class _Residual(nn.Module):
    """Two 3 × 3 convolutions beside a shortcut; `stride` is along frequency."""

    def __init__(self, planes: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(planes, planes, 3, (stride, 1), 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shortcut = nn.Sequential()
        if stride != 1:
            self.shortcut.append(nn.Conv2d(planes, planes, 1, (stride, 1), bias=False))
            self.shortcut.append(nn.BatchNorm2d(planes))

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return functional.relu(y + self.shortcut(x))


class _FrontEnd(nn.Module):
    """Residual convolutions over the spectrum; frequency shrinks by 8, time is kept."""

    def __init__(self, planes: int = 32) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, planes, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.layer1 = nn.Sequential(_Residual(planes, 2), _Residual(planes, 1))
        self.layer2 = nn.Sequential(_Residual(planes, 2), _Residual(planes, 1))
        self.conv2 = nn.Conv2d(planes, planes, 3, (2, 1), 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.out_channels = planes * (MEL_BINS // 8)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x.unsqueeze(1))))
        y = self.layer2(self.layer1(y))
        y = functional.relu(self.bn2(self.conv2(y)))
        return y.flatten(1, 2)


class _TimeDelay(nn.Module):
    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(inputs, outputs, kernel, stride, (kernel - 1) // 2, bias=False)
        self.nonlinear = _norm_relu(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.nonlinear(self.linear(x))
        return y


class _ContextMask(nn.Module):
    """A dilated convolution whose channels are weighed by what the context holds."""

    def __init__(self, inputs: int, outputs: int, dilation: int) -> None:
        super().__init__()
        self.linear_local = nn.Conv1d(
            inputs, outputs, 3, padding=dilation, dilation=dilation, bias=False
        )
        self.linear1 = nn.Conv1d(inputs, inputs // 2, 1)
        self.linear2 = nn.Conv1d(inputs // 2, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        # The mask has one value a segment: it is computed there and only then spread over frames.
        segments = functional.avg_pool1d(x, _CONTEXT_FRAMES, _CONTEXT_FRAMES, ceil_mode=True)
        context = x.mean(-1, keepdim=True) + segments
        mask = torch.sigmoid(self.linear2(functional.relu(self.linear1(context))))
        segment = torch.arange(x.shape[-1], device=x.device) // _CONTEXT_FRAMES
        y: Tensor = self.linear_local(x) * mask.index_select(-1, segment)
        return y


class _DenseLayer(nn.Module):
    def __init__(self, inputs: int, dilation: int) -> None:
        super().__init__()
        width = 4 * _GROWTH
        self.nonlinear1 = _norm_relu(inputs)
        self.linear1 = nn.Conv1d(inputs, width, 1, bias=False)
        self.nonlinear2 = _norm_relu(width)
        self.cam_layer = _ContextMask(width, _GROWTH, dilation)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.cam_layer(self.nonlinear2(self.linear1(self.nonlinear1(x))))
        return y


class _DenseBlock(nn.ModuleDict):
    """Layers that each see the outputs of all before them."""

    def __init__(self, depth: int, inputs: int, dilation: int) -> None:
        super().__init__(
            {f"tdnnd{i + 1}": _DenseLayer(inputs + i * _GROWTH, dilation) for i in range(depth)}
        )

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.values():
            x = torch.cat([x, layer(x)], dim=1)
        return x


class _Transit(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.nonlinear = _norm_relu(inputs)
        self.linear = nn.Conv1d(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.linear(self.nonlinear(x))
        return y


class _Statistics(nn.Module):
    """Mean and standard deviation over time."""

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean(-1, keepdim=True)
        squares = (x - mean).square().sum(-1)  # its own `std` cannot be exported
        return torch.cat([mean.squeeze(-1), (squares / (x.shape[-1] - 1)).sqrt()], dim=-1)


class _Dense(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(inputs, outputs, 1, bias=False)
        self.nonlinear = nn.Sequential(OrderedDict(batchnorm=nn.BatchNorm1d(outputs, affine=False)))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.nonlinear(self.linear(x.unsqueeze(-1)).squeeze(-1))
        return y
