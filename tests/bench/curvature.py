#!/usr/bin/env python3
"""Measures curvature beside its peers, in turn, and prints results/reference/curvature.md.

Usage: tests/bench/curvature.py [--rounds N] [--build build/release] > results/reference/curvature.md

Times are CPU time, one thread everywhere. The peers are Python's PyTorch (Debian's python3-torch, on the
same LibTorch) and scipy's eigsh (python3-scipy) over it.
"""

import argparse
import pathlib
import sys
import tempfile

from compare import ROOT, Figures, google_benchmark, machine, output, say

PEERS = ROOT / "tests/bench/curvature"
COSTS = ("gradient", "product", "single_product")
MODELS = ("cnn", "lenet")
PAIRS = (5, 20)
PYTHON = "/usr/bin/python3"


def product_costs(build, figures):
    peer = {}
    for line in output(PYTHON, PEERS / "pytorch_hvp.py", "--repetitions", 3).splitlines():
        model, *values = line.split()
        peer[model] = dict(zip(COSTS, map(float, values)))
    ours = google_benchmark(build / "bin/bench_curvature", "gradient|product")
    for model in MODELS:
        for cost in COSTS:
            mine = ours[f"{cost}/{model}"]["cpu_time"]
            figures.add(f"{model} {cost} ours", mine)
            figures.add(f"{model} {cost} peer", peer[model][cost])
            figures.add(f"{model} {cost} faster", peer[model][cost] / mine)
            figures.add(f"{model} {cost} gradients", mine / ours[f"gradient/{model}"]["cpu_time"])


def eigenpairs(build):
    """Rows of the table of eigenpairs."""
    bench = build / "bin/bench_curvature"
    ours = google_benchmark(bench, "eigenpairs")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        output(bench, f"--export={folder}")
        for k in PAIRS:
            for block in (1, 2, 5):
                entry = ours[f"eigenpairs/k:{k}/block:{block}/iterations:1"]
                rows.append((k, f"block Lanczos, block {block}", int(entry["products"]), entry["cpu_time"],
                             entry["residual"], entry["largest"], entry["last"]))
            for line in output(PYTHON, PEERS / "eigenpairs_peer.py", folder, "--k", k).splitlines():
                name, products, seconds, residual, *values = line.split()
                label = {"eigsh": "scipy's eigsh (ARPACK)", "power": "power iteration with deflation"}[name]
                rows.append((k, label, int(products), float(seconds), float(residual), float(values[0]),
                             float(values[-1])))
    return rows, ours["warm_eigenpairs/k:5/iterations:1"]


def report(f, rows, warm, rounds):
    commit = output("git", "rev-parse", "--short=12", "HEAD").strip()
    lines = [
        "# Curvature", "",
        f"Printed by `tests/bench/curvature.py --rounds {rounds}` at commit {commit} on {machine()}. CPU time of"
        " one thread; medians, with the least and the greatest round in brackets, ours and the peer's in turn.",
        "", "## A Hessian-vector product, batch 64", "",
        "`bench_curvature` beside `tests/bench/curvature/pytorch_hvp.py`: the same double backward in Python's"
        " PyTorch. *kept*: forward pass and gradient are there already, as for all but the first of many"
        " products; *single*: with them.", "",
        "| model | what | Understudy, ms | in gradients | wanted | PyTorch, ms | times faster | wanted |",
        "|---|---|---|---|---|---|---|---|"]
    names = {"gradient": "gradient", "product": "product, kept", "single_product": "product, single"}
    for model in MODELS:
        for cost in COSTS:
            name = f"{model} {cost}"
            gradients = "1" if cost == "gradient" else f.cell(f"{name} gradients", "{:.2f}")
            lines.append(f"| {model} | {names[cost]} | {f.cell(f'{name} ours', '{:.1f}')} | {gradients} |"
                         f" {'' if cost == 'gradient' else 'at most 3'} | {f.cell(f'{name} peer', '{:.1f}')} |"
                         f" {f.cell(f'{name} faster', '{:.2f}')} | {'' if cost == 'gradient' else 1} |")
    lines += [
        "", "## Eigenpairs of largest magnitude to |H v - l v| / |l| <= 1e-3", "",
        "`lenet` after 320 steps of SGD (batch 64, rate 0.01, momentum 0.9) on Fashion-MNIST, the Hessian of its"
        " first 1,000 training images, 21,840 parameters. Power iteration stops at that residual, too, or after"
        " PyHessian's 100 products a pair; its product is PyTorch's, as eigsh's.", "",
        "| k | method | products | seconds | largest residual | largest eigenvalue | k-th |",
        "|---|---|---|---|---|---|---|"]
    for k, label, products, seconds, residual, largest, last in rows:
        lines.append(f"| {k} | {label} | {products:,} | {seconds:.2f} | {residual:.1g} | {largest:.3f} |"
                     f" {last:.4f} |")
    lines += ["", f"After ten more steps, the five pairs before them as a warm start: {warm['products']:.0f} products,"
              f" from a random start {warm['products_cold']:.0f}.", ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    options = parser.parse_args()
    build = options.build.resolve()
    figures = Figures()
    for i in range(options.rounds):
        say(f"round {i + 1} of {options.rounds}")
        product_costs(build, figures)
    say("eigenpairs")
    rows, warm = eigenpairs(build)
    print(report(figures, rows, warm, options.rounds))


if __name__ == "__main__":
    sys.exit(main())
