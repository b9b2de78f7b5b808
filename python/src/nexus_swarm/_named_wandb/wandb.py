"""What ``import wandb`` finds in processes that a script run by ``python -m nexus_swarm.wandb`` spawns with ``multiprocessing``."""

import sys

from nexus_swarm import wandb

sys.modules[__name__] = wandb
