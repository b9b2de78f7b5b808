"""For Keras 3: ``model.fit(..., callbacks=[callback])`` reports, saves, resumes and stops as a search asks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from nexus_swarm import _run

try:
    from keras.callbacks import Callback
except ImportError as error:
    raise ImportError(f"nexus_swarm.keras needs Keras 3 and one of its backends ({error}); type: pip install keras") from error


class NexusCallback(Callback):
    """Reports what Keras logs, and saves weights and optimiser, after each epoch.

    ::

        callback = NexusCallback()
        model.compile(...)
        model.fit(x, y, epochs=50, initial_epoch=callback.restore(model), callbacks=[callback])

    ``iters`` counts epochs; names are Keras' (``loss``, ``val_loss``, ``val_accuracy``). In a run the model is saved after each report,
    in ``checkpoint_dir``. If the search prunes the run, or its machine is needed, the training ends at the next batch;
    for that the stage must say ``asks_should_stop: true``.
    """

    def __init__(self) -> None:
        super().__init__()
        self._is_broken_off = False

    def restore(self, model: Any) -> int:
        """Puts what an earlier attempt saved into a model that is built and compiled.

        Returns:
            The number of epochs that are done, for ``initial_epoch``; 0 if nothing was saved.

        Raises:
            ValueError: from Keras, if the saved weights do not fit the model, as when it was built differently before.
            AttributeError: the model is not compiled.
        """
        saved = max(_saved(), default=None) if _run.resume() > 0 else None
        if saved is None:
            return 0
        # Only a built optimiser has variables into which its saved state can be loaded.
        model.optimizer.build(model.trainable_variables)
        model.load_weights(saved[1])
        return saved[0]

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if _run.should_stop():
            self.model.stop_training = True
            steps = (self.params or {}).get("steps")
            self._is_broken_off = steps is None or batch + 1 < steps

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self._is_broken_off:
            return
        _run.report(iters=epoch + 1, **_run.numbers(logs or {}))
        if _run.in_run():
            # The epoch is part of the name, so that weights and epoch are replaced together.
            older = _saved()
            with _run.replacing(f"epoch-{epoch + 1}.weights.h5") as path:
                self.model.save_weights(path)
            for each in older:
                if each[0] != epoch + 1:
                    each[1].unlink()
        if _run.should_stop():
            self.model.stop_training = True


def _saved() -> list[tuple[int, Path]]:
    found = [(re.fullmatch(r"epoch-(\d+)\.weights\.h5", path.name), path) for path in _run.checkpoint_dir().iterdir()]
    return [(int(match[1]), path) for match, path in found if match]
