"""EfficientNet-Lite0: inverted bottlenecks without squeeze-and-excitation, with ReLU6.

Made for ImageNet at 224 x 224 pixels, scaled by (x - 127) / 128; larger and smaller images work as well.
Convolutions pad as TensorFlow's "SAME" does, more at the right and bottom where the sum is odd, which is
what the published weights were trained with.

Source: Tan & Le 2019, arXiv:1905.11946, table 1; Sandler et al. 2018, arXiv:1801.04381 (the block); the
Lite variants are described in Google's tpu repository, models/official/efficientnet/lite. Parity:
tests/numeric/test_efficientnet_lite.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainwright.models.images.network import Trunk
from trainwright.models.networks.layers import DropPath

MEAN, STD = 127.0, 128.0
SIZE = 224
CLASSES = 1000


@dataclass(frozen=True, slots=True)
class _Stage:
    """Blocks of one shape; the first has the stride."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    before: int
    here: int


_STAGES = (
    _Stage(1, 3, 1, 1, 32, 16),
    _Stage(2, 3, 2, 6, 16, 24),
    _Stage(2, 5, 2, 6, 24, 40),
    _Stage(3, 3, 2, 6, 40, 80),
    _Stage(3, 5, 1, 6, 80, 112),
    _Stage(4, 5, 2, 6, 112, 192),
    _Stage(1, 3, 1, 6, 192, 320),
)
_STEM, _FEATURES = 32, 1280


class EfficientNetLite(Trunk):
    """Images to vectors of 1,280.

    Args:
        channels: Of the images; 3 for the published weights.
        stochastic_depth: Rate at which the last block is left out; it rises to that from 0 at the first.
    """

    def __init__(self, *, channels: int = 3, stochastic_depth: float = 0.0) -> None:
        super().__init__()
        self.conv_stem = _Same(channels, _STEM, 3, stride=2)
        self.bn0 = _norm(_STEM)
        self.stages = [stage.repeats for stage in _STAGES]
        num_blocks = sum(self.stages)
        mid: list[_Block] = []
        for stage in _STAGES:
            for repeat in range(stage.repeats):
                drop = stochastic_depth * len(mid) / (num_blocks - 1)
                mid.append(_Block(stage, first=repeat == 0, drop=drop))
        self.mid = nn.ModuleList(mid)
        self.conv_head = nn.Conv2d(_STAGES[-1].here, _FEATURES, 1, bias=False)
        self.bn1 = _norm(_FEATURES)
        self.width = _FEATURES

    def forward(self, inputs: Tensor) -> Tensor:
        """Shape (rows, channels, height, width) in, (rows, 1280) out."""
        x = inputs.contiguous(memory_format=torch.channels_last)
        x = functional.relu6(self.bn0(self.conv_stem(x)))
        for block in self.mid:
            x = block(x)
        top: Tensor = functional.relu6(self.bn1(self.conv_head(x)))
        return top.mean(dim=(2, 3))

    @property
    def blocks(self) -> list[tuple[str, nn.Module]]:
        """Stem, seven stages, and the last convolution."""
        named: list[tuple[str, nn.Module]] = []
        start = 0
        for number, repeats in enumerate(self.stages, start=1):
            parts = [self.mid[place] for place in range(start, start + repeats)]
            named.append((f"stage-{number}", nn.ModuleList(parts)))
            start += repeats
        stem = nn.ModuleList([self.conv_stem, self.bn0])
        return [("stem", stem), *named, ("top", nn.ModuleList([self.conv_head, self.bn1]))]


class _Block(nn.Module):
    """Expand, convolve each channel by itself, project; added to its input where the shapes agree."""

    def __init__(self, stage: _Stage, *, first: bool, drop: float) -> None:
        super().__init__()
        before = stage.before if first else stage.here
        stride = stage.stride if first else 1
        inside = before * stage.expansion
        self.expands = stage.expansion > 1
        if self.expands:
            self.expand_conv = nn.Conv2d(before, inside, 1, bias=False)
            self.bn0 = _norm(inside)
        self.depthwise_conv = _Same(inside, inside, stage.kernel, stride=stride, groups=inside)
        self.bn1 = _norm(inside)
        self.project_conv = nn.Conv2d(inside, stage.here, 1, bias=False)
        self.bn2 = _norm(stage.here)
        self.adds = stride == 1 and before == stage.here
        self.drop = DropPath(drop)

    def forward(self, inputs: Tensor) -> Tensor:
        x: Tensor = inputs
        if self.expands:
            x = functional.relu6(self.bn0(self.expand_conv(x)))
        x = functional.relu6(self.bn1(self.depthwise_conv(x)))
        x = self.bn2(self.project_conv(x))
        return inputs + self.drop(x) if self.adds else x


class _Same(nn.Conv2d):
    """A convolution without bias that pads as TensorFlow's "SAME" does."""

    def __init__(
        self, before: int, here: int, kernel: int, *, stride: int, groups: int = 1
    ) -> None:
        super().__init__(before, here, kernel, stride=stride, groups=groups, bias=False)

    def forward(self, input: Tensor) -> Tensor:
        height, width = input.shape[-2:]
        down, right = self._padding(height), self._padding(width)
        if down == right and down % 2 == 0:  # the convolution's own padding is quicker
            return functional.conv2d(
                input, self.weight, None, self.stride, down // 2, 1, self.groups
            )
        sides = [right // 2, right - right // 2, down // 2, down - down // 2]
        padded = functional.pad(input, sides)
        return functional.conv2d(padded, self.weight, None, self.stride, 0, 1, self.groups)

    def _padding(self, side: int) -> int:
        """Pixels that a side is made longer by, at both ends together."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        return max((-(-side // stride) - 1) * stride + kernel - side, 0)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)
