#!/usr/bin/python3
"""Writes tests/golden/torchscript/: modules that torch.jit.save wrote, those that no learner takes, and
after.pt, what 20 steps of SGD make of net.pt. Made with PyTorch 1.13.1 (Debian's python3-torch)."""
import io
import pathlib
import zipfile

import torch
from torch import nn

FOLDER = pathlib.Path(__file__).parent / "torchscript"
STEPS, BATCH, SIDE, CLASSES = 20, 8, 12, 10


class Net(nn.Module):
    def __init__(self, dropout=0.0, classes=CLASSES):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.bn = nn.BatchNorm2d(4)
        self.pool = nn.AdaptiveAvgPool2d(4)
        self.drop = nn.Dropout(dropout)
        self.fc = nn.Linear(64, classes)

    def forward(self, x):
        x = self.pool(torch.relu(self.bn(self.conv(x))))
        return self.fc(self.drop(x.flatten(1)))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(64, 64)
        self.second = nn.Linear(64, 64)
        self.second.weight = self.first.weight
        self.fc = nn.Linear(64, CLASSES)

    def forward(self, x):
        x = nn.functional.adaptive_avg_pool2d(x, 8).flatten(1)
        return self.fc(self.second(self.first(x)))


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, CLASSES)

    def forward(self, x):
        x = self.fc(nn.functional.adaptive_avg_pool2d(x, 8).flatten(1))
        return x, x


class Fixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(SIDE * SIDE, CLASSES)

    def forward(self, x):
        return self.fc(x.flatten(1))


def batch(step):
    """Numbers that any language makes alike."""
    count = BATCH * SIDE * SIDE
    numbers = (torch.arange(count, dtype=torch.int64) * 7919 + step * 104729) % 1000
    images = (numbers.to(torch.float32) / 1000).reshape(BATCH, 1, SIDE, SIDE)
    labels = (torch.arange(BATCH, dtype=torch.int64) * 7 + step) % CLASSES
    return images, labels


def train(net):
    net.train()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)
    for step in range(STEPS):
        images, labels = batch(step)
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(images), labels).backward()
        optimizer.step()


def save(module, name):
    """Without the debugging records, which name this machine's files."""
    whole = io.BytesIO()
    torch.jit.save(module, whole)
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(FOLDER / name, "w", zipfile.ZIP_STORED) as out:
        for member in archive.infolist():
            if not member.filename.endswith(".debug_pkl"):
                out.writestr(zipfile.ZipInfo(member.filename), archive.read(member))


def main():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    FOLDER.mkdir(exist_ok=True)
    net = Net()
    save(torch.jit.script(net), "net.pt")
    save(torch.jit.script(Net(dropout=0.25)), "dropout.pt")
    images, _ = batch(0)
    save(torch.jit.trace(Net(dropout=0.25).eval(), images), "traced_in_eval.pt")
    save(torch.jit.trace(Net().train(), images, check_trace=False), "traced_in_training.pt")
    save(torch.jit.trace(Fixed(), images), "traced.pt")
    save(torch.jit.script(Net(classes=7)), "seven.pt")
    save(torch.jit.script(Tied()), "tied.pt")
    save(torch.jit.script(Pair()), "pair.pt")
    save(torch.jit.script(Net().double()), "double.pt")
    save(torch.jit.freeze(torch.jit.script(Net().eval())), "frozen.pt")
    train(net)
    torch.save(net.state_dict(), FOLDER / "after.pt")
    numbers = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    torch.save({"transposed": numbers.t(), "row": numbers[1], "half": (numbers / 4).half(),
                "brain": numbers.bfloat16(), "double": numbers.double() / 8, "scalar": torch.tensor(7),
                "parameter": nn.Parameter(numbers)}, FOLDER / "layouts.pt")
    torch.save({"epoch": 3, "model": net.state_dict()}, FOLDER / "nested.pt")


if __name__ == "__main__":
    main()
