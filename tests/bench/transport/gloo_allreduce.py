#!/usr/bin/env python3
"""All-reduce over Gloo (torch.distributed), as lines of bench_transport's CSV.

  gloo_allreduce.py [RANKS...]        (2 and 4 where none are named)
"""
import os
import sys
import tempfile
import time

import torch
import torch.distributed as distributed
import torch.multiprocessing as processes

SIZES = [4 << 10, 64 << 10, 1 << 20, 4 << 20, 32 << 20]


def run(rank, ranks, rendezvous):
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method="file://" + rendezvous, rank=rank,
                                   world_size=ranks)
    for size in SIZES:
        vector = torch.ones(size // 4)
        times = []
        for _ in range(min(max((64 << 20) // (2 * size + 1), 20), 2000)):
            begin = time.perf_counter()
            distributed.all_reduce(vector)
            times.append(1e6 * (time.perf_counter() - begin))
            vector.fill_(1)
        times.sort()
        if rank == 0:
            median = times[len(times) // 2]
            print(f"allreduce,gloo {torch.__version__},{ranks},{size},{median:.2f},{times[0]:.2f},"
                  f"{size / median:.1f}", flush=True)
    distributed.destroy_process_group()


def main():
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    for ranks in [int(a) for a in sys.argv[1:]] or [2, 4]:
        with tempfile.TemporaryDirectory() as folder:
            processes.spawn(run, (ranks, os.path.join(folder, "rendezvous")), ranks)


if __name__ == "__main__":
    main()
