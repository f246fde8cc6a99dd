"""Writes sampler.json: indices from PyTorch's DistributedSampler, against which ours is tested.

Run as: python3 sampler.py > sampler.json (any PyTorch; torch.randperm on the CPU has not changed).
Small cases keep every index; the large one a digest, sum of (position + 1) * index, and the first indices.
"""

import itertools
import json

import torch
from torch.utils.data import DistributedSampler


def epoch_indices(samples, world, rank, shuffle, seed, drop_last, set_epoch, epoch):
    sampler = DistributedSampler(
        range(samples), num_replicas=world, rank=rank, shuffle=shuffle, seed=seed, drop_last=drop_last
    )
    if set_epoch:
        sampler.set_epoch(epoch)
    return list(sampler)


def small_cases():
    sizes = [(1, 1), (10, 1), (10, 4), (11, 3), (12, 4), (2, 5), (3, 8), (1, 4), (64, 7)]
    for (samples, world), shuffle, drop_last in itertools.product(sizes, (True, False), (True, False)):
        for seed, set_epoch, epoch in ((0, True, 0), (7, True, 3), (7, False, 3), (2**32 + 5, True, 1)):
            case = dict(samples=samples, world=world, shuffle=shuffle, drop_last=drop_last,
                        seed=seed, set_epoch=set_epoch, epoch=epoch)
            yield dict(case, ranks=[epoch_indices(rank=rank, **case) for rank in range(world)])


def large_cases():
    for samples, world in ((60000, 1), (60000, 7), (60000, 8)):
        case = dict(samples=samples, world=world, shuffle=True, drop_last=False, seed=42, set_epoch=True, epoch=1)
        ranks = [epoch_indices(rank=rank, **case) for rank in range(world)]
        yield dict(case, first=[r[:5] for r in ranks], count=len(ranks[0]),
                   digests=[sum((i + 1) * index for i, index in enumerate(r)) for r in ranks])


def main():
    cases = [json.dumps(case) for case in itertools.chain(small_cases(), large_cases())]
    print("[\n" + ",\n".join(cases) + "\n]")


if __name__ == "__main__":
    main()
