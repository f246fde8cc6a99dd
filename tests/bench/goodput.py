#!/usr/bin/env python3
"""What gets through one emulated link, and how late: two processes, 1 to 1000 Mbit/s, 1 to 100 ms.

Usage: tests/bench/goodput.py build/release/bin/understudy [--no-kernel]

Goodput is of payload bytes: messages that wait for each other on the link, from the first one's sending
to the last one's arrival, without the link's latency. Added latency is by how much small messages, sent
apart, are handed over later on the wall's clock than the network decided. Beside it, where root may make network namespaces, a
TCP stream through the kernel's tbf on a pair of virtual Ethernet devices: its goodput, and how long
small messages, sent apart, take one way, which ideally is nothing. Prints tables of results/reference.
"""

import argparse
import json
import os
import pathlib
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

from lateness import quantile_us

RATES_MBIT = (1, 10, 100, 1000)
LATENCIES_MS = (1, 10, 100)
STREAM_S = 1.0
MESSAGES = 20  # of the stream
PROBES, PROBE_BYTES = 100, 64
FRAME_OVERHEAD = 66  # of a segment without options but time stamps: Ethernet 14, IP 20, TCP 32
SEGMENT = 1448


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))]


def flows(rate, kind):
    if kind == "stream":
        size = int(rate * 1e6 / 8 * STREAM_S / MESSAGES)
        return [{"bytes": f"{size}B"} for _ in range(MESSAGES)]
    apart_ms = 7.3  # no divisor of any latency: nothing else happens when one arrives
    return [{"bytes": f"{PROBE_BYTES}B", "start": f"{apart_ms * (i + 1)}ms"} for i in range(PROBES)]


def run(program, rate, latency, kind, folder):
    """When each message had arrived, in seconds, and the record of how late they were."""
    scenario = {
        "mode": "emulated",
        "topology": {"kind": "mesh", "nodes": 2, "bandwidth": f"{rate}Mbit/s", "latency": f"{latency}ms"},
        "network": {"kind": "queued"},
        "workload": {"kind": "traffic", "flows": [{"from": 0, "to": 1, **flow} for flow in flows(rate, kind)]},
    }
    path, out = folder / "scenario.yaml", folder / kind
    path.write_text(json.dumps(scenario))
    subprocess.run([program, "run", path, "--quiet", "--out", out], check=True, stderr=subprocess.DEVNULL)
    records = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    unit = json.loads((out / "checkpoints/unit-0000-00.json").read_text())
    return [r["value"] for r in records if r["name"] == "finish_s"], unit["emulation"]["lateness"]


def emulated(program, rate, latency):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        done, _ = run(program, rate, latency, "stream", folder)
        _, late = run(program, rate, latency, "probes", folder)
    payload = sum(int(flow["bytes"][:-1]) for flow in flows(rate, "stream"))
    goodput = 8e-6 * payload / (max(done) - latency * 1e-3)
    return goodput, quantile_us(late, 0.5), quantile_us(late, 0.99)


# The kernel's side: one process each in two namespaces.


class Namespaces:
    """A pair of virtual Ethernet devices, one end of which sends at a rate; gone afterwards."""

    def __init__(self, rate):
        self.names = [f"understudy-{os.getpid()}-{end}" for end in "ab"]
        self.rate = rate

    def __enter__(self):
        try:
            for name in self.names:
                self.ip("netns", "add", name)
            self.ip("-n", self.names[0], "link", "add", "u0", "type", "veth", "peer", "name", "u1",
                    "netns", self.names[1])
            for end, name in enumerate(self.names):
                self.ip("-n", name, "address", "add", f"10.77.0.{end + 1}/24", "dev", f"u{end}")
                self.ip("-n", name, "link", "set", f"u{end}", "up")
            burst = max(16_000, int(self.rate * 1e6 / 8 / 250))  # what leaves in a tick of 4 ms
            subprocess.run(["tc", "-n", self.names[0], "qdisc", "add", "dev", "u0", "root", "tbf", "rate",
                            f"{self.rate}mbit", "burst", str(burst), "latency", "500ms"], check=True)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], stderr=subprocess.DEVNULL)

    @staticmethod
    def ip(*words):
        subprocess.run(["ip", *words], check=True)

    def python(self, end, *words):
        return subprocess.Popen(["ip", "netns", "exec", self.names[end], sys.executable, __file__, *map(str, words)],
                                stdout=subprocess.PIPE, text=True)


def receive_whole(connection, size):
    data = bytearray()
    while len(data) < size:
        part = connection.recv(min(1 << 20, size - len(data)))
        if not part:
            break
        data += part
    return bytes(data)


def serve(kind, size):
    """Prints goodput in Mbit/s over all but the first tenth; or microseconds, one way, of each probe."""
    with socket.create_server(("10.77.0.2", 7700)) as listener:
        print("ready", flush=True)
        connection, _ = listener.accept()
        if kind == "stream":
            receive_whole(connection, size // 10)  # the bucket's burst
            begin = time.monotonic()
            left = len(receive_whole(connection, size - size // 10))
            print(8e-6 * left / (time.monotonic() - begin))
        else:
            for _ in range(size):
                probe = receive_whole(connection, PROBE_BYTES)
                print(1e6 * (time.monotonic() - struct.unpack("d", probe[:8])[0]))


def call(kind, size):
    connection = socket.create_connection(("10.77.0.2", 7700))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if kind == "stream":
        connection.sendall(bytes(size))
        return
    begin = time.monotonic()
    for i in range(size):
        time.sleep(max(0.0, begin + 0.0073 * (i + 1) - time.monotonic()))
        connection.sendall(struct.pack("d", time.monotonic()) + bytes(PROBE_BYTES - 8))


def through_kernel(rate):
    with Namespaces(rate) as pair:
        results = []
        for kind, size in (("stream", int(rate * 1e6 / 8 * 2 * STREAM_S)), ("probes", PROBES)):
            server = pair.python(1, "--serve", kind, size)
            server.stdout.readline()
            client = pair.python(0, "--call", kind, size)
            results.append([float(line) for line in server.communicate()[0].split()])
            client.communicate()
    goodput = results[0][0] * (SEGMENT + FRAME_OVERHEAD) / SEGMENT
    late = results[1]  # all of it: a full bucket lets a small one through at once
    return results[0][0], goodput, quantile(late, 0.5), quantile(late, 0.99)


def table_of_emulated(program):
    print("| rate | latency | goodput | of the rate | added latency p50 | p99 |")
    print("|---|---|---|---|---|---|")
    shares, p50s, p99s = [], [], []
    for rate in RATES_MBIT:
        for latency in LATENCIES_MS:
            goodput, p50, p99 = emulated(program, rate, latency)
            shares.append(goodput / rate)
            p50s.append(p50)
            p99s.append(p99)
            print(f"| {rate} Mbit/s | {latency} ms | {goodput:.4g} Mbit/s | {100 * goodput / rate:.2f} %"
                  f" | {p50:.0f} us | {p99:.0f} us |", flush=True)
    print(f"\nLeast share of the rate {100 * min(shares):.2f} %; added latency at most {max(p50s):.0f} us in the"
          f" median of a link, {max(p99s):.0f} us in its worst hundredth; medians {statistics.median(p50s):.0f} and"
          f" {statistics.median(p99s):.0f} us.\n")


def table_of_kernel():
    print("| rate | goodput | of the rate, headers counted | one way p50 | p99 |")
    print("|---|---|---|---|---|")
    for rate in RATES_MBIT:
        payload, wire, p50, p99 = through_kernel(rate)
        print(f"| {rate} Mbit/s | {payload:.4g} Mbit/s | {100 * wire / rate:.2f} % | {p50:.0f} us | {p99:.0f} us |",
              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?")
    parser.add_argument("--no-kernel", action="store_true")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--call", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        return serve(options.serve[0], int(options.serve[1]))
    if options.call:
        return call(options.call[0], int(options.call[1]))
    table_of_emulated(options.program)
    if not options.no_kernel and os.geteuid() == 0:
        table_of_kernel()


if __name__ == "__main__":
    main()
