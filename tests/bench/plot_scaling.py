#!/usr/bin/env python3
"""Plots what a transfer costs in fair_share against the numbers of flows, links and hosts.

Usage: tests/bench/plot_scaling.py [--build build/release] [--out results/reference]

Writes network_scaling.csv and network_scaling.svg, from bench_network's scaling benchmarks. Nothing
else should run meanwhile.
"""

import argparse
import csv
import json
import math
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What is varied, and what else holds.
SERIES = {"flows": "on 754 routers", "links": "1,000 flows", "hosts": "a ring on a switch"}
COLOURS = ["#1f77b4", "#d62728", "#2ca02c"]
WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 760, 420, 70, 50, 20, 170


def measure(binary):
    """Rows of what is varied, its number, and microseconds a transfer."""
    text = subprocess.run([binary, "--benchmark_filter=^scaling_", "--benchmark_format=json"],
                          capture_output=True, text=True, check=True).stdout
    rows = []
    for entry in json.loads(text)["benchmarks"]:
        name, number = entry["name"].removeprefix("scaling_").split("/")
        rows.append((name, int(number), 1e6 / entry["items_per_second"]))
    return rows


class Axis:
    """A logarithmic scale over whole decades, from one end of the page to the other."""

    def __init__(self, values, begin, end):
        self.low = math.floor(math.log10(min(values)))
        self.high = math.ceil(math.log10(max(values)))
        self.begin, self.end = begin, end

    def ticks(self):
        return [10 ** e for e in range(self.low, self.high + 1)]

    def at(self, value):
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)


def svg(rows):
    x = Axis([row[1] for row in rows], LEFT, WIDTH - RIGHT)
    y = Axis([row[2] for row in rows], HEIGHT - BOTTOM, TOP)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
           ' font-size="13">', f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for t in x.ticks():
        out += [f'<path d="M{x.at(t):.1f} {y.begin}V{y.end}" stroke="#ddd"/>',
                f'<text x="{x.at(t):.1f}" y="{y.begin + 18}" text-anchor="middle">{t:,}</text>']
    for t in y.ticks():
        out += [f'<path d="M{x.begin} {y.at(t):.1f}H{x.end}" stroke="#ddd"/>',
                f'<text x="{x.begin - 8}" y="{y.at(t) + 4:.1f}" text-anchor="end">{t:g}</text>']
    out += [f'<text x="{(x.begin + x.end) / 2:.0f}" y="{HEIGHT - 10}" text-anchor="middle">number</text>',
            f'<text transform="translate(18 {(y.begin + y.end) / 2:.0f}) rotate(-90)" text-anchor="middle">'
            'microseconds a transfer</text>']
    for i, (what, note) in enumerate(SERIES.items()):
        points = " ".join(f"{x.at(row[1]):.1f},{y.at(row[2]):.1f}" for row in rows if row[0] == what)
        out += [f'<polyline points="{points}" fill="none" stroke="{COLOURS[i]}" stroke-width="2"/>',
                f'<text x="{x.end + 12}" y="{TOP + 20 + 40 * i}" fill="{COLOURS[i]}">{what}</text>',
                f'<text x="{x.end + 12}" y="{TOP + 36 + 40 * i}" fill="#555">{note}</text>']
    return "\n".join(out + ["</svg>", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "results/reference")
    options = parser.parse_args()
    rows = measure(options.build / "bin/bench_network")
    with open(options.out / "network_scaling.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["what", "number", "microseconds_per_transfer"])
        writer.writerows((what, number, f"{cost:.4g}") for what, number, cost in rows)
    (options.out / "network_scaling.svg").write_text(svg(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
