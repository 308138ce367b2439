"""A small residual network for tiny images (after He et al. 2016, section 4.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def convolve(channels_in: int, channels_out: int, stride: int = 1) -> nn.Sequential:
    """3×3 convolution and batch norm."""
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False), nn.BatchNorm2d(channels_out))


class ResidualBlock(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, channels_in: int, channels_out: int, stride: int):
        super().__init__()
        self.first = convolve(channels_in, channels_out, stride)
        self.second = convolve(channels_out, channels_out)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False), nn.BatchNorm2d(channels_out)
            )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.second(torch.relu(self.first(x))) + self.shortcut(x))


class ResidualCnn(nn.Module):
    """Images in 0..1 [n, channels, height, width] → logits [n, classes]."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, channels: int, classes: int, width: int, dropout: float, mean: Tensor, deviation: Tensor):
        super().__init__()
        self.register_buffer("mean", mean.view(1, -1, 1, 1))
        self.register_buffer("deviation", deviation.view(1, -1, 1, 1))
        self.stem = nn.Sequential(convolve(channels, width, stride=2), nn.ReLU())
        self.blocks = nn.Sequential(
            ResidualBlock(width, width, 1), ResidualBlock(width, 2 * width, 2), ResidualBlock(2 * width, 4 * width, 2)
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(4 * width, classes)

    def forward(self, x: Tensor) -> Tensor:
        features = self.blocks(self.stem((x - self.mean) / self.deviation))  # [n, 4 * width, h / 8, w / 8]
        return self.head(self.dropout(features.mean((2, 3))))
