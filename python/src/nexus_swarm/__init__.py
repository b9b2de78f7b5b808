"""Nexus Swarm from Python: what a run is given, what it reports, and searches to start and look at.

In a training script::

    import nexus_swarm as nexus

    p = nexus.params(lr=0.1, layers=2)          # the run's settings; at a desk these, or --lr 0.3 of the command line
    for epoch in range(nexus.resume, 100):
        loss = train(p.lr, p.layers)
        nexus.report(iters=epoch + 1, loss=loss)
        if nexus.should_stop():
            break

Outside of a run::

    job = nexus.submit("search.yaml")
    nexus.wait(job)
    print(nexus.best(job), nexus.runs(job))

A script can also do without this package: the protocol is JSON lines on standard output, environment variables and
files (docs/own-code.md).
"""

from __future__ import annotations

from nexus_swarm import _run
from nexus_swarm._run import Params, params, replacing, report, should_stop
from nexus_swarm._swarm import NexusError, best, runs, submit, wait

try:
    from nexus_swarm._version import __version__
except ImportError:  # a checkout that has not made its wheel
    __version__ = "0"

__all__ = [
    "NexusError",
    "Params",
    "best",
    "checkpoint_dir",
    "in_run",
    "params",
    "replacing",
    "report",
    "resume",
    "runs",
    "seed",
    "should_stop",
    "submit",
    "wait",
]

#: Whether this process is a run of a search.
in_run: bool
#: ``iters`` of the newest report that was kept from an earlier attempt at this run; 0 if the run begins.
resume: int
#: A seed: the same in every attempt at this run, different between runs; 0 at a desk.
seed: int
#: Folder (``pathlib.Path``) that is saved at each checkpoint. At the start it holds what an earlier attempt left there.
#: At a desk: ``checkpoints`` in the working folder. Reading this makes the folder if it is missing.
checkpoint_dir: object


def __getattr__(name: str) -> object:
    # Looked up on demand, so that at a desk no folder is made before a script wants one.
    if name in ("in_run", "resume", "seed", "checkpoint_dir"):
        return getattr(_run, name)()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
