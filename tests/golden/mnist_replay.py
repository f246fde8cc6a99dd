"""Follows one of our runs in Python's PyTorch: from the weights of its checkpoint after the first
epoch, on the same batches, and prints both test accuracies after every update, in per cent.

For a run of four GPUs whose last update throws the accuracy back (seed 2000007 is repeat 2 of
scenarios/accuracy_vs_overhead_full.yaml), with S.yaml that scenario without its sweep, seed: 2000007,
repeats: 1, evaluate_every: 1, test_limit: 3000 and topology.devices_per_machine: 4:

  ./understudy run S.yaml --data-dir DIR --out whole
  ./understudy run S.yaml --data-dir DIR --out part    # Ctrl-C once part/checkpoints has a .state
  /usr/bin/python3 tests/golden/mnist_replay.py DIR/mnist part/checkpoints/unit-0000-00.state \\
      whole/metrics.jsonl 2000007 4
"""

import json
import pathlib
import struct
import sys

import numpy
import torch
from torch.nn import functional as F

from mnist_anchor import BATCH, Lenet, load

PARAMETERS = 21840
HEAD = 24  # update, sum of losses, their number
TESTED = 3000


def state_of_rank_0(path):
    """The first node's state: CBOR's header of so many bytes stands before it."""
    size = HEAD + 4 * PARAMETERS
    raw = path.read_bytes()
    begin = raw.index(b"\x5a" + struct.pack(">I", size)) + 5
    return raw[begin:begin + size]


def load_parameters(model, state):
    values, begin = numpy.frombuffer(state[HEAD:], numpy.float32), 0
    for tensor in model.state_dict().values():
        part = values[begin:begin + tensor.numel()]
        tensor.copy_(torch.from_numpy(part.copy()).view_as(tensor))
        begin += tensor.numel()


def recorded(path):
    records = (json.loads(line) for line in path.read_text().splitlines())
    return {r["step"]: r["value"] for r in records if r["node"] == 0 and r["name"] == "test_accuracy"}


def main():
    folder, checkpoint, metrics = map(pathlib.Path, sys.argv[1:4])
    seed, world = map(int, sys.argv[4:6])
    torch.set_num_threads(1)
    (images, labels), (test_images, test_labels) = load(folder, "train"), load(folder, "t10k")
    state, model, ours = state_of_rank_0(checkpoint), Lenet(), recorded(metrics)
    load_parameters(model, state)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    done = struct.unpack("<q", state[:8])[0]
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed + 1))
    shares = [order[rank::world] for rank in range(world)]
    for step in range(-(-len(shares[0]) // BATCH)):
        batch = torch.cat([share[step * BATCH:(step + 1) * BATCH] for share in shares])
        optimizer.zero_grad()
        F.nll_loss(model(images[batch]), labels[batch]).backward()
        optimizer.step()
        with torch.no_grad():
            right = model(test_images[:TESTED]).argmax(1) == test_labels[:TESTED]
        theirs = right.float().mean().item()
        print(done + step + 1, f"{100 * ours[done + step + 1]:.2f} {100 * theirs:.2f}")


if __name__ == "__main__":
    main()
