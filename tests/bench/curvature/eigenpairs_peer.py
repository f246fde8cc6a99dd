"""The peers of bench_curvature's eigenpairs: scipy's eigsh (ARPACK) and power iteration with deflation
(PyHessian's way: at most 100 products a pair), on the same model and images, by PyTorch's own
Hessian-vector products, one thread.

Usage: bench_curvature --export=FOLDER; eigenpairs_peer.py FOLDER [--k K]. Prints a line a method: its
name, products, seconds of CPU, the largest residual |H v - l v| / |l|, eigenvalues. Both stop at 1e-3.
"""

import argparse
import pathlib
import sys
import time

import numpy
import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from torch.nn import functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "learners"))
from pytorch_step import Lenet  # noqa: E402

TOLERANCE = 1e-3
MOST_PER_PAIR = 100


class Hessian:
    """v -> H v over all images, on kept graphs; counts."""

    def __init__(self, folder, batch=100):
        model = Lenet()
        values = torch.from_numpy(numpy.fromfile(folder / "parameters.f32", numpy.float32))
        torch.nn.utils.vector_to_parameters(values, model.parameters())
        self.parameters = list(model.parameters())
        images = torch.from_numpy(numpy.fromfile(folder / "images.f32", numpy.float32)).view(-1, 1, 28, 28)
        labels = torch.from_numpy(numpy.fromfile(folder / "labels.i64", numpy.int64))
        self.size = len(values)
        self.products = 0
        self.gradients = []
        for first in range(0, len(labels), batch):
            loss = F.nll_loss(model(images[first:first + batch]), labels[first:first + batch])
            share = len(labels[first:first + batch]) / len(labels)
            self.gradients.append((share, torch.autograd.grad(loss, self.parameters, create_graph=True)))

    def __call__(self, v):
        self.products += 1
        vector = torch.from_numpy(numpy.asarray(v, dtype=numpy.float32).ravel())
        parts, at = [], 0
        for p in self.parameters:
            parts.append(vector[at:at + p.numel()].view_as(p))
            at += p.numel()
        total = numpy.zeros(self.size)
        for share, gradient in self.gradients:
            products = torch.autograd.grad(gradient, self.parameters, parts, retain_graph=True)
            total += share * torch.cat([p.reshape(-1) for p in products]).numpy().astype(float)
        return total


def by_eigsh(hessian, k):
    operator = LinearOperator((hessian.size, hessian.size), matvec=hessian, dtype=float)
    start = numpy.random.default_rng(1).standard_normal(hessian.size)
    values, vectors = eigsh(operator, k, which="LM", tol=TOLERANCE, v0=start)
    order = numpy.argsort(-abs(values))
    return values[order], vectors[:, order]


def by_power_iteration(hessian, k):
    random = numpy.random.default_rng(1)
    values, vectors = [], []

    def outside(v):
        for u in vectors:
            v = v - u * (u @ v)
        return v

    for _ in range(k):
        v = outside(random.standard_normal(hessian.size))
        for _ in range(MOST_PER_PAIR):
            v /= numpy.linalg.norm(v)
            product = outside(hessian(v))
            value = v @ product
            if numpy.linalg.norm(product - value * v) <= TOLERANCE * abs(value):
                break
            v = product
        vectors.append(v / numpy.linalg.norm(v))
        values.append(value)
    return numpy.array(values), numpy.array(vectors).T


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--k", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name, method in (("eigsh", by_eigsh), ("power", by_power_iteration)):
        hessian = Hessian(options.folder)
        start = time.process_time()
        values, vectors = method(hessian, options.k)
        seconds, products = time.process_time() - start, hessian.products
        residuals = [numpy.linalg.norm(hessian(v) - l * v) / abs(l) for l, v in zip(values, vectors.T)]
        print(name, products, f"{seconds:.3f} {max(residuals):.2g}", *(f"{v:.4f}" for v in values))


if __name__ == "__main__":
    main()
