"""Writes transfer_loss.json: cross entropy and distillation losses with their gradients by PyTorch's
autograd, in double, against which ours are tested.

Run as: python3 transfer_loss.py > transfer_loss.json (any PyTorch).
The distillation loss is weight T^2 mean_k kl_div(log_softmax(student / T), softmax(teacher_k / T)), with the
teachers detached and the mean over samples ("batchmean").
"""

import itertools
import json
import math

import torch
from torch.nn import functional


def values(count, phase):
    """Numbers that need no generator: between -5 and 5."""
    return torch.tensor([5 * math.sin(phase + 1.7 * i * i) for i in range(count)], dtype=torch.float64)


def case(samples, classes, teachers, temperature, weight):
    student = values(samples * classes, 0.3).reshape(samples, classes).requires_grad_()
    others = [values(samples * classes, 1.1 + k).reshape(samples, classes) for k in range(teachers)]
    labels = torch.tensor([(3 * n + 1) % classes for n in range(samples)])
    cross = functional.cross_entropy(student, labels)
    (cross_gradient,) = torch.autograd.grad(cross, student)
    log_student = functional.log_softmax(student / temperature, 1)
    loss = weight * temperature**2 / teachers * sum(
        functional.kl_div(log_student, functional.softmax(t / temperature, 1), reduction="batchmean")
        for t in others
    )
    (gradient,) = torch.autograd.grad(loss, student)
    flat = lambda tensor: tensor.reshape(-1).tolist()
    return dict(samples=samples, classes=classes, temperature=temperature, weight=weight, labels=labels.tolist(),
                student=flat(student.detach()), teachers=[flat(t) for t in others],
                cross_entropy=cross.item(), cross_entropy_gradient=flat(cross_gradient),
                loss=loss.item(), gradient=flat(gradient))


def main():
    shapes = [(1, 2, 1), (3, 10, 2), (5, 4, 3)]
    cases = [json.dumps(case(*shape, temperature, weight))
             for shape, (temperature, weight) in itertools.product(shapes, [(1.0, 1.0), (4.0, 0.5), (0.5, 0.25)])]
    print("[\n" + ",\n".join(cases) + "\n]")


if __name__ == "__main__":
    main()
