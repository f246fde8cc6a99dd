#!/usr/bin/env python3
"""Federated runs in a table: accuracies at the end, and what was sent until a target was reached.

usage: federated.py RUN_DIRECTORY [--target 0.9]

Of each run the mean over repeats and its 95 % interval (Student's t; none with one repeat), in percent.
The target is of the clients' own models on their own test samples, at the rounds that were evaluated; a
run that does not reach it in every repeat says in how many.
"""
import argparse
import collections
import json
import math
import pathlib

COLUMNS = [("global", "global_test_accuracy"), ("own", "personal_test_accuracy_mean"),
           ("worst decile", "personal_test_accuracy_worst_decile"),
           ("chosen", "personal_test_accuracy_chosen_mean"),
           ("half", "personal_test_accuracy_half_mean"),
           ("oracle", "personal_test_accuracy_oracle_mean"),
           ("own, best round by validation", "personal_test_accuracy_mean_at_best_validation")]
# Student's t, 97.5 %, by degrees of freedom.
STUDENT = [None, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262]


def interval(values, show):
    mean = sum(values) / len(values)
    if len(values) < 2:
        return show(mean)
    deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))
    half = STUDENT[len(values) - 1] * deviation / math.sqrt(len(values))
    return f"{show(mean)} ± {show(half)}"


def traffic_to(target, records):
    """Bytes by the first evaluated round at the target; None where there is none."""
    traffic = 0
    for record in records:
        if record["name"] == "traffic_bytes":
            traffic = record["value"]
        if record["name"] == "personal_test_accuracy_mean" and record["value"] >= target:
            return traffic
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--target", type=float, default=0.9)
    args = parser.parse_args()
    summary = json.loads((args.directory / "summary.json").read_text())
    units = collections.defaultdict(list)
    with open(args.directory / "metrics.jsonl") as lines:
        for line in lines:
            record = json.loads(line)
            if record["name"] in ("traffic_bytes", "personal_test_accuracy_mean"):
                units[record["run"], record["repeat"]].append(record)
    percent = "{:.1f}".format
    print("| | " + " | ".join(name for name, _ in COLUMNS) +
          f" | MB to {100 * args.target:.0f} % |\n|---" + "|---" * (len(COLUMNS) + 1) + "|")
    for index, run in enumerate(summary["runs"]):
        cells = [run["label"]]
        for _, metric in COLUMNS:
            values = [100 * r["final"][metric] for r in run["repeats"] if metric in r["final"]]
            cells.append(interval(values, percent) if values else "")
        reached = [traffic_to(args.target, units[index, r["repeat"]]) for r in run["repeats"]]
        came = [t / 1e6 for t in reached if t is not None]
        cells.append((interval(came, "{:.0f}".format) if came else "not reached") +
                     (f" ({len(came)} of {len(reached)})" if 0 < len(came) < len(reached) else ""))
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
