#!/usr/bin/env python3
"""Measures Understudy beside its peers, in turn, and prints results/reference/benchmarks.md.

Usage: tests/bench/compare.py [--rounds N] [--build build/release] > results/reference/benchmarks.md

Every figure is the median over the rounds with the least and the greatest in brackets; a ratio is
taken round by round. The peer is Python's PyTorch (Debian's python3-torch, on the same LibTorch).
Nothing else should run meanwhile. tests/bench/traffic.py has the networks beside SimGrid.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TRAINING = """
seed: 1
repeats: 2
topology: {kind: cluster, devices_per_machine: 8, device: rtx3080}
workload: {kind: image_classifier, dataset: fashion_mnist, model: lenet, batch: 64, epochs: 1,
           train_limit: 32768, test_limit: 1000, optimizer: {kind: sgd, lr: 0.01}}
"""


def say(text):
    print(text, file=sys.stderr, flush=True)


def output(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True,
                          cwd=ROOT).stdout


def seconds(*command):
    start = time.perf_counter()
    output(*command)
    return time.perf_counter() - start


def google_benchmark(binary, pattern):
    """{name: counters} of the benchmarks that match."""
    text = output(binary, f"--benchmark_filter={pattern}", "--benchmark_format=json",
                  "--benchmark_min_time=1")
    return {entry["name"]: entry for entry in json.loads(text)["benchmarks"]}


class Figures:
    """Values by name, one a round, and the table made of them."""

    def __init__(self):
        self.values = {}

    def add(self, name, value):
        self.values.setdefault(name, []).append(value)

    def cell(self, name, form="{:,.3g}"):
        values = self.values[name]
        shown = [form.format(v) for v in (statistics.median(values), min(values), max(values))]
        return f"{shown[0]} ({shown[1]} to {shown[2]})"

    def last(self, name):
        return self.values[name][-1]


def training_throughput(build, figures):
    peer = dict(line.split() for line in output("/usr/bin/python3", ROOT / "tests/bench/learners/pytorch_step.py",
                                                "--repetitions", 3).splitlines())
    ours = google_benchmark(build / "bin/bench_learners", "training_step")
    for model in ("cnn", "lenet", "vgg19"):
        rate = ours[f"training_step/{model}"]["items_per_second"]
        figures.add(f"{model} ours", rate)
        figures.add(f"{model} peer", float(peer[model]))
        figures.add(f"{model} ratio", rate / float(peer[model]))


def two_jobs(program, scenario, folder, figures):
    """Two repeats, one after the other and side by side; the first trains, the rest replay."""
    times = {}
    for jobs in (1, 2):
        out = folder / f"jobs-{jobs}"
        shutil.rmtree(out, ignore_errors=True)
        times[jobs] = seconds(program, "run", scenario, "--quiet", "--jobs", jobs, "--out", out)
    figures.add("jobs", times[1] / times[2])
    summary = json.loads((folder / "jobs-1/summary.json").read_text())
    trained = sum(repeat["wall_s"] for repeat in summary["runs"][0]["repeats"])
    retiming = seconds(program, "retime", folder / "jobs-1", "--set", "network.kind=queued")
    out = folder / "replay"
    shutil.rmtree(out, ignore_errors=True)
    output(program, "retime", folder / "jobs-1", "--set", "network.kind=queued", "--out", out)
    replayed = json.loads((out / "summary.json").read_text())
    simulated = sum(repeat["wall_s"] for repeat in replayed["runs"][0]["repeats"])
    figures.add("trained", trained)
    figures.add("retimed", 1e3 * retiming)
    figures.add("retiming", trained / retiming)
    figures.add("overhead", 100 * simulated / trained)


def starts(program, scenario, folder, figures):
    figures.add("validate", 1e3 * seconds(program, "validate", scenario))
    figures.add("retime start", 1e3 * seconds(program, "retime", "--help"))
    figures.add("front door", 1e3 * seconds(ROOT / "understudy", "list", "models"))
    figures.add("program", 1e3 * seconds(program, "list", "models"))


def main_job(program, folder, figures):
    out = folder / "main"
    figures.add("main job", seconds(program, "run", "scenarios/accuracy_vs_overhead.yaml", "--quiet", "--out", out))
    figures.add("main memory", json.loads((out / "run.json").read_text())["peak_memory_bytes"] / 2**20)


def machine():
    info = pathlib.Path("/proc/cpuinfo").read_text()
    model = next(line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name"))
    flags = next(line for line in info.splitlines() if line.startswith("flags"))
    sets = " ".join(name for name in ("avx2", "avx512f") if f" {name}" in flags)
    torch = output("/usr/bin/python3", "-c", "import torch; print(torch.__version__)").strip()
    blas = os.environ.get("OPENBLAS_CORETYPE")
    return (f"{model}, {os.cpu_count()} cores, {sets}; Debian 12, LibTorch {torch} on both sides"
            + (f", OPENBLAS_CORETYPE={blas}" if blas else ""))


def report(f, rounds):
    commit = output("git", "rev-parse", "--short=12", "HEAD").strip()
    rows = [
        "# Benchmarks", "",
        f"Printed by `tests/bench/compare.py --rounds {rounds}` at commit {commit} on {machine()}. Medians,"
        " with the least and the greatest round in brackets; ratios are taken round by round, ours and the"
        " peer's in turn.", "",
        "## Training on one thread, SGD with momentum", "",
        "`bench_learners` beside `tests/bench/learners/pytorch_step.py` (Python's PyTorch on the same"
        " LibTorch); images a second. Batches of 64, of `vgg19` 32 images of 3x32x32.", "",
        "| model | Understudy | PyTorch | ratio | wanted |", "|---|---|---|---|---|"]
    for model, wanted in (("cnn", 1.1), ("lenet", 1.1), ("vgg19", 1.0)):
        rows.append(f"| {model} | {f.cell(f'{model} ours', '{:,.0f}')} | {f.cell(f'{model} peer', '{:,.0f}')} |"
                    f" {f.cell(f'{model} ratio', '{:.2f}')} | {wanted} |")
    rows += ["", "## Whole programs", "",
             "`lenet` on 8 virtual GPUs, 32,768 images, two repeats, trained and then re-timed under another"
             " network; the main job is `scenarios/accuracy_vs_overhead.yaml` with `--jobs` at its default.", "",
             "| what | measured | wanted |", "|---|---|---|",
             f"| two repeats with `--jobs 2`, times as fast as with `--jobs 1` | {f.cell('jobs', '{:.2f}')} | 1.7 |",
             f"| the simulation's own share of a training run, % | {f.cell('overhead', '{:.2f}')} | under 3 |",
             f"| training, s | {f.cell('trained', '{:.2f}')} | |",
             f"| `retime`, whole process, ms | {f.cell('retimed', '{:.0f}')} | |",
             f"| times faster than training | {f.cell('retiming', '{:.0f}')} | 100 |",
             f"| `validate` of the main job, whole process, ms | {f.cell('validate', '{:.1f}')} | under 50 |",
             f"| `retime --help`, whole process, ms | {f.cell('retime start', '{:.1f}')} | under 50 |",
             f"| `./understudy list models` with nothing to build, ms | {f.cell('front door', '{:.0f}')} | under 200 |",
             f"| the program alone, ms | {f.cell('program', '{:.1f}')} | |",
             f"| main job, s | {f.cell('main job', '{:.0f}')} | under 180 |",
             f"| its peak memory, MiB | {f.cell('main memory', '{:.0f}')} | under 1024 |", ""]
    return "\n".join(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    options = parser.parse_args()
    build = options.build.resolve()
    program = build / "bin/understudy"
    figures = Figures()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        scenario = folder / "eight.yaml"
        scenario.write_text(TRAINING)
        for i in range(options.rounds):
            say(f"round {i + 1} of {options.rounds}")
            training_throughput(build, figures)
            two_jobs(program, scenario, folder, figures)
            starts(program, ROOT / "scenarios/accuracy_vs_overhead.yaml", folder, figures)
        say("the main job")
        main_job(program, folder, figures)
    print(report(figures, options.rounds))


if __name__ == "__main__":
    main()
