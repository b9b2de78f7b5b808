"""Ridge regression by gradient descent on made-up data: a program that knows nothing of Nexus but how to print its results.

It resumes from its own file after its machine was lost: NEXUS_RESUME is above 0 then, and the file is in the folder
NEXUS_STATE.
"""
import argparse
import json
import os
import random

options = argparse.ArgumentParser()
options.add_argument("--lr", type=float, default=0.1)
options.add_argument("--decay", type=float, default=0.0)
options.add_argument("--steps", type=int, default=200)
chosen = options.parse_args()

data = random.Random(1)
truth = [data.gauss(0, 1) for _ in range(20)]
noise = random.Random(int(os.environ.get("NEXUS_SEED", "0")))
points = [[data.gauss(0, 1) for _ in truth] for _ in range(60)]
values = [sum(a * b for a, b in zip(truth, x)) + noise.gauss(0, 1) for x in points]
train, test = range(0, 40), range(40, 60)


def loss(weights, rows):
    errors = [sum(a * b for a, b in zip(weights, points[i])) - values[i] for i in rows]
    return sum(error * error for error in errors) / len(errors)


state = os.path.join(os.environ.get("NEXUS_STATE", "."), "weights.json")
weights, step = [0.0] * len(truth), 0
if int(os.environ.get("NEXUS_RESUME", "0")) > 0 and os.path.exists(state):
    with open(state) as saved:
        weights, step = json.load(saved)
    print(f"going on after step {step}")

while step < chosen.steps:
    step += 1
    slope = [2 * chosen.decay * w for w in weights]
    for i in train:
        error = sum(a * b for a, b in zip(weights, points[i])) - values[i]
        slope = [s + 2 * error * x / len(train) for s, x in zip(slope, points[i])]
    weights = [w - chosen.lr * s for w, s in zip(weights, slope)]
    if step % 20 == 0:
        # First the report, then the state: a run that resumes from the state has reported everything up to it.
        print(json.dumps({"iters": step, "loss": loss(weights, test), "train_loss": loss(weights, train)}), flush=True)
        with open(f"{state}.new", "w") as saved:
            json.dump([weights, step], saved)
        os.replace(f"{state}.new", state)
