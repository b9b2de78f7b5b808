"""PyTorch on the workload of training.ts: the same network, the same update rule, one thread.

Reads lines "variant embed units out seqlen milliseconds" and answers each with milliseconds of CPU time per iteration of one window.
`eager` computes every step once, as acting needs it, and keeps the graph for the update. `replay` acts without a graph and
then runs the window again at once, with nn.GRU over its steps.
"""

import sys
import time

import torch
from torch import nn

torch.set_num_threads(1)
OBSERVATION, ACTIONS = 60, 5


class Model(nn.Module):
    def __init__(self, embed, units, out):
        super().__init__()
        self.embedding = nn.Linear(OBSERVATION, embed)
        self.gru = nn.GRU(embed, units)
        self.hidden = nn.Linear(units, 2 * out)
        self.policy = nn.Linear(out, ACTIONS)
        self.value = nn.Linear(out, 1)
        self.out = out
        nn.init.zeros_(self.policy.weight)

    def forward(self, observations, h):
        """observations: steps x 1 x 60; returns steps x 1 x 5 logits, steps x 1 values, and the next h."""
        y, h = self.gru(self.embedding(observations), h)
        hidden = torch.relu(self.hidden(y))
        return self.policy(hidden[..., : self.out]), self.value(hidden[..., self.out :]).squeeze(-1), h


class Learner:
    def __init__(self, variant, embed, units, out, seqlen):
        self.replay = variant == "replay"
        self.seqlen = seqlen
        self.model = Model(embed, units, out)
        self.adam = torch.optim.Adam(self.model.parameters(), lr=4e-4, eps=1e-8, fused=True)
        self.h = torch.zeros(1, 1, units)
        self.observations = torch.randn(64, 1, 1, OBSERVATION)
        self.iteration = 0

    def window(self):
        """seqlen steps and their update: A2C with bootstrap, entropy bonus, clipping on the global norm, Adam."""
        first = self.iteration
        start = self.h.detach()
        h, logits, values, actions, rewards = start, [], [], [], []
        with torch.set_grad_enabled(not self.replay):
            for _ in range(self.seqlen):
                l, v, h = self.model(self.observations[self.iteration % 64], h)
                p = torch.softmax(l[0, 0].detach(), 0)
                actions.append(torch.multinomial(p, 1).item())
                logits.append(l[0, 0])
                values.append(v[0, 0])
                self.iteration += 1
                rewards.append(8.0 if self.iteration % 20 == 0 else 0.0)
        with torch.no_grad():
            future = self.model(self.observations[self.iteration % 64], h)[1].item()
        if self.replay:
            rows = torch.cat([self.observations[i % 64] for i in range(first, self.iteration)])
            l, v, h = self.model(rows, start)
            logits, values = l[:, 0], v[:, 0]
        else:
            logits, values = torch.stack(logits), torch.stack(values)
        returns = []
        for reward in reversed(rewards):
            future = reward + 0.9 * future
            returns.insert(0, future)
        returns = torch.tensor(returns)
        advantages = returns - values.detach()
        log_pi = torch.log_softmax(logits, 1)
        entropy = -(log_pi.exp() * log_pi).sum()
        chosen = log_pi.gather(1, torch.tensor(actions)[:, None])[:, 0]
        loss = -(advantages * chosen).sum() + 0.5 * (returns - values).square().sum() - 0.05 * entropy
        self.adam.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 256)
        self.adam.step()
        self.h = h.detach()


def main():
    print(torch.__version__, torch.get_num_threads(), flush=True)
    learners = {}
    for line in sys.stdin:
        variant, *numbers = line.split()
        embed, units, out, seqlen, milliseconds = map(int, numbers)
        key = (variant, embed, units, out, seqlen)
        if key not in learners:
            learners.clear() if len(learners) > 2 else None
            learners[key] = Learner(*key)
        learner, iterations, started = learners[key], 0, time.process_time()
        while (time.process_time() - started) * 1000 < milliseconds:
            learner.window()
            iterations += seqlen
        print((time.process_time() - started) * 1000 / iterations, flush=True)


main()
