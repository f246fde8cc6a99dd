#!/usr/bin/env python3
"""Prints torchvision_logits.json: logits of torchvision's VGG and ResNet for one image of 224x224, with
weights that a formula gives, without dropout and with running statistics. Needs Debian's python3-torchvision.

Usage: /usr/bin/python3 tests/golden/torchvision_logits.py > tests/golden/torchvision_logits.json
"""

import json

import numpy
import torch
import torchvision

NAMES = ("vgg11", "vgg16", "vgg19", "vgg19_bn", "resnet18")


def uniform(count, salt):
    """Of each index: a number in [-1, 1), by multiplicative hashing (Knuth) in 32 bits."""
    hashed = (numpy.arange(count, dtype=numpy.uint64) + salt) * 2654435761 % 2**32
    return hashed.astype(float) / 2**31 - 1


def values(name, shape, salt):
    """Of a slice: weights uniform with the variance 2 / fan_in, the rest near what it starts as."""
    count = int(numpy.prod(shape))
    if len(shape) > 1:
        return uniform(count, salt) * (6 / (count / shape[0])) ** 0.5
    centre = 1 if name.endswith(("running_var", "bn1.weight", "bn2.weight")) or "downsample.1.weight" in name else 0
    return centre + 0.1 * uniform(count, salt)


def logits(name):
    model = getattr(torchvision.models, name)(num_classes=1000)
    norms = {id(p) for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d) for p in [m.weight]}
    with torch.no_grad():
        salt = 0
        for key, tensor in model.state_dict(keep_vars=True).items():
            if key.endswith("num_batches_tracked"):
                continue
            filled = values("bn1.weight" if id(tensor) in norms else key, tuple(tensor.shape), salt)
            tensor.copy_(torch.from_numpy(filled.astype(numpy.float32).reshape(tensor.shape)))
            salt += 1
        image = torch.from_numpy(uniform(3 * 224 * 224, 12345).astype(numpy.float32).reshape(1, 3, 224, 224))
        return model.eval()(image)[0, :10].tolist(), salt, sum(p.numel() for p in model.parameters())


result = {}
for name in NAMES:
    first, slices, parameters = logits(name)
    result[name] = {"logits": first, "slices": slices, "parameters": parameters}
print(json.dumps(result, indent=1))
