"""For PyTorch Lightning: ``Trainer(callbacks=[NexusCallback()])`` reports, saves, resumes and stops as a search asks.

Needs the package ``lightning``, or ``pytorch_lightning``; whichever the script has imported is used.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from nexus_swarm import _run


def _lightning() -> Any:
    names = ("lightning.pytorch", "pytorch_lightning")
    loaded = [name for name in names if name in sys.modules]
    for name in loaded or names:
        try:
            __import__(name)
        except ImportError:
            continue
        return sys.modules[name]
    raise ImportError("nexus_swarm.lightning needs PyTorch Lightning, which is not installed; type: pip install lightning")


class NexusCallback(_lightning().Callback):
    """Reports what the module has logged, and saves the training, after each epoch.

    ::

        callback = NexusCallback()
        trainer = Trainer(callbacks=[callback], enable_checkpointing=False)
        trainer.fit(model, data, ckpt_path=callback.resume_path)

    Reports have the names of ``self.log`` (``val/loss`` becomes ``val_loss``). ``iters`` counts epochs. In a run the training is saved
    after each report, in ``checkpoint_dir``, as Lightning saves it. If the search prunes the run, or its machine is needed, the training
    ends at the next batch; for that the stage must say ``asks_should_stop: true``.

    Args:
        count: ``epochs``; or ``steps``: then ``iters`` counts optimiser steps, and each validation within an epoch
            (``val_check_interval``) is reported and saved too.

    Raises:
        ValueError: ``count`` is something else.
    """

    _name = "lightning.ckpt"

    def __init__(self, count: str = "epochs") -> None:
        if count not in ("epochs", "steps"):
            raise ValueError(f"count: expected 'epochs' or 'steps', found {count!r}")
        self._count = count
        self._reported = 0
        self._is_broken_off = False

    @property
    def resume_path(self) -> str | None:
        """For ``Trainer.fit(ckpt_path=...)``: the training that an earlier attempt saved; None without one."""
        path = _run.checkpoint_dir() / self._name if _run.resume() > 0 else None
        return str(path) if path is not None and path.exists() else None

    def on_validation_end(self, trainer: Any, module: Any) -> None:
        if self._count == "steps" and not trainer.sanity_checking and not self._is_broken_off:
            self._record(trainer, trainer.global_step)

    def on_train_batch_end(self, trainer: Any, module: Any, *_: Any) -> None:
        # With several processes none may stop alone, and asking all of them at each batch would take longer than some batches.
        if trainer.world_size == 1 and _run.should_stop():
            self._is_broken_off = not trainer.is_last_batch
            trainer.should_stop = True

    def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
        if not self._is_broken_off:
            self._record(trainer, trainer.current_epoch + 1 if self._count == "epochs" else trainer.global_step)
        if trainer.strategy.reduce_boolean_decision(_run.should_stop(), all=False):
            trainer.should_stop = True

    def _record(self, trainer: Any, iters: int) -> None:
        found = _run.numbers(trainer.callback_metrics)
        if iters > self._reported and found:
            self._reported = iters
            if trainer.is_global_zero:
                _run.report(iters=iters, **found)
        if _run.in_run():
            self._save(trainer)

    def _save(self, trainer: Any) -> None:
        target = _run.checkpoint_dir() / self._name
        half = target.with_name(f".new.{self._name}")
        # Every process takes part; some strategies write a folder.
        trainer.save_checkpoint(half, weights_only=False)
        if trainer.is_global_zero:
            _put(half, target)


def _put(half: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    os.replace(half, target)
