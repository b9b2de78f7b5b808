"""A perceptron on made-up data: the script of somebody who has never heard of Nexus."""

import argparse
import random

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--learning-rate", type=float, default=0.1)
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("--shuffle", action="store_true", help="take the examples in a new order each epoch")
args = parser.parse_args()

source = random.Random(3)
truth = [source.gauss(0, 1) for _ in range(12)]


def examples(count):
    rows = [[source.gauss(0, 1) for _ in truth] for _ in range(count)]
    # One label in ten is wrong.
    return [(row, (sum(w * x for w, x in zip(truth, row)) > 0) != (source.random() < 0.1)) for row in rows]


train, test = examples(300), examples(300)
weights = [random.gauss(0, 1) for _ in truth]
print(f"training on {len(train)} examples")
for epoch in range(1, args.epochs + 1):
    if args.shuffle:
        random.shuffle(train)
    for row, label in train:
        guess = sum(w * x for w, x in zip(weights, row)) > 0
        if guess != label:
            sign = 1 if label else -1
            weights = [w + sign * args.learning_rate * x for w, x in zip(weights, row)]
    right = sum((sum(w * x for w, x in zip(weights, row)) > 0) == label for row, label in test)
    print(f"epoch {epoch}/{args.epochs}  accuracy: {100 * right / len(test):.2f}%")
