#!/usr/bin/env python3
"""Ranks that others start, beside PyTorch's: all-reduce over Gloo, a step of `cnn`, and what starting costs.

Usage: tests/bench/real_machines.py [allreduce] [step] [launch] [--build build/release] [--rounds N]
                                    [--torchrun PATH] [--python /usr/bin/python3]

Two ranks of this machine, over loopback, one thread each. `--python` is the peer: Debian's has the same LibTorch
and Gloo as we; `--torchrun` adds that launcher, and the PyTorch beside it as a second peer. In each round everything
is measured once, in turn; ratios are taken round by round. Prints tables for results/reference/real_machines.md.
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

import ddp_step

ROOT = ddp_step.ROOT
PORT = 21000 + os.getpid() % 1000


def output(*command, **more):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, **more).stdout


def peers(options):
    found = {"Debian's PyTorch": options.python}
    if options.torchrun:
        found["current PyTorch"] = str(pathlib.Path(options.torchrun).parent / "python")
    return found


def middle(values, form):
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


# All-reduce.


def allreduce_times(lines):
    """{bytes: median in us} of the CSV that both programs print."""
    return {int(row[-4]): float(row[-3]) for row in (line.split(",") for line in lines.splitlines())}


def allreduce(options):
    programs = {"ours": [pathlib.Path(options.build) / "bin/bench_gloo", 2]}
    for name, python in peers(options).items():
        programs[name] = [python, ROOT / "tests/bench/transport/gloo_allreduce.py", 2]
    rounds = [{name: allreduce_times(output(*command)) for name, command in programs.items()}
              for _ in range(options.rounds)]
    print("| all-reduce of | " + " | ".join(f"{name}, us" for name in programs) + " | ours over Debian's |")
    print("|---|" + "---|" * (len(programs) + 1))
    for size in rounds[0]["ours"]:
        cells = [middle([r[name][size] for r in rounds], ",.0f") for name in programs]
        ratio = middle([r["ours"][size] / r["Debian's PyTorch"][size] for r in rounds], ".2f")
        print(f"| {size >> 10} KiB | " + " | ".join(cells) + f" | {ratio} |")


# A step of data-parallel training.


def start_by_hand(program, folder, scenario, extra=()):
    """Two ranks; returns when both have ended."""
    (folder / "run.yaml").write_text(json.dumps(scenario))
    environment = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(PORT)}
    ranks = [subprocess.Popen([program, "worker", folder / "run.yaml", "--out", folder / "run", "--quiet", *extra],
                              env={**environment, "RANK": str(rank), "LOCAL_RANK": str(rank)}) for rank in (0, 1)]
    if any([rank.wait() for rank in ranks]):
        sys.exit("a rank failed")


def real_scenario(**workload):
    scenario = ddp_step.scenario(2, True)
    for key in ("network", "devices", "emulation"):
        del scenario[key]
    scenario.update(mode="real")
    scenario["strategy"]["collective"] = "gloo"
    scenario["workload"].update(workload)
    return scenario


def our_steps(program, collective):
    """Milliseconds a step, by epoch."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        scenario = real_scenario()
        scenario["strategy"]["collective"] = collective
        start_by_hand(program, folder, scenario)
        records = [json.loads(line) for line in (folder / "run/metrics.jsonl").read_text().splitlines()]
    ends = [r["time_s"] for r in records if r["name"] == "train_loss" and r["node"] == 0]
    return [1e3 * (b - a) / ddp_step.STEPS for a, b in zip(ends, ends[1:])]


def step(options):
    program = pathlib.Path(options.build) / "bin/understudy"
    times = {}
    for _ in range(options.rounds):
        for collective in ("gloo", "halving_doubling"):
            times.setdefault(f"Understudy, {collective}", []).append(our_steps(program, collective))
        for name, python in peers(options).items():
            times.setdefault(f"{name}, DDP over Gloo", []).append(ddp_step.peer(python, 2))
    print("| a step of `cnn`, two ranks | ms, median of its epochs | over Debian's DDP |")
    print("|---|---|---|")
    reference = [statistics.median(epochs) for epochs in times["Debian's PyTorch, DDP over Gloo"]]
    for name, rounds in times.items():
        medians = [statistics.median(epochs) for epochs in rounds]
        ratios = [a / b for a, b in zip(medians, reference)]
        print(f"| {name} | {middle(medians, '.1f')} | {middle(ratios, '.2f')} |")


# Starting: a run of one step, from the launcher's start to the end of that step, and to its own end.


def launchers(options):
    found = {"mpirun": ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "2"]}
    if options.torchrun:
        found["torchrun"] = [options.torchrun, "--no-python", "--standalone", "--nproc-per-node", "2"]
    return found


def be_launched_peer():
    """What the same run takes in PyTorch: a process group, DDP of `cnn`, one step on a batch of Fashion-MNIST."""
    import gzip

    sys.path.insert(0, str(ROOT / "tests/bench/learners"))
    for ours, theirs in (("RANK", "OMPI_COMM_WORLD_RANK"), ("WORLD_SIZE", "OMPI_COMM_WORLD_SIZE")):
        os.environ.setdefault(ours, os.environ.get(theirs, ""))
    os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
    os.environ.setdefault("MASTER_PORT", str(20999))
    import pytorch_step
    import torch
    import torch.distributed as distributed

    torch.set_num_threads(1)
    distributed.init_process_group("gloo")
    data = pathlib.Path("/usr/share/datasets/fashion-mnist")
    images = gzip.open(data / "train-images-idx3-ubyte.gz").read(16 + 64 * 784)[16:]
    labels = gzip.open(data / "train-labels-idx1-ubyte.gz").read(8 + 64)[8:]
    images = torch.frombuffer(bytearray(images), dtype=torch.uint8).view(64, 1, 28, 28) / 255
    labels = torch.frombuffer(bytearray(labels), dtype=torch.uint8).long()
    model = torch.nn.parallel.DistributedDataParallel(pytorch_step.Cnn())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    torch.nn.functional.nll_loss(model(images), labels).backward()
    optimizer.step()
    print(f"stepped at {time.time()}", flush=True)
    distributed.destroy_process_group()


def seconds(command, last_step):
    """To the last step's end, of which `last_step` knows the time by what was printed, and to the end of all."""
    begin = time.time()
    printed = output(*command, env={**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"})
    return last_step(printed) - begin, time.time() - begin


def peers_step(printed):
    return max(float(line.split()[-1]) for line in printed.splitlines() if "stepped at" in line)


def launch(options):
    program = pathlib.Path(options.build) / "bin/understudy"
    times = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        scenario = real_scenario(train_limit=128, test_limit=2)
        scenario["workload"].update(updates=1)
        del scenario["workload"]["epochs"]
        (folder / "run.yaml").write_text(json.dumps(scenario))
        for number in range(options.rounds):
            for launcher, start in launchers(options).items():
                run = folder / f"{launcher}-{number}"
                ours = [program, "worker", folder / "run.yaml", "--quiet", "--out", run]
                # They are written right after the step and a test of two images.
                our_step = lambda _, run=run: max(f.stat().st_mtime for f in (run / "weights").iterdir())
                times.setdefault((launcher, "Understudy"), []).append(seconds(start + ours, our_step))
                for peer, python in peers(options).items():
                    if launcher == "torchrun" and python == options.python:
                        continue  # an older PyTorch waits for ever for the store of a newer one's launcher
                    times.setdefault((launcher, peer), []).append(seconds(start + [python, __file__, "--peer"], peers_step))
    print("| `cnn`, two ranks, from the launcher's start | to the end of the first step, s | to its own end, s |")
    print("|---|---|---|")
    for (launcher, who), values in times.items():
        print(f"| {launcher}, {who} | {middle([v[0] for v in values], '.2f')} | {middle([v[1] for v in values], '.2f')} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = {"allreduce": allreduce, "step": step, "launch": launch}
    parser.add_argument("parts", nargs="*", choices=[*parts, []])
    parser.add_argument("--build", default=ROOT / "build/release")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--torchrun")
    parser.add_argument("--python", default="/usr/bin/python3")
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        return be_launched_peer()
    for part in options.parts or parts:
        parts[part](options)
        print(flush=True)


if __name__ == "__main__":
    main()
