"""For Hugging Face's Trainer: ``Trainer(..., callbacks=[NexusCallback()])`` reports, resumes and stops as asked."""

from __future__ import annotations

import re
from typing import Any

from nexus_swarm import _run

try:
    from transformers import TrainerCallback
except ImportError as error:
    raise ImportError(
        f"nexus_swarm.transformers needs Hugging Face's transformers ({error}); type: pip install transformers accelerate"
    ) from error


class NexusCallback(TrainerCallback):
    """Reports what the Trainer logs: ``loss``, ``eval_loss``, ``eval_accuracy``, ``learning_rate`` and so on.

    ::

        callback = NexusCallback()
        args = TrainingArguments(callback.output_dir, save_strategy="epoch", save_total_limit=1, report_to="none")
        trainer = Trainer(model, args, ..., callbacks=[callback])
        trainer.train(resume_from_checkpoint=callback.resume_path)

    ``iters`` counts optimiser steps; what was logged at the same step is one report. If the search prunes the run, or its machine is
    needed, the training ends after the step; in the latter case it saves itself first. For that the stage must say
    ``asks_should_stop: true``.
    """

    def __init__(self) -> None:
        self._held: dict[str, float] = {}
        self._step = 0
        self._sent = 0
        self._is_over = False

    @property
    def output_dir(self) -> str:
        """Where the Trainer should save: ``checkpoint_dir``, whose content survives the loss of a machine."""
        return str(_run.checkpoint_dir())

    @property
    def resume_path(self) -> str | None:
        """For ``train(resume_from_checkpoint=...)``: an earlier attempt's newest whole checkpoint, or None."""
        if _run.resume() == 0:
            return None
        # The Trainer writes its state last; a folder without it is unfinished.
        whole = [path.parent for path in _run.checkpoint_dir().glob("checkpoint-*/trainer_state.json")]
        numbered = [(int(found[1]), path) for path in whole if (found := re.fullmatch(r"checkpoint-(\d+)", path.name))]
        return str(max(numbered)[1]) if numbered else None

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        if state.global_step != self._step:
            self._send(state)
        self._step = state.global_step
        self._held.update(_run.numbers(logs or {}))
        if self._is_over:
            # evaluate() after train(): nothing comes after it.
            self._send(state)

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._is_over = False

    # What a step logs comes in parts: its loss, then each data set that is evaluated. It is whole when the next step begins.
    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._send(state)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._send(state)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._send(state)
        self._is_over = True

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if _run.should_stop():
            control.should_training_stop = True
            control.should_save = control.should_save or _run.must_leave()

    def _send(self, state: Any) -> None:
        held, self._held = self._held, {}
        if held and self._step > 0 and state.is_world_process_zero:
            # Values logged after their step's report, such as the final train_loss, count one step later: none is lost.
            self._sent = max(self._step, self._sent + 1)
            _run.report(iters=self._sent, **held)
