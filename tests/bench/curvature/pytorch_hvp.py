"""The peer of bench_curvature: Hessian-vector products by the same double backward in Python's PyTorch,
one thread, batch 64; CPU time.

Prints a line a model: milliseconds of a gradient, of one product on a kept graph, and of one product
with its forward pass and gradient; medians over repetitions. Run with the Python whose torch is built on
the LibTorch that the benchmark links (Debian: /usr/bin/python3).
"""

import argparse
import pathlib
import statistics
import sys
import time

import torch
from torch.nn import functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "learners"))
from pytorch_step import Cnn, Lenet  # noqa: E402


def milliseconds(work, seconds, repetitions):
    work()
    medians = []
    for _ in range(repetitions):
        runs, start = 0, time.process_time()
        while runs == 0 or time.process_time() - start < seconds:
            work()
            runs += 1
        medians.append((time.process_time() - start) / runs * 1e3)
    return statistics.median(medians)


def measure(model, options):
    inputs = torch.randn(options.batch, 1, 28, 28)
    labels = torch.randint(0, 10, (options.batch,))
    parameters = list(model.parameters())
    vectors = [torch.randn_like(p) for p in parameters]

    def loss():
        return F.nll_loss(model(inputs), labels)

    def graph():
        return torch.autograd.grad(loss(), parameters, create_graph=True)

    kept = graph()
    return [
        milliseconds(work, options.seconds, options.repetitions)
        for work in (
            lambda: torch.autograd.grad(loss(), parameters),
            lambda: torch.autograd.grad(kept, parameters, vectors, retain_graph=True),
            lambda: torch.autograd.grad(graph(), parameters, vectors),
        )
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    for name, model in (("cnn", Cnn()), ("lenet", Lenet())):
        print(name, *(f"{value:.3f}" for value in measure(model, options)))


if __name__ == "__main__":
    main()
