#!/usr/bin/env python3
"""A data-parallel training step of `cnn` on two ranks of this machine, beside PyTorch's DDP over Gloo.

Usage: tests/bench/ddp_step.py build/release/bin/understudy [--rounds N] [--python /usr/bin/python3]

Ours is an emulated run over shared memory whose network adds nothing to speak of, its computations
measured; with gradients exchanged during backward, after it, and with one rank alone. The peers, in
the same round: DDP with two ranks, and one process alone. One thread each, batch 64, plain SGD.
Prints the table of results/reference.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEPS, EPOCHS, BATCH = 10, 4, 64  # steps of an epoch; the first one warms up


def scenario(ranks, overlap):
    return {
        "mode": "emulated",
        "topology": {"kind": "mesh", "nodes": ranks, "bandwidth": "100Gbit/s", "latency": "1us"},
        "network": {"kind": "ideal"},
        "devices": {"cost": "measured"},
        "workload": {"kind": "image_classifier", "dataset": "fashion_mnist", "model": "cnn", "batch": BATCH,
                     "epochs": EPOCHS, "train_limit": STEPS * BATCH * ranks, "test_limit": BATCH,
                     "optimizer": {"kind": "sgd", "lr": 0.01}},
        "strategy": {"kind": "allreduce", "collective": "halving_doubling", "bucket": "1MiB", "overlap": overlap},
        "emulation": {"transport": "shared_memory", "timeout": "60s"},
    }


def ours(program, ranks, overlap):
    """Milliseconds a step, by epoch; communication a step in ms: all, and what computing does not hide."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "ddp.yaml").write_text(json.dumps(scenario(ranks, overlap)))
        subprocess.run([program, "run", folder / "ddp.yaml", "--quiet", "--out", folder / "run"], check=True,
                       stderr=subprocess.DEVNULL)
        records = [json.loads(line) for line in (folder / "run/metrics.jsonl").read_text().splitlines()]
        repeat = json.loads((folder / "run/summary.json").read_text())["runs"][0]["repeats"][0]
    ends = [r["time_s"] for r in records if r["name"] == "train_loss" and r["node"] == 0]
    steps = [1e3 * (b - a) / STEPS for a, b in zip(ends, ends[1:])]
    per_step = 1e3 / (STEPS * EPOCHS)
    return steps, per_step * repeat["communication_s"], per_step * repeat["exposed_communication_s"]


def peer(python, ranks):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "WORLD_SIZE": str(ranks), "MASTER_ADDR": "127.0.0.1",
                   "MASTER_PORT": str(29500 + os.getpid() % 1000), "GLOO_SOCKET_IFNAME": "lo"}
    workers = [subprocess.Popen([python, __file__, "--peer"], env={**environment, "RANK": str(rank)},
                                stdout=subprocess.PIPE, text=True) for rank in range(ranks)]
    lines = [worker.communicate()[0] for worker in workers]
    return [float(word) for word in lines[0].split()]


def be_peer():
    sys.path.insert(0, str(ROOT / "tests/bench/learners"))
    import pytorch_step
    import torch
    import torch.distributed as distributed

    torch.set_num_threads(1)
    distributed.init_process_group("gloo")
    model = pytorch_step.Cnn()
    if distributed.get_world_size() > 1:
        model = torch.nn.parallel.DistributedDataParallel(model, bucket_cap_mb=1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    images, labels = torch.randn(BATCH, 1, 28, 28), torch.randint(0, 10, (BATCH,))
    for epoch in range(EPOCHS):
        begin = time.perf_counter()
        for _ in range(STEPS):
            optimizer.zero_grad(set_to_none=True)
            torch.nn.functional.nll_loss(model(images), labels).backward()
            optimizer.step()
        if epoch > 0:
            print(1e3 * (time.perf_counter() - begin) / STEPS)
    distributed.destroy_process_group()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--python", default="/usr/bin/python3")
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        return be_peer()
    kinds = {"Understudy, one rank": (1, True), "Understudy, two ranks, overlap": (2, True),
             "Understudy, two ranks, no overlap": (2, False)}
    times, exchanges = {}, {}
    for _ in range(options.rounds):
        for name, (ranks, overlap) in kinds.items():
            steps, communication, exposed = ours(options.program, ranks, overlap)
            times.setdefault(name, []).extend(steps)
            exchanges.setdefault(name, []).append((communication, exposed))
        for ranks, name in ((1, "PyTorch, one process"), (2, "PyTorch DDP over Gloo, two ranks")):
            times.setdefault(name, []).extend(peer(options.python, ranks))
    print("| what | ms a step, median | best | exchange, ms a step | of it not hidden |")
    print("|---|---|---|---|---|")
    for name, steps in times.items():
        row = f"| {name} | {statistics.median(steps):.1f} | {min(steps):.1f} |"
        if name in exchanges and "two" in name:
            row += "".join(f" {statistics.median(column):.1f} |" for column in zip(*exchanges[name]))
        print(row if row.count("|") > 4 else row + " | |")


if __name__ == "__main__":
    main()
