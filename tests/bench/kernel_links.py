#!/usr/bin/env python3
"""Holds our shaper against the kernel's: the same all-reduces over links that the network model shapes and over
network namespaces with token buckets, in turn, beside virtual time. Prints a table.

Usage: tests/bench/kernel_links.py build/release/bin/understudy [--rounds N]

Needs the right to make network namespaces. Latency is left out, as not every kernel has delay lines.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

SCENARIO = """
topology: {{kind: {topology}, nodes: {nodes}, bandwidth: {megabits}Mbit/s, latency: 0us}}
workload: {{kind: collective, bytes: {size}, iterations: 5}}
strategy: {{kind: allreduce, collective: {collective}}}
"""
CASES = [
    ("ring", "mesh", 2, 10, "250kB"), ("ring", "mesh", 2, 10, "1MB"), ("ring", "mesh", 2, 100, "1MB"),
    ("ring", "mesh", 2, 100, "10MB"), ("ring", "mesh", 4, 100, "4MB"), ("tree", "mesh", 4, 100, "4MB"),
    ("parameter_server", "mesh", 4, 100, "4MB"), ("halving_doubling", "ring", 4, 100, "4MB")]


def milliseconds(program, folder, scenario, *settings):
    """A collective's mean time over nodes and iterations but the first, in which connections are made."""
    file = folder / "scenario.yaml"
    file.write_text(scenario)
    words = [program, "run", file, "--out", folder / "run", "--quiet"]
    for setting in settings:
        words += ["--set", setting]
    subprocess.run([str(w) for w in words], check=True)
    times = []
    for line in (folder / "run/metrics.jsonl").read_text().splitlines():
        record = json.loads(line)
        if record["name"] == "collective_time_s" and record["step"] > 0:
            times.append(record["value"])
    subprocess.run(["rm", "-r", str(folder / "run")], check=True)
    return 1e3 * statistics.mean(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print("| all-reduce | topology | link | size | virtual | our shaper | kernel | kernel over ours |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for collective, topology, nodes, megabits, size in CASES:
            scenario = SCENARIO.format(collective=collective, topology=topology, nodes=nodes, megabits=megabits,
                                       size=size)
            virtual = milliseconds(options.program, folder, scenario)
            ours, kernel = [], []
            for _ in range(options.rounds):
                ours.append(milliseconds(options.program, folder, scenario, "mode=emulated"))
                kernel.append(milliseconds(options.program, folder, scenario, "mode=emulated",
                                           "emulation.links=kernel"))
            ratio = sorted(k / o - 1 for k, o in zip(kernel, ours))
            print(f"| {collective} | {topology} of {nodes} | {megabits} Mbit/s | {size} | {virtual:.1f} ms |"
                  f" {statistics.median(ours):.1f} ms | {statistics.median(kernel):.1f} ms |"
                  f" {statistics.median(ratio):+.1%} ({ratio[0]:+.1%} to {ratio[-1]:+.1%}) |", flush=True)


if __name__ == "__main__":
    main()
