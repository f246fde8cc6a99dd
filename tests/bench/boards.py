#!/usr/bin/env python3
"""Trains the Titanic's passengers on emulated boards and writes what it took.

Usage: tests/bench/boards.py [--build build/release] [--splits 30] [--out results/reference]

Writes boards.md: the time of a round against the number of boards, bytes and line time beside what
docs/protocol.md's formulas predict, and accuracy and log-loss over stratified splits beside a central
optimum. Times are on the emulated clock, and so the same on every machine.
"""

import argparse
import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FEATURES = 4  # pca4
BYTES = {"float32": 4, "int16": 2, "int8": 1}
DATA = 23  # bytes of samples in a frame
FRAME = 7  # and what is around them; an acknowledgement has as many
RECEIVE_S = 0.7e-3  # that receiving and acknowledging such a frame keeps a board busy
T_975 = {5: 2.776, 30: 2.045}  # Student's, by repeats

SCENARIO = """\
# Measured by tests/bench/boards.py.
seed: 1
repeats: {repeats}
topology: {{kind: star, nodes: {boards}, device: cpu, bandwidth: 1Gbit/s, latency: 0us}}
network: {{kind: ideal}}
{emulated}
workload: {{kind: logistic_regression, dataset: titanic, {features}, shard: {shard}, element: {element},
           epochs: {epochs}, batch: 16, lr: 0.1, rounds: {rounds}}}
"""


def run(program, boards, shard="streamed", element="float32", baud=115200, epochs=3, rounds=3, repeats=1,
        emulated=True, features="features: pca4"):
    """The final metrics of every repeat, and all records of the boards."""
    text = SCENARIO.format(
        repeats=repeats, boards=boards, shard=shard, element=element, epochs=epochs, rounds=rounds, features=features,
        emulated=f"boards: [{{kind: simavr, count: 0, baud: {baud}}}]" if emulated else "")
    with tempfile.TemporaryDirectory() as folder:
        scenario, out = pathlib.Path(folder, "boards.yaml"), pathlib.Path(folder, "run")
        scenario.write_text(text, encoding="utf-8")
        subprocess.run([program, "run", "--quiet", scenario, "--out", out], check=True)
        repeats = json.loads((out / "summary.json").read_text())["runs"][0]["repeats"]
        records = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return repeats, [r for r in records if r["name"].startswith("board_") or r["name"] == "shard_samples"]


def wire(data):
    return data + FRAME * math.ceil(data / DATA)


def compute_s(samples, batches, element):
    cycles = (4250 + 650 * FEATURES) if element == "float32" else (4400 + 820 * FEATURES)
    return (samples * cycles + batches * 1270 * (FEATURES + 1)) / 16e6


def predicted(samples, shard, element, baud, epochs):
    """Bytes on the wire and seconds of a round by docs/protocol.md's formulas, turnarounds left out."""
    weights = FEATURES + 1
    exchange = 2 * (9 * math.ceil(weights / 12) + 4 * weights) + 23
    # A round's other frames, of which three are acknowledged (weights set, train, stats).
    data = epochs * samples * (FEATURES * BYTES[element] + 1) if shard == "streamed" else 0
    frames = math.ceil(data / DATA)
    up = (frames + 3) * FRAME
    down_s = 10 / baud * (wire(data) + exchange)
    computing = compute_s(epochs * samples, epochs * math.ceil(samples / 16), element)
    busy = computing + frames * RECEIVE_S
    total = max(down_s, busy) if shard == "streamed" else down_s + busy
    return wire(data) + exchange + up, 10 / baud * (wire(data) + exchange + up), computing, total


def speed(program, rows):
    one = {}
    for shard, element, counts in (("streamed", "float32", (1, 2, 4, 8)), ("streamed", "int8", (1, 2, 4, 8)),
                                   ("cached", "int8", (6, 8))):
        for baud in (115200, 1000000):
            for boards in counts:
                print(f"{shard} {element} {baud} baud, {boards} boards", file=sys.stderr)
                _, records = run(program, boards, shard, element, baud)
                # The slowest board's round, once the shard is where it belongs.
                last = [r for r in records if r.get("round") == 3]
                seconds = max(r["value"] for r in last if r["name"] == "board_train_s")
                board = next(r["node"] for r in last if r["name"] == "board_train_s" and r["value"] == seconds)
                of = {r["name"]: r["value"] for r in last if r["node"] == board}
                samples = int(next(r["value"] for r in records
                                   if r["name"] == "shard_samples" and r["node"] == board))
                data, line, computing, total = predicted(samples, shard, element, baud, 3)
                base = one.setdefault((shard, element, baud), seconds * boards)
                rows.append((shard, element, baud, boards, samples, seconds, total, 60 / seconds, of["board_bytes"],
                             data, of["board_line_s"], line, of["board_compute_s"], computing, base / seconds))


def interval(values):
    mean = statistics.fmean(values)
    return mean, T_975[len(values)] * statistics.stdev(values) / math.sqrt(len(values))


def accuracy(program, splits, rows):
    """On the host, whose bits are the boards' (tests/board)."""
    for label, options in (("one round", {"epochs": 30, "rounds": 1}), ("30 rounds", {"epochs": 1, "rounds": 30})):
        for element in BYTES:
            for boards in (1, 2, 4, 8):
                print(f"{label} {element}, {boards} boards, {splits} splits", file=sys.stderr)
                repeats, _ = run(program, boards, element=element, repeats=splits, emulated=False,
                                 features="features: all", **options)
                finals = [r["final"] for r in repeats]
                rows.append((label, element, boards, interval([100 * f["test_accuracy"] for f in finals]),
                             interval([f["test_log_loss"] for f in finals]),
                             interval([100 * f["baseline_accuracy"] for f in finals]),
                             interval([f["baseline_log_loss"] for f in finals]),
                             interval([100 * f["women_survive_accuracy"] for f in finals]),
                             interval([f["test_log_loss"] - f["baseline_log_loss"] for f in finals])))


def report(speeds, accuracies, splits):
    out = ["# Boards", "",
           "Written by `tests/bench/boards.py`: 1,317 passengers of the Titanic, 80 % of them for training, on emulated"
           " Arduino Unos. Times are on the emulated clock.", "",
           "## A round against the number of boards", "",
           "Four principal components, three epochs, batches of 16; of the slowest board. *Predicted* is"
           " `docs/protocol.md`'s formulas, without turnarounds; bytes and line time are of both directions. *Speed-up*"
           " is over one board; cached, over as many boards as the first row's.", "",
           "| shard | element | baud | boards | samples a board | round s | predicted s | rounds a minute | bytes |"
           " predicted | line s | predicted | compute s | predicted | speed-up |",
           "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"]
    for r in speeds:
        out.append(f"| {r[0]} | {r[1]} | {r[2]:,} | {r[3]} | {r[4]} | {r[5]:.3f} | {r[6]:.3f} | {r[7]:.0f} |"
                   f" {r[8]:,.0f} | {r[9]:,.0f} | {r[10]:.3f} | {r[11]:.3f} | {r[12]:.3f} | {r[13]:.3f} | {r[14]:.2f} |")
    plus = "{0[0]:.1f} ± {0[1]:.1f}".format
    loss = "{0[0]:.4f} ± {0[1]:.4f}".format
    out += ["", f"## Accuracy and log-loss over {splits} stratified splits", "",
            "All features (class, sex, age, fare, family size, port), scaled on the training part; 30 epochs in all,"
            " rate 0.1, batches of 16. ± is half the 95 % interval of the mean over splits. The last column is the"
            " loss beyond the central optimum on the same split.", "",
            "| weights averaged | element | boards | accuracy % | log-loss | central % | central log-loss |"
            " women survive % | log-loss beyond central |", "|---|---|---|---|---|---|---|---|---|"]
    for r in accuracies:
        out.append(f"| {r[0]} | {r[1]} | {r[2]} | {plus(r[3])} | {loss(r[4])} | {plus(r[5])} | {loss(r[6])} |"
                   f" {plus(r[7])} | {loss(r[8])} |")
    return "\n".join(out) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--splits", type=int, default=30, choices=sorted(T_975))
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "results/reference")
    options = parser.parse_args()
    program = options.build / "bin/understudy-node"
    speeds, accuracies = [], []
    speed(program, speeds)
    accuracy(program, options.splits, accuracies)
    (options.out / "boards.md").write_text(report(speeds, accuracies, options.splits), encoding="utf-8")


if __name__ == "__main__":
    main()
