"""Tells two spirals apart. At a desk: python3 train.py --lr 0.03; it leaves its state in the folder checkpoints."""

import math

import nexus_swarm as nexus
import torch
from torch import nn

p = nexus.params(lr=0.01, units=16, optimiser="Adam", epochs=60)
torch.manual_seed(nexus.seed)


def spirals(points: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Points (points x 2) and which spiral each is of (points x 1)."""
    made = torch.Generator().manual_seed(seed)
    turn = torch.rand(points, generator=made).sqrt() * 2 * math.pi
    side = (torch.arange(points) % 2).float()
    angle = turn + side * math.pi
    noise = torch.randn(points, 2, generator=made) * 0.1
    return torch.stack([angle.cos(), angle.sin()], 1) * turn[:, None] / math.pi + noise, side[:, None]


train_x, train_y = spirals(600, seed=1)
test_x, test_y = spirals(400, seed=2)
net = nn.Sequential(nn.Linear(2, p.units), nn.Tanh(), nn.Linear(p.units, p.units), nn.Tanh(), nn.Linear(p.units, 1))
optimiser = getattr(torch.optim, p.optimiser)(net.parameters(), lr=p.lr)
score = nn.BCEWithLogitsLoss()

saved = nexus.checkpoint_dir / "state.pt"
first = 1
# An interrupted training resumes, also at a desk. In a run the file is there only if an earlier attempt saved it.
if saved.exists():
    state = torch.load(saved, weights_only=True)
    net.load_state_dict(state["net"])
    optimiser.load_state_dict(state["optimiser"])
    torch.set_rng_state(state["random"])
    first = state["epoch"] + 1
    print(f"going on with epoch {first}")

for epoch in range(first, p.epochs + 1):
    for batch in torch.randperm(len(train_x)).split(50):
        optimiser.zero_grad()
        score(net(train_x[batch]), train_y[batch]).backward()
        optimiser.step()
    with torch.no_grad():
        answers = net(test_x)
        accuracy = ((answers > 0) == (test_y > 0.5)).float().mean()
    # First the report, then the state: a run that resumes from the state has reported everything up to it.
    nexus.report(iters=epoch, loss=score(answers, test_y), accuracy=accuracy)
    with nexus.replacing("state.pt") as path:
        state = {"net": net.state_dict(), "optimiser": optimiser.state_dict(), "random": torch.get_rng_state(), "epoch": epoch}
        torch.save(state, path)
    if nexus.should_stop():
        break
