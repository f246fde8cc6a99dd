#!/usr/bin/env python3
"""Times 500 turns of federated clients beside peers, in turn, and prints a table.

Usage: tests/bench/fl_task.py [--rounds N] [--build build/release] [--peer "NAME=COMMAND"]...

Ours is the whole program, from its start to the report, on two threads. The PyTorch that stands beside it
trains and does nothing else. A peer's command prints a line of JSON with "seconds" for the same task:
FedAvg on Fashion-MNIST, strided over 1,000 clients, 5 rounds of 100 of them, one pass in batches of 20.
"""
import argparse
import json
import pathlib
import shlex
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/bench/federated"


def run(command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout


def ours(build):
    """Seconds of the whole program, and of the repeat alone."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "run"
        start = time.perf_counter()
        run([build / "bin/understudy", "run", HERE / "fl_task.yaml", "--jobs", 2, "--quiet", "--out", out])
        whole = time.perf_counter() - start
        summary = json.loads((out / "summary.json").read_text())
        return whole, summary["runs"][0]["repeats"][0]["wall_s"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--peer", action="append", default=[])
    args = parser.parse_args()
    peers = {"PyTorch, the training alone, one core": f"/usr/bin/python3 {HERE}/pytorch_fits.py"}
    peers.update(peer.split("=", 1) for peer in args.peer)
    figures = {}
    for _ in range(args.rounds):
        whole, repeat = ours(args.build)
        figures.setdefault("Understudy, the whole program", []).append(whole)
        figures.setdefault("Understudy, the repeat", []).append(repeat)
        for name, command in peers.items():
            lines = run(shlex.split(command)).strip().splitlines()
            figures.setdefault(name, []).append(json.loads(lines[-1])["seconds"])
    base = figures["Understudy, the whole program"]
    print("| what | seconds (least, greatest) | of Understudy's |\n|---|---|---|")
    for name, values in figures.items():
        ratio = statistics.median(v / b for v, b in zip(values, base))
        print(f"| {name} | {statistics.median(values):.2f} ({min(values):.2f}, {max(values):.2f}) | {ratio:.2f} |")


if __name__ == "__main__":
    main()
