"""What ``import wandb`` finds in a script that ``python -m nexus_swarm.wandb`` runs, and in the processes that it spawns."""

import sys

from nexus_swarm import wandb

sys.modules[__name__] = wandb
