"""A stand-in for training: its loss falls towards a value that depends on lr and decay, with noise."""
import argparse
import json
import math
import os
import random

options = argparse.ArgumentParser()
options.add_argument("--lr", type=float)
options.add_argument("--decay", type=float)
options.add_argument("--steps", type=int, default=10)
chosen = options.parse_args()

noise = random.Random(int(os.environ.get("NEXUS_SEED", "0")))
floor = (math.log10(chosen.lr) + 1) ** 2 + (chosen.decay - 0.1) ** 2 + noise.gauss(0, 0.05)
for step in range(1, chosen.steps + 1):
    print(json.dumps({"iters": step, "loss": floor + math.exp(-10 * chosen.lr * step)}), flush=True)
