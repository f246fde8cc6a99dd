"""The peer of bench_learners: the same models, batch and SGD step in Python's PyTorch, one thread.

Prints one line a model: images per second, the median over repetitions. Run with the Python whose torch
is built on the LibTorch that the benchmark links (Debian: /usr/bin/python3).
"""

import argparse
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.fc1 = nn.Linear(9216, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = torch.flatten(F.max_pool2d(x, 2), 1)
        return F.log_softmax(self.fc2(F.relu(self.fc1(x))), dim=1)


class Lenet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, 5)
        self.conv2 = nn.Conv2d(10, 20, 5)
        self.fc1 = nn.Linear(320, 50)
        self.fc2 = nn.Linear(50, 10)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.conv2(x), 2))
        x = F.relu(self.fc1(torch.flatten(x, 1)))
        return F.log_softmax(self.fc2(x), dim=1)


class Vgg19(nn.Module):
    """torchvision's convolutions, and one linear layer behind them, as usual for CIFAR."""

    def __init__(self):
        super().__init__()
        layers, channels = [], 3
        for block, width in zip((2, 2, 4, 4, 4), (64, 128, 256, 512, 512)):
            for _ in range(block):
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.features, self.classifier = nn.Sequential(*layers), nn.Linear(512, 10)

    def forward(self, x):
        return F.log_softmax(self.classifier(torch.flatten(self.features(x), 1)), dim=1)


def images_per_second(model, images, batch, seconds, repetitions):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    inputs = torch.randn(batch, *images)
    labels = torch.randint(0, 10, (batch,))

    def step():
        optimizer.zero_grad(set_to_none=True)
        F.nll_loss(model(inputs), labels).backward()
        optimizer.step()

    for _ in range(2):
        step()
    rates = []
    for _ in range(repetitions):
        steps, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            step()
            steps += 1
        rates.append(steps * batch / (time.perf_counter() - start))
    return statistics.median(rates)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--models", nargs="*", default=["cnn", "lenet", "vgg19"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    for name, model, images, batch in (("cnn", Cnn, (1, 28, 28), 64), ("lenet", Lenet, (1, 28, 28), 64),
                                       ("vgg19", Vgg19, (3, 32, 32), 32)):
        if name not in options.models:
            continue
        rate = images_per_second(model(), images, batch, options.seconds, options.repetitions)
        print(f"{name} {rate:.0f}")


if __name__ == "__main__":
    main()
