#!/usr/bin/env python3
"""Writes lte_like.up, a made-up trace of an LTE uplink in Mahimahi's format: each line is the millisecond of an
opportunity to send 1,500 bytes. The rate follows a mean-reverting walk around 6 Mbit/s, changed every 50 ms, with
a handover of 300 ms in which nothing is sent.

    python3 lte_like.py > lte_like.up
"""
import math
import random

SECONDS = 8
MEAN_BIT_S = 6e6
HANDOVER_MS = range(5_000, 5_300)

draws = random.Random(1)
level = 0.0  # of the rate's logarithm, around its mean
credit = 0.0
for ms in range(1, 1_000 * SECONDS + 1):
    if ms % 50 == 1:
        level = 0.9 * level + 0.25 * draws.gauss(0, 1)
    if ms in HANDOVER_MS:
        continue
    credit += MEAN_BIT_S * math.exp(level) / 1e3 / 12_000
    while credit >= 1:
        print(ms)
        credit -= 1
