#!/usr/bin/env python3
"""Runs the same scenarios in virtual time and in processes on the wall's clock, one after the other,
and prints what was predicted, what was measured, and how late messages were."""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

from lateness import quantile_us

TOPOLOGIES = {
    "mesh": "{kind: mesh, nodes: 4, bandwidth: 100Mbit/s, latency: 5ms}",
    "cluster": "{kind: cluster, machines: 2, devices_per_machine: 2, "
    "intra: {bandwidth: 1Gbit/s, latency: 500us}, inter: {bandwidth: 100Mbit/s, latency: 2ms}}",
    "ring": "{kind: ring, nodes: 4, bandwidth: 50Mbit/s, latency: 2ms}",
    "star": "{kind: star, nodes: 4, bandwidth: 100Mbit/s, latency: 5ms}",
}
WORKLOADS = {
    "ring all-reduce": ("{kind: collective, bytes: 1MB, iterations: 5}", "ring"),
    "parameter server": ("{kind: collective, bytes: 1MB, iterations: 5}", "parameter_server"),
    "traffic": (
        "{kind: traffic, flows: [{from: 0, to: 1, bytes: 1MB}, {from: 0, to: 2, bytes: 500kB},"
        " {from: 3, to: 1, bytes: 300kB, start: 20ms}]}",
        "ring",
    ),
}


def times_of(folder):
    """Per node, metric and step, the value of everything that is a time."""
    values = {}
    for line in (folder / "metrics.jsonl").read_text().splitlines():
        r = json.loads(line)
        if r["name"] in ("collective_time_s", "finish_s"):
            values[r["node"], r["name"], r["step"]] = r["value"]
    return values


def run(program, text, mode, sets, folder):
    scenario = folder / "scenario.yaml"
    scenario.write_text(text)
    out = folder / mode
    command = [program, "run", scenario, "--quiet", "--out", out, "--set", f"mode={mode}"]
    for one in sets:
        command += ["--set", one]
    subprocess.run(command, check=True)
    unit = json.loads((out / "checkpoints" / "unit-0000-00.json").read_text())
    return times_of(out), unit.get("emulation")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", help="build/release/bin/understudy")
    parser.add_argument("--set", action="append", default=[], help="of the emulated run")
    options = parser.parse_args()
    print("| traffic | topology | predicted | measured | error | largest of one | late p50 | p99 |")
    print("|---|---|---|---|---|---|---|---|")
    for what, (workload, collective) in WORKLOADS.items():
        for where, topology in TOPOLOGIES.items():
            text = (
                f"topology: {topology}\nworkload: {workload}\n"
                f"strategy: {{kind: allreduce, collective: {collective}}}\n"
            )
            with tempfile.TemporaryDirectory() as name:
                folder = pathlib.Path(name)
                predicted, _ = run(options.program, text, "virtual", [], folder)
                measured, emulation = run(options.program, text, "emulated", options.set, folder)
            errors = [measured[k] / predicted[k] - 1 for k in predicted]
            late = emulation["lateness"]
            print(
                f"| {what} | {where} | {1e3 * statistics.mean(predicted.values()):.1f} ms"
                f" | {1e3 * statistics.mean(measured.values()):.1f} ms"
                f" | {100 * statistics.mean(errors):+.1f} %"
                f" | {100 * max(errors, key=abs):+.1f} %"
                f" | {quantile_us(late, 0.5):.0f} us | {quantile_us(late, 0.99):.0f} us |"
            )


if __name__ == "__main__":
    main()
