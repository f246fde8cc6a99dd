#!/usr/bin/env python3
"""The local training of fl_task.yaml in Python's PyTorch, with nothing around it: 500 turns on one core.

Prints {"seconds": ...}, without reading the data.
"""
import gzip
import json
import pathlib
import time

import numpy
import torch
from torch import nn

FOLDER = pathlib.Path("/usr/share/datasets/fashion-mnist")
CLIENTS, TURNS, BATCH, LR = 1000, 500, 20, 0.05


def read(name, offset):
    return numpy.frombuffer(gzip.open(FOLDER / name).read(), numpy.uint8, offset=offset)


def turn(network, images, labels):
    optimizer = torch.optim.SGD(network.parameters(), lr=LR)
    for first in range(0, len(images), BATCH):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(network(images[first:first + BATCH]), labels[first:first + BATCH])
        loss.backward()
        optimizer.step()


def main():
    torch.set_num_threads(1)
    images = read("train-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)
    labels = read("train-labels-idx1-ubyte.gz", 8)
    network = nn.Sequential(nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 5), nn.ReLU(),
                            nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10))
    start = time.perf_counter()
    for client in range(TURNS):
        turn(network, torch.tensor(images[client::CLIENTS]).float() / 255,
             torch.tensor(labels[client::CLIENTS]).long())
    print(json.dumps({"seconds": time.perf_counter() - start}))


if __name__ == "__main__":
    main()
