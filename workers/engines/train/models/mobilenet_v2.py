"""MobileNetV2 (Sandler et al. 2018, table 2), with the layer names of torchvision's state dict."""

from __future__ import annotations

import torch
from torch import Tensor, nn

EMBEDDING = 1280
BLOCKS = 19
# expansion, channels, repeats, stride of the first
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, by channel


def convolve(channels_in: int, channels_out: int, kernel: int = 3, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution, batch norm, ReLU6."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU6(),
    )


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project; beside a shortcut where shapes agree."""

    def __init__(self, channels_in: int, channels_out: int, stride: int, expansion: int):
        super().__init__()
        hidden = channels_in * expansion
        self.has_shortcut = stride == 1 and channels_in == channels_out
        self.conv = nn.Sequential(
            *([convolve(channels_in, hidden, 1)] if expansion != 1 else []),
            convolve(hidden, hidden, 3, stride, hidden),
            nn.Conv2d(hidden, channels_out, 1, bias=False),
            nn.BatchNorm2d(channels_out),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.has_shortcut else self.conv(x)


def build_blocks() -> nn.Sequential:
    """The 19 blocks before the classifier: images [n, 3, h, w], normalized → features [n, 1280, h / 32, w / 32]."""
    blocks: list[nn.Module] = [convolve(3, 32, 3, 2)]
    channels = 32
    for expansion, width, repeats, stride in STAGES:
        for i in range(repeats):
            blocks.append(InvertedResidual(channels, width, stride if i == 0 else 1, expansion))
            channels = width
    return nn.Sequential(*blocks, convolve(channels, EMBEDDING, 1))


class FrozenPart(nn.Module):
    """Images in 0..1 [n, 3, h, w] → the features that training starts from."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, blocks: nn.Module):
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(1, 3, 1, 1))
        self.blocks = blocks.eval().requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks((x - self.mean) / self.deviation)


class TrainedPart(nn.Module):
    """Features → logits [n, classes]; batch norm keeps ImageNet's statistics, as small data sets need."""

    def __init__(self, blocks: nn.Module, classes: int, dropout: float):
        super().__init__()
        self.blocks = blocks
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(EMBEDDING, classes)

    def train(self, mode: bool = True) -> TrainedPart:
        super().train(mode)
        self.blocks.eval()
        return self

    def forward(self, features: Tensor) -> Tensor:
        return self.head(self.dropout(self.blocks(features).mean((2, 3))))
