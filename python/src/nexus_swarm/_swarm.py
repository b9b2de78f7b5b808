"""Outside of a run: start a search, wait for it, look at what it found. Each call is one `nexus` command with --json."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nexus_swarm import _function, _run

#: Words of `nexus list jobs` for a job that has ended; held: its runs' folders are kept until `nexus release`.
_OVER = ("completed", "cancelled", "held")


class NexusError(RuntimeError):
    """A command of ours failed; the text says what was found, what was expected and what to type."""


def submit(
    search: str | os.PathLike[str] | Callable[..., Any],
    space: Mapping[str, Any] | None = None,
    *,
    workspace: str | None = None,
    total_runs: int | None = None,
    metric: str | None = None,
    goal: str | None = None,
    settings: Mapping[str, Any] | None = None,
    replacements: Mapping[str, Any] | None = None,
) -> str:
    """Starts a search on the swarm; what ``nexus run`` says of the spec (warnings, what to type next) goes to standard error.

    Args:
        search: a runspec's file; or a function with a parameter for each hyperparameter. It returns a number, or a mapping with
            the metric, or yields one after the other as it trains. Its module goes to the workers, which need what it imports.
        space: only for a function: for each parameter a list of values, or ``(from, to)``, or ``(from, to, "log")``.
            ``(0, 1)`` is a range of whole numbers, ``(0.0, 1.0)`` of any.
        workspace: default: ``$NEXUS_WORKSPACE``, or ws1.
        total_runs: only for a function: how many runs the search has (60).
        metric: only for a function: what a number that it returns is called (``value``).
        goal: only for a function: ``maximize`` (the default) or ``minimize``.
        settings: only for a function: further lines of the spec's ``job_launcher``, such as ``{"hp_tuning": "bayesian"}``;
            not ``code``, which is the function's module alone.
        replacements: only for a file: text for each ``<name>`` in it.

    Returns:
        The job's name: ``job7``.

    Raises:
        NexusError: no coordinator answers, the spec cannot be used or has ``enabled: 0``, or this is a run of a search itself.
        TypeError: the function cannot be sent, or an argument is only for the other kind of search.
    """
    if _run.in_run():
        # Each run would start a search, whose runs would do so again.
        raise NexusError(
            "submit(): this is a run of a search, which starts none; workers import the module of the function, so put what starts "
            'the search below: if __name__ == "__main__":'
        )
    if not callable(search):
        of_function = {"space": space, "total_runs": total_runs, "metric": metric, "goal": goal, "settings": settings}
        unfit = [name for name, value in of_function.items() if value not in (None, {})]
        if unfit:
            raise TypeError(f"submit(): {', '.join(unfit)}: only for a function; {os.fspath(search)} has its own")
        words = [f"--{name}={value}" for name, value in (replacements or {}).items()]
        return _launch(os.fspath(search), words, workspace)
    if replacements:
        raise TypeError("submit(): replacements: only for a file; what a function gets stands in space")
    with tempfile.TemporaryDirectory(prefix="nexus-") as folder:
        spec = _function.write_spec(
            Path(folder),
            search,
            space or {},
            total_runs=60 if total_runs is None else total_runs,
            metric="value" if metric is None else metric,
            goal="maximize" if goal is None else goal,
            settings=settings or {},
        )
        return _launch(str(spec), [], workspace)


def wait(job: str, *, workspace: str | None = None, every: float = 2.0, timeout: float | None = None) -> dict[str, Any]:
    """Waits until a job has ended. Says on standard error when it becomes paused, and why: then it goes on only after ``nexus resume``.

    Args:
        job: its name.
        every: seconds between two looks.
        timeout: seconds; None: as long as it takes.

    Returns:
        The job as ``nexus list jobs --json`` has it: ``status``, ``ended``, ``total``, ``hpmax`` (and ``lowest``, under ``goal: minimize``), ``reason``
        and more.

    Raises:
        NexusError: there is no such job.
        TimeoutError: the job has not ended after ``timeout``.
    """
    limit = None if timeout is None else time.monotonic() + timeout
    was_paused = False
    while True:
        found = next((each for each in _lines(["list", "jobs"], workspace) if each.get("job") == job), None)
        if found is None:
            raise NexusError(f"there is no {job}; to see all: nexus list jobs")
        if found["status"] in _OVER:
            return found
        is_paused = found["status"] == "paused"
        if is_paused and not was_paused:
            print(f"{job} is paused: {found.get('reason') or f'nexus resume {job} lets it go on'}", file=sys.stderr)
        was_paused = is_paused
        if limit is not None and time.monotonic() > limit:
            raise TimeoutError(f"{job} goes on: {found['ended']} of {found['total']} runs have ended")
        time.sleep(every)


def runs(job: str, *, workspace: str | None = None, frame: bool | None = None) -> Any:
    """All runs of a job.

    Args:
        job: its name.
        frame: True: a ``pandas.DataFrame``; False: a list of dicts; None: a frame if pandas is installed.

    Returns:
        A row for each run: ``run``, ``status``, ``iters``, a column ``metrics.NAME`` for each metric (``metrics.hpmax`` is what the
        search maximises; under ``goal: minimize`` ``metrics.loss``, or whatever its name, is what it minimises) and ``hparams.NAME``
        for each hyperparameter. What was not measured is None; in a frame, whose ``iters`` and metrics are float64, NaN.
    """
    listed = _lines(["list", "runs", job, "--all"], workspace)
    # Without the parent runs (run1), each of which is a worker's part in the job.
    rows = [_flat(each) for each in listed if each.get("type") == "run" and "." in each["run"]]
    if frame is False:
        return rows
    try:
        import pandas
    except ImportError:
        if frame:
            raise
        return rows
    table = pandas.DataFrame(rows, columns=None if rows else ["workspace", "job", "target", "run", "status", "iters", "metrics.hpmax"])
    # A metric that no run has measured yet would be a column of None, which arithmetic rejects.
    return table.astype({name: "float64" for name in table.columns if name == "iters" or name.startswith("metrics.")})


def best(job: str, *, workspace: str | None = None) -> dict[str, Any]:
    """The best configuration of a job, as ``nexus eval`` judges it; of a job that repeats one configuration, that one.

    Returns:
        ``hparams`` (value by name), ``metric`` (``hpmax``; under ``goal: minimize`` the metric's own name), ``estimate`` (of a new
        run's ``metric``), ``interval`` (``low``, ``high``, ``level``), ``runs`` (of that configuration), ``rival`` (the next best:
        ``hparams``, ``estimate``, ``runs``; or None), ``summary`` (in words) and more. Without a search (``hp_tuning: false``, as in what
        ``nexus confirm`` submits) ``estimate`` is the mean of the runs, and ``interval`` None if there is but one.

    Raises:
        NexusError: there is no such job, or no run of it has completed.
    """
    for each in _lines(["eval", job], workspace):
        kind = each.get("type")
        if kind not in ("verdict", "repeats"):
            continue
        # For a loss, these are the metric's own numbers; as hpmax they are negated.
        minimized = each.pop("minimized", {})
        found = {"metric": "hpmax", **each, **minimized}
        if kind == "repeats":
            ends = found.pop("interval90")
            found.pop("interval95")
            found.update(estimate=found.pop("mean"), interval=ends and {**ends, "level": 0.9}, rival=None)
        rival_estimate = found.pop("rivalEstimate", None)
        if rival_estimate is not None:
            found["rival"]["estimate"] = rival_estimate
        for configured in (found, found["rival"]):
            if configured is not None:
                configured["hparams"] = {name: _number(value) for name, value in configured["hparams"].items()}
        return found
    raise NexusError(f"{job}: nothing to judge yet; to see why: nexus list runs {job}")


def check_values(spec: Path) -> list[dict[str, Any]]:
    """The stages of a spec that are programs, each with its ``command`` and its ``arguments`` at the tuned values."""
    return _lines(["check", "--values", str(spec)], None)


def _launch(spec: str, words: Sequence[str], workspace: str | None) -> str:
    lines = _lines(["run", spec, *words, "--swarm-only", "--monitor", "none"], workspace, shows_notes=True)
    job = next((each["job"] for each in lines if each.get("type") == "launched"), None)
    if job is None:
        raise NexusError(f"nexus run {spec} did not say which job it started")
    return job


def _lines(words: Sequence[str], workspace: str | None, *, shows_notes: bool = False) -> list[dict[str, Any]]:
    # Imported late: a run on a worker has this file, but none of our programs beside it.
    from nexus_swarm import _launch

    place = [] if workspace is None else ["--workspace", workspace]
    command = [*_launch.command("coordinator/cli/main.js"), *words, "--json", *place]
    try:
        done = subprocess.run(command, env=_launch.environment(), capture_output=True, text=True, encoding="utf-8", check=False)
    except OSError as error:
        raise NexusError(_launch.not_for_here(command[0], error)) from error
    if done.returncode != 0:
        raise NexusError(done.stderr.strip() or f"nexus {words[0]} ended with exit code {done.returncode}")
    if shows_notes:
        sys.stderr.write(done.stderr)
    # splitlines() would split texts too, at U+2028 and others, which JSON does not escape.
    return [json.loads(line) for line in done.stdout.split("\n") if line.startswith("{")]


def _number(value: Any) -> Any:
    # JSON has no word for these; the commands write them as text.
    return float(value) if value in ("Infinity", "-Infinity", "NaN") else value


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if name in ("metrics", "hparams") and isinstance(value, Mapping):
            flat.update({f"{name}.{key}": _number(each) for key, each in value.items()})
        elif name not in ("type", "v"):
            flat[name] = value
    return flat
