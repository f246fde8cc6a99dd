#!/usr/bin/env python3
"""Makes small_resnet.pt, a TorchScript module of one's own for scenarios/torchscript.yaml.

Run as: python3 small_resnet.py (any PyTorch; Debian's python3-torch does).
"""

import pathlib

import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x):
        return torch.relu(x + self.bn(self.conv(x)))


class SmallResNet(nn.Module):
    def __init__(self, classes: int = 10):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 8, 5, stride=2), nn.ReLU(), Block(8), nn.MaxPool2d(2))
        self.body = nn.Sequential(nn.Conv2d(8, 16, 3), nn.ReLU(), Block(16), nn.AdaptiveAvgPool2d(2))
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.1), nn.Linear(64, classes))

    def forward(self, x):
        return self.head(self.body(self.stem(x)))


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.jit.script(SmallResNet()).save(str(pathlib.Path(__file__).with_name("small_resnet.pt")))
