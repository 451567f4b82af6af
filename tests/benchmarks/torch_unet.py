"""The plain U-Net in PyTorch, layer by layer the one of `tests.benchmarks.baseline`: a peer to measure against."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def convolutions(inputs: int, filters: int) -> nn.Sequential:
    """Twice convolution, normalisation, ReLU."""
    layers: list[nn.Module] = []
    for channels in (inputs, filters):
        layers += [nn.Conv2d(channels, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """From images float (B, 3, H, W) to logits (B, 1, H, W)."""

    def __init__(self, filters: int = 16, depth: int = 4) -> None:
        super().__init__()
        widths = [filters << level for level in range(depth + 1)]
        self.down = nn.ModuleList(map(convolutions, [3, *widths[:-2]], widths[:-1]))
        self.pool = nn.MaxPool2d(2)
        self.bottleneck = convolutions(widths[-2], widths[-1])
        self.widen = nn.ModuleList(nn.ConvTranspose2d(2 * width, width, 2, stride=2) for width in widths[:-1])
        self.up = nn.ModuleList(convolutions(2 * width, width) for width in widths[:-1])
        self.head = nn.Conv2d(filters, 1, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Logits of a batch."""
        features, skips = images, []
        for level in self.down:
            features = level(features)
            skips.append(features)
            features = self.pool(features)
        features = self.bottleneck(features)
        for widen, level, skip in reversed(list(zip(self.widen, self.up, skips, strict=True))):
            features = level(torch.cat([widen(features), skip], 1))
        return self.head(features)
