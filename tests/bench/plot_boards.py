#!/usr/bin/env python3
"""Plots how fast boards are emulated against how many there are.

Usage: tests/bench/plot_boards.py [--build build/release] [--out results/reference]

Writes boards_scaling.csv and boards_scaling.svg, from bench_board's scaling benchmark: boards that
compute without pause, on two threads, in windows of a millisecond. Nothing else should run
meanwhile.
"""

import argparse
import csv
import json
import pathlib
import subprocess

from plot_scaling import BOTTOM, HEIGHT, LEFT, RIGHT, ROOT, TOP, WIDTH, Axis


def measure(binary):
    """Rows of the number of boards and the speed, in multiples of real time."""
    text = subprocess.run([binary, "--benchmark_filter=^scaling_", "--benchmark_format=json"],
                          capture_output=True, text=True, check=True).stdout
    return [(int(entry["name"].split("/")[1]), entry["speed"]) for entry in json.loads(text)["benchmarks"]]


def svg(rows):
    x = Axis([row[0] for row in rows], LEFT, WIDTH - RIGHT)
    y = Axis([row[1] for row in rows], HEIGHT - BOTTOM, TOP)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
           ' font-size="13">', f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for t in x.ticks():
        out += [f'<path d="M{x.at(t):.1f} {y.begin}V{y.end}" stroke="#ddd"/>',
                f'<text x="{x.at(t):.1f}" y="{y.begin + 18}" text-anchor="middle">{t:,}</text>']
    for t in y.ticks():
        out += [f'<path d="M{x.begin} {y.at(t):.1f}H{x.end}" stroke="{"#888" if t == 1 else "#ddd"}"/>',
                f'<text x="{x.begin - 8}" y="{y.at(t) + 4:.1f}" text-anchor="end">{t:g}</text>']
    out += [f'<text x="{(x.begin + x.end) / 2:.0f}" y="{HEIGHT - 10}" text-anchor="middle">boards</text>',
            f'<text transform="translate(18 {(y.begin + y.end) / 2:.0f}) rotate(-90)" text-anchor="middle">'
            'emulated time over real time</text>',
            f'<text x="{x.end + 12}" y="{y.at(1) + 4:.1f}" fill="#555">real time</text>']
    points = " ".join(f"{x.at(boards):.1f},{y.at(speed):.1f}" for boards, speed in rows)
    return "\n".join(out + [f'<polyline points="{points}" fill="none" stroke="#1f77b4" stroke-width="2"/>',
                            f'<text x="{x.end + 12}" y="{TOP + 20}" fill="#1f77b4">ATmega328P, 16 MHz</text>',
                            f'<text x="{x.end + 12}" y="{TOP + 36}" fill="#555">two threads</text>', "</svg>", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "results/reference")
    options = parser.parse_args()
    rows = measure(options.build / "bin/bench_board")
    with open(options.out / "boards_scaling.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["boards", "times_real_time"])
        writer.writerows((boards, f"{speed:.4g}") for boards, speed in rows)
    (options.out / "boards_scaling.svg").write_text(svg(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
