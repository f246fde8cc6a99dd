#!/usr/bin/env python3
"""Loads FOLDER/{net,cnn,resnet18,vgg19_bn}.pt, which the test has written, into the matching modules of PyTorch and
torchvision, strictly. Value i of each file is (i mod 1009) / 1009."""
import sys

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn, self.fc = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Linear(64, 10)


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3)
        self.fc1, self.fc2 = nn.Linear(9216, 128), nn.Linear(128, 10)


def modules():
    yield "net", Net()
    yield "cnn", Cnn()
    try:
        from torchvision import models
    except ImportError:
        print("without torchvision")
        return
    yield "resnet18", models.resnet18()
    vgg = nn.Module()
    vgg.features = models.vgg.make_layers(models.vgg.cfgs["E"], batch_norm=True)
    vgg.classifier = nn.Linear(512, 10)
    yield "vgg19_bn", vgg


for name, module in modules():
    state = torch.load(f"{sys.argv[1]}/{name}.pt")
    module.load_state_dict(state)
    place = 0
    for key, tensor in module.state_dict().items():
        if key.endswith("num_batches_tracked"):
            assert tensor.item() == 0
            continue
        expected = torch.arange(place, place + tensor.numel()) % 1009
        assert torch.equal(tensor.reshape(-1), expected.to(torch.float32) / 1009), (name, key)
        place += tensor.numel()
print("loaded")
