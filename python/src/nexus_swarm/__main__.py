"""``python -m nexus_swarm`` is ``nexus``, for where no folder of scripts is on PATH."""

from nexus_swarm._launch import nexus

nexus()
