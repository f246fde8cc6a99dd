#!/usr/bin/env python3
"""Plots how many processes one machine carries: what messages come to a second, and how late.

Usage: tests/bench/plot_processes.py [--build build/release] [--out results/reference] [--pattern NAME]...

Writes processes_scaling.csv and processes_scaling.svg. Every pattern runs on 2 to 64 emulated nodes of a
mesh (1 Gbit/s, 1 ms) over shared memory, first on the wall's clock as it is, then slower and slower
(emulation.dilation) until messages are late by less than 1 % of the nodes' time. With --pattern, rows of
the others stay as they are in the file. Nothing else should run meanwhile.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

from lateness import quantile_us
from plot_scaling import BOTTOM, COLOURS, HEIGHT, LEFT, RIGHT, ROOT, TOP, WIDTH, Axis

RANKS = (2, 4, 8, 16, 32, 64)
DILATIONS = (1, 4, 16, 64)
LENGTH_S, LATENCY_S, APART_S = 0.25, 1e-3, 5e-3  # of a run on the scenario's clock, at least
PATTERNS = {"ring of 1 kB": "all-reduce", "ring of 100 kB": "all-reduce", "1 kB every 5 ms": "from each node"}
COLUMNS = ("pattern", "ranks", "messages_per_second", "late_p50_us", "late_p99_us", "late_share_percent",
           "sufficient_dilation")
TOLERATED_PERCENT = 1


def workload(pattern, ranks):
    if pattern.startswith("ring"):
        iterations = max(1, round(LENGTH_S / (2 * (ranks - 1) * LATENCY_S)))
        return {"kind": "collective", "bytes": pattern.removeprefix("ring of ").replace(" ", ""),
                "iterations": iterations}
    return {"kind": "traffic", "flows": [
        {"from": rank, "to": (rank + 1) % ranks, "bytes": "1kB", "start": f"{1e3 * APART_S * k}ms"}
        for k in range(round(LENGTH_S / APART_S)) for rank in range(ranks)]}


def run(program, pattern, ranks, dilation):
    """Messages a second of the wall's clock; lateness in us of the scenario's, and its share in percent."""
    scenario = {"mode": "emulated", "workload": workload(pattern, ranks),
                "topology": {"kind": "mesh", "nodes": ranks, "bandwidth": "1Gbit/s", "latency": "1ms"},
                "emulation": {"dilation": dilation, "timeout": "60s"}}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "scenario.yaml").write_text(json.dumps(scenario))
        subprocess.run([program, "run", folder / "scenario.yaml", "--quiet", "--out", folder / "run"], check=True,
                       stderr=subprocess.DEVNULL)
        repeat = json.loads((folder / "run/summary.json").read_text())["runs"][0]["repeats"][0]
        late = json.loads((folder / "run/checkpoints/unit-0000-00.json").read_text())["emulation"]["lateness"]
    share = 100e-12 * late["total"] / (repeat["time_s"] * ranks)
    return (repeat["messages"] / (repeat["time_s"] * dilation), quantile_us(late, 0.5), quantile_us(late, 0.99),
            share)


def measure(program, pattern, ranks):
    row = None
    for dilation in DILATIONS:
        figures = run(program, pattern, ranks, dilation)
        row = row or (pattern, ranks, *(f"{figure:.4g}" for figure in figures))
        if figures[3] <= TOLERATED_PERCENT:
            return (*row, dilation)
    return (*row, f"above {DILATIONS[-1]}")


def svg(rows):
    x = Axis([row[1] for row in rows], LEFT, WIDTH - RIGHT)
    y = Axis([max(1.0, float(value)) for row in rows for value in row[3:5]], HEIGHT - BOTTOM, TOP)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
           ' font-size="13">', f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for t in RANKS:
        out += [f'<path d="M{x.at(t):.1f} {y.begin}V{y.end}" stroke="#ddd"/>',
                f'<text x="{x.at(t):.1f}" y="{y.begin + 18}" text-anchor="middle">{t}</text>']
    for t in y.ticks():
        out += [f'<path d="M{x.begin} {y.at(t):.1f}H{x.end}" stroke="#ddd"/>',
                f'<text x="{x.begin - 8}" y="{y.at(t) + 4:.1f}" text-anchor="end">{t:,}</text>']
    out += [f'<text x="{(x.begin + x.end) / 2:.0f}" y="{HEIGHT - 10}" text-anchor="middle">processes</text>',
            f'<text transform="translate(14 {(y.begin + y.end) / 2:.0f}) rotate(-90)" text-anchor="middle">'
            'messages late by, us</text>']
    for i, (pattern, note) in enumerate(PATTERNS.items()):
        mine = [row for row in rows if row[0] == pattern]
        for column, dash in ((3, ""), (4, ' stroke-dasharray="5 4"')):
            points = " ".join(f"{x.at(row[1]):.1f},{y.at(max(1.0, float(row[column]))):.1f}" for row in mine)
            out.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[i]}" stroke-width="2"{dash}/>')
        out += [f'<text x="{x.end + 12}" y="{TOP + 20 + 40 * i}" fill="{COLOURS[i]}">{pattern}</text>',
                f'<text x="{x.end + 12}" y="{TOP + 36 + 40 * i}" fill="#555">{note}</text>']
    out += [f'<text x="{x.end + 12}" y="{TOP + 20 + 40 * len(PATTERNS)}" fill="#555">median; dashed: 99 %</text>']
    return "\n".join(out + ["</svg>", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "results/reference")
    parser.add_argument("--pattern", action="append", choices=PATTERNS)
    options = parser.parse_args()
    path = options.out / "processes_scaling.csv"
    wanted = options.pattern or list(PATTERNS)
    rows = []
    if path.exists():
        with open(path, newline="", encoding="utf-8") as file:
            rows = [(r[0], int(r[1]), *r[2:]) for r in list(csv.reader(file))[1:] if r[0] not in wanted]
    for pattern in wanted:
        for ranks in RANKS:
            rows.append(measure(options.build / "bin/understudy", pattern, ranks))
            print(*rows[-1], sep=", ", file=sys.stderr, flush=True)
    rows.sort(key=lambda row: (list(PATTERNS).index(row[0]), row[1]))
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    (options.out / "processes_scaling.svg").write_text(svg(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
