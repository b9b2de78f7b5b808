"""Classifies the digits that scikit-learn brings along. At a desk: python3 train.py --lr 0.01"""

import nexus_swarm as nexus
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

p = nexus.params(lr=0.001, units=32, alpha=0.0001, epochs=20)
images, digits = load_digits(return_X_y=True)
# The same split in every run, so that runs are compared by their settings, not by luck with the test data.
train_x, test_x, train_y, test_y = train_test_split(images / 16, digits, test_size=0.3, random_state=0)
net = MLPClassifier((p.units,), learning_rate_init=p.lr, alpha=p.alpha, random_state=nexus.seed % 2**32)

for epoch in range(1, p.epochs + 1):
    net.partial_fit(train_x, train_y, classes=range(10))
    nexus.report(iters=epoch, accuracy=net.score(test_x, test_y))
    if nexus.should_stop():
        break
