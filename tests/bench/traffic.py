#!/usr/bin/env python3
"""Measures simulated traffic beside SimGrid, in turn, and prints results/reference/traffic.md.

Usage: tests/bench/traffic.py [--rounds N] [--build build/release] > results/reference/traffic.md

Figures are medians over the rounds with the least and the greatest in brackets; a ratio is taken round
by round. Nothing else should run meanwhile.
"""

import argparse
import pathlib
import subprocess

from compare import ROOT, Figures, machine, output, say

KDL = ROOT / "../shared/data/topologies/graphml/Kdl.graphml"
# Patterns of tests/bench/network/traffic_patterns.hpp, with the ratio wanted, and whether one round is
# enough: there SimGrid takes a minute.
TRAFFIC = [("ring", 64, 10, False), ("ring", 256, 10, False), ("ring", 1024, 10, True),
           ("all_to_all", 64, 10, False), ("all_to_all", 256, 10, False), ("all_to_all", 1024, 10, True),
           ("parameter_server", 64, 10, False), ("parameter_server", 256, 10, False),
           ("parameter_server", 1024, 10, False), ("burst", 64, 10, False), ("wan", 1000, 3, False),
           ("wan", 10000, 3, True)]
LONGEST_S = 300


def run(program, pattern, count):
    """Transfers, simulated seconds, CPU seconds and peak MiB; None where it takes too long."""
    graph = [str(KDL)] if pattern == "wan" and KDL.exists() else []
    try:
        text = subprocess.run([program, pattern, str(count), *graph], capture_output=True, text=True, check=True,
                              timeout=LONGEST_S).stdout
    except subprocess.TimeoutExpired:
        return None
    return tuple(map(float, text.split()))


def measure(build, figures, is_first):
    for pattern, count, _, once in TRAFFIC:
        if once and not is_first:
            continue
        name = f"{pattern} {count}"
        ours = run(build / "bin/understudy_traffic", pattern, count)
        peer = run(build / "bin/simgrid_traffic", pattern, count)
        figures.add(f"{name} ours", ours[0] / ours[2] / 1e3)
        figures.add(f"{name} ours memory", ours[3])
        if peer is None:
            figures.add(f"{name} bound", LONGEST_S / ours[2])
            continue
        figures.add(f"{name} peer", peer[0] / peer[2] / 1e3)
        figures.add(f"{name} ratio", peer[2] / ours[2])
        figures.add(f"{name} memory", peer[3] / ours[3])
        figures.add(f"{name} error", abs(ours[1] - peer[1]) / peer[1])
        figures.add(f"{name} clock", peer[1])


def row(f, pattern, count, wanted):
    name = f"{pattern} {count}"
    ours, memory = f.cell(f"{name} ours"), f.last(f"{name} ours memory")
    if f"{name} ratio" not in f.values:
        bound = f.last(f"{name} bound")
        return (f"| {pattern} | {count:,} | {ours} | not done after {LONGEST_S} s | above {bound:.0f} | {wanted} |"
                f" {memory:.1f} | | | |")
    return (f"| {pattern} | {count:,} | {ours} | {f.cell(f'{name} peer')} | {f.cell(f'{name} ratio', '{:.1f}')} |"
            f" {wanted} | {memory:.1f} | {f.last(f'{name} memory'):.1f} | {f.last(f'{name} clock'):.6g} |"
            f" {max(f.values[f'{name} error']):.1e} |")


def report(f, rounds):
    commit = output("git", "rev-parse", "--short=12", "HEAD").strip()
    graph = "the Topology Zoo's Kdl" if KDL.exists() else "a random graph of the size of the Topology Zoo's Kdl"
    rows = ["# Simulated traffic", "",
            f"Printed by `tests/bench/traffic.py --rounds {rounds}` at commit {commit} on {machine()}.", "",
            "`understudy_traffic` (coroutines, transport and `fair_share` included) beside `simgrid_traffic`, both in"
            " `tests/bench/network`, whose `traffic_patterns.hpp` says what the patterns are; `wan` is"
            f" {graph}. Thousands of transfers a second of CPU time; peak memory of whole processes. The simulated"
            " seconds are SimGrid's, at its default precision.", "",
            "| pattern | hosts or messages | Understudy | SimGrid | ratio | wanted | MiB | times less memory |"
            " simulated seconds | relative difference |", "|---|---|---|---|---|---|---|---|---|---|"]
    rows += [row(f, pattern, count, wanted) for pattern, count, wanted, _ in TRAFFIC]
    rows += ["", "![Cost of a transfer against flows, links and hosts](network_scaling.svg)", "",
             "`network_scaling.csv` has the figures; `tests/bench/plot_scaling.py` makes both."]
    return "\n".join(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    options = parser.parse_args()
    figures = Figures()
    for i in range(options.rounds):
        say(f"round {i + 1} of {options.rounds}")
        measure(options.build.resolve(), figures, i == 0)
    print(report(figures, options.rounds))


if __name__ == "__main__":
    main()
