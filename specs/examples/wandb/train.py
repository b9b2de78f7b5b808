"""Logistic regression on made-up data, logged to Weights & Biases: a script of a sweep as people write them. It names no Nexus."""

import math
import random

import wandb

sweep_configuration = {
    "method": "bayes",
    "metric": {"name": "val_loss", "goal": "minimize"},
    "parameters": {
        "learning_rate": {"distribution": "log_uniform_values", "min": 0.001, "max": 1.0},
        "momentum": {"values": [0, 0.5, 0.9, 0.95]},
        "epochs": {"value": 15},
    },
}


def make_data(count, seed):
    source = random.Random(seed)
    truth = [1.5, -2.0, 0.7, 0.0, 0.3]
    rows = [[source.gauss(0, 1) for _ in truth] for _ in range(count)]
    labels = [int(source.random() < 1 / (1 + math.exp(-sum(w * x for w, x in zip(truth, row))))) for row in rows]
    return list(zip(rows, labels))


def mean_loss(weights, data):
    total = 0.0
    for row, label in data:
        logit = sum(w * x for w, x in zip(weights, row))
        total += max(logit, 0) - logit * label + math.log1p(math.exp(-abs(logit)))
    return total / len(data)


def main():
    with wandb.init(project="logistic") as run:
        config = run.config
        train, test = make_data(200, seed=1), make_data(200, seed=2)
        weights, speed = [0.0] * 5, [0.0] * 5
        for epoch in range(config.epochs):
            for row, label in train:
                chance = 1 / (1 + math.exp(-max(-50.0, min(50.0, sum(w * x for w, x in zip(weights, row))))))
                speed = [config.momentum * v - config.learning_rate * (chance - label) * x for v, x in zip(speed, row)]
                weights = [w + v for w, v in zip(weights, speed)]
            run.log({"epoch": epoch, "loss": mean_loss(weights, train), "val_loss": mean_loss(weights, test)})
        run.summary["weights"] = weights


if __name__ == "__main__":
    sweep_id = wandb.sweep(sweep=sweep_configuration, project="logistic")
    wandb.agent(sweep_id, function=main, count=20)
