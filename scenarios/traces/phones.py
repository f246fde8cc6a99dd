#!/usr/bin/env python3
"""Writes phones.csv: when 40 made-up phones are idle, charging and on Wi-Fi, in a day that repeats.

Synthetic, of nobody's phones. Each phone charges for a night, from about 22:30 on for about 7.5 hours, and half of
them also for some 40 minutes in the day, as studies of federated learning describe it (Bonawitz et al., "Towards
federated learning at scale", 2019, section 9: more clients at night). Hours are squeezed to 2.5 s, a day to 60 s.
"""
import random

PHONES, HOUR_S, DAY_H, SEED = 40, 2.5, 24, 20261129

draw = random.Random(SEED)
lines = []
for phone in range(PHONES):
    begin = draw.gauss(22.5, 1.0) % DAY_H
    stretches = [(begin, begin + max(3.0, draw.gauss(7.5, 1.0)))]
    if draw.random() < 0.5:
        noon = draw.uniform(9.5, 19.0)
        stretches.append((noon, noon + draw.uniform(0.4, 1.0)))
    split = []
    for on, off in stretches:
        split += [(on, off)] if off <= DAY_H else [(on, DAY_H), (0.0, off - DAY_H)]
    for on, off in sorted(split):
        lines.append(f"{phone},{on * HOUR_S:.3f},{off * HOUR_S:.3f}")
with open(__file__.replace(".py", ".csv"), "w") as file:
    file.write("client,on_s,off_s\n" + "\n".join(lines) + "\n")
