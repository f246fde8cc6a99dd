"""Where Python's PyTorch ends in the published setting: lenet on all of MNIST, SGD 0.01 without
momentum, batch 64 per rank, 2 epochs, without any network. What mnist_anchor_test is held against.

Usage: /usr/bin/python3 tests/golden/mnist_anchor.py FOLDER SEEDS, with the four gzip'd files of MNIST
in FOLDER. W ranks with batch 64 each average to one process with batch 64 W, which is what runs here;
the last batch of an epoch is what is left, as DistributedSampler and DataLoader leave it.

Prints, for each world size, the accuracies in per cent, sorted.
"""

import gzip
import pathlib
import sys

import numpy
import torch
from torch.nn import functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "bench/learners"))
from pytorch_step import Lenet  # noqa: E402

BATCH, EPOCHS = 64, 2


def read(path, header):
    return numpy.frombuffer(gzip.open(path).read(), numpy.uint8, offset=header)


def load(folder, part):
    images = read(folder / f"{part}-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)
    labels = read(folder / f"{part}-labels-idx1-ubyte.gz", 8)
    pixels = torch.from_numpy(images.copy()).float().div(255).sub(0.1307).div(0.3081)
    return pixels, torch.from_numpy(labels.astype(numpy.int64))


def accuracy(seed, world, train, test):
    torch.manual_seed(seed)
    model = Lenet()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    images, labels = train
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(labels)).split(BATCH * world):
            optimizer.zero_grad()
            F.nll_loss(model(images[batch]), labels[batch]).backward()
            optimizer.step()
    with torch.no_grad():
        return (model(test[0]).argmax(1) == test[1]).float().mean().item()


def main():
    folder, seeds = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    train, test = load(folder, "train"), load(folder, "t10k")
    for world in (1, 2, 4):
        found = sorted(accuracy(seed, world, train, test) for seed in range(seeds))
        print(world, " ".join(f"{100 * value:.2f}" for value in found), flush=True)


if __name__ == "__main__":
    main()
