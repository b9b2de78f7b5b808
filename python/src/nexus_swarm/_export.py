"""``nexus export job1 --to mlflow``: reads a job's runs as JSON lines from standard input, and writes them with that tool's own package.

Lines: one ``job``, then one ``run`` each. The tool knows a run by its ``key``: a run that is there is not written
again unless its status has changed since, and one that an interrupted export left unfinished is replaced. The last line
printed says what was done.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

Line = dict[str, Any]
_key = "nexus.key"


class Done:
    """What an export has done: ``where`` it lies, the number of runs ``written`` and of those that were ``there``, sentences for people."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.written = self.there = 0
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def keeps_outdated(self, count: int, why: str) -> None:
        """Notes that so many runs have another status since they were written, and why they are not written again."""
        if count > 0:
            runs = "1 run has" if count == 1 else f"{count} runs have"
            self.note(f"{runs} changed since, and {why}; to have all as they are now, name another place: --output")


def _reports(run: Line) -> Iterator[tuple[int, float, dict[str, float]]]:
    """``(iters, seconds since 1970, values by name)`` of each report, in order; what was not measured is left out. The last one is hpmax, or the loss."""
    began = run["started"] / 1000
    at = began
    for iters, hours, values in run["reports"]:
        at = began + 3600 * hours
        yield iters, at, {name: value for name, value in values.items() if value is not None}
    if run["result"] is not None:
        yield run["iters"], at, {run["metric"]: run["result"]}


def _about(run: Line) -> dict[str, Any]:
    return {"run": run["run"], "status": run["status"], "seed": run["seed"], "worker": run["worker"], "reason": run["reason"]}


def to_mlflow(job: Line, runs: Iterator[Line], place: str | None) -> Done:
    """``place``: a tracking URI; None: ``$MLFLOW_TRACKING_URI``, else ``sqlite:///mlflow.db``. Raises ValueError if the experiment was deleted."""
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, RunTag

    place = place or os.environ.get("MLFLOW_TRACKING_URI") or "sqlite:///mlflow.db"
    client = MlflowClient(place)
    name = f"{job['workspace']}/{job['job']}"
    done = Done(f"{place}, experiment {name}")
    found = client.get_experiment_by_name(name)
    if found is not None and found.lifecycle_stage != "active":
        raise ValueError(f"the experiment {name} was deleted in {place}; restore it there, or name another place: --output")
    experiment = found.experiment_id if found else client.create_experiment(name)
    there: dict[str, tuple[str, str]] = {}  # run id and status
    token = None
    while True:
        page = client.search_runs([experiment], page_token=token, max_results=1000)
        for each in page:
            tags = each.data.tags
            if "nexus.whole" in tags:
                there[tags[_key]] = each.info.run_id, tags["nexus.status"]
            elif _key in tags:
                client.delete_run(each.info.run_id)  # of an interrupted export
        token = page.token
        if not token:
            break
    for run in runs:
        if run["key"] in there:
            known, status = there[run["key"]]
            if status == run["status"]:
                done.there += 1
                continue
            client.delete_run(known)
        tags = {_key: run["key"], **{f"nexus.{name}": str(value) for name, value in _about(run).items()}}
        made = client.create_run(experiment, start_time=int(run["started"]), tags=tags, run_name=run["run"])
        of = made.info.run_id
        params = [Param(name, str(value)) for name, value in run["hparams"].items()]
        for i in range(0, len(params), 100):
            client.log_batch(of, params=params[i : i + 100])
        metrics = [Metric(k, v, int(at * 1000), iters) for iters, at, values in _reports(run) for k, v in values.items()]
        for i in range(0, len(metrics), 1000):
            client.log_batch(of, metrics=metrics[i : i + 1000])
        status = {"completed": "FINISHED", "infeasible": "FINISHED", "pruned": "KILLED", "cancelled": "KILLED"}
        client.set_terminated(of, status.get(run["status"], "FAILED"), int(run["ended"]))
        client.log_batch(of, tags=[RunTag("nexus.whole", "1")])
        done.written += 1
    return done


def to_wandb(job: Line, runs: Iterator[Line], place: str | None) -> Done:
    """``place``: a project; None: WORKSPACE-JOB. Without an account, or with WANDB_MODE=offline, into the folder ``wandb``, here or in ``$WANDB_DIR``."""
    import wandb

    project = place or f"{job['workspace']}-{job['job']}"
    is_online = os.environ.get("WANDB_MODE", "online" if wandb.api.api_key else "offline") == "online"
    # Where wandb itself makes the folders of runs that are not sent.
    folder_of_runs = Path(os.environ.get("WANDB_DIR") or "").expanduser() / "wandb"
    done = Done(f"the project {project}" if is_online else f"the folder {folder_of_runs} (offline), project {project}")
    api = wandb.Api() if is_online else None
    settings = wandb.Settings(silent=True, console="off", disable_git=True, save_code=False, x_disable_stats=True)
    outdated = 0
    for run in runs:
        own_id = hashlib.sha256(f"{project}/{run['key']}".encode()).hexdigest()[:16]
        if api is None:
            folders = list(folder_of_runs.glob(f"offline-run-*-{own_id}"))
            marks = [each / "nexus-whole" for each in folders]
            if any(each.exists() and each.read_text() == run["status"] for each in marks):
                done.there += 1
                continue
            for each in folders:
                shutil.rmtree(each)  # of an interrupted export, or of another status
        else:
            found = _at_wandb(api, wandb, f"{project}/{own_id}")
            if found is not None:
                done.there += 1
                outdated += found.config.get("nexus.status") != run["status"]
                continue
        about = {f"nexus.{name}": value for name, value in _about(run).items()}
        made = wandb.init(
            project=project,
            id=own_id,
            name=run["run"],
            group=job["job"],
            config={**run["hparams"], **about, _key: run["key"]},
            mode="online" if is_online else "offline",
            resume="allow" if is_online else None,
            settings=settings,
        )
        folder = Path(made.dir).parent
        made.define_metric("iters")
        made.define_metric("*", step_metric="iters")
        for iters, _, values in _reports(run):
            if values:
                made.log({"iters": iters, **values})
        made.finish(exit_code=0 if run["status"] in ("completed", "infeasible", "pruned") else 1)
        if api is None:
            (folder / "nexus-whole").write_text(run["status"])
        done.written += 1
    if api is None and done.written:
        done.note(f"to send them: wandb sync {shlex.quote(str(folder_of_runs))}/offline-run-*")
    done.keeps_outdated(outdated, "W&B never gives the name of a deleted run again")
    return done


def _at_wandb(api: Any, wandb: Any, path: str) -> Any:
    """The run; None if there is none, or if an interrupted export left it unfinished."""
    try:
        found = api.run(path)
    except (wandb.errors.CommError, ValueError):
        return None
    return None if found.state == "running" else found


def to_trackio(job: Line, runs: Iterator[Line], place: str | None) -> Done:
    """``place``: a project; None: WORKSPACE-JOB. Steps count the reports; ``iters`` is a column."""
    import trackio
    from trackio.sqlite_storage import SQLiteStorage

    project = place or f"{job['workspace']}-{job['job']}"
    done = Done(f"the project {project}; to see it: trackio show --project {project}")
    there: dict[str, Any] = {}
    if SQLiteStorage.get_project_db_path(project).exists():
        there = {(each.config or {}).get(_key): each for each in trackio.Api().runs(project)}
    for run in runs:
        logs = [{"iters": iters, **values} for iters, _, values in _reports(run) if values]
        found = there.get(run["key"])
        if found is not None:
            is_same = found.config["nexus.status"] == run["status"]
            if is_same and SQLiteStorage.get_log_count(project, found.name, found.id) >= len(logs):
                done.there += 1
                continue
            found.delete()  # of an interrupted export, or of another status
        about = {f"nexus.{name}": value for name, value in _about(run).items()}
        config = {**run["hparams"], **about, _key: run["key"]}
        trackio.init(project=project, name=run["run"], group=job["job"], config=config, embed=False, auto_log_gpu=False, auto_log_cpu=False)
        # Each stage counts its iterations anew, which Trackio's steps must not: so iters is a column.
        for step, values in enumerate(logs):
            trackio.log(values, step=step)
        trackio.finish()
        done.written += 1
    return done


def to_optuna(job: Line, runs: Iterator[Line], place: str | None) -> Done:
    """``place``: a storage; None: sqlite:///WORKSPACE-JOB.optuna.db. Raises ValueError if another search, or this one with other lists, has its study there."""
    import optuna
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
    from optuna.trial import TrialState, create_trial

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    place = place or f"sqlite:///{job['workspace']}-{job['job']}.optuna.db"
    study = optuna.create_study(storage=place, study_name=job["job"], direction=job["direction"], load_if_exists=True)
    done = Done(f"{place}, study {job['job']}")
    if study.user_attrs.setdefault(_key, job["key"]) != job["key"]:
        raise ValueError(f"{place} has a study {job['job']} of another search; name another place: --output")
    study.set_user_attr(_key, job["key"])

    def distribution(dial: Line) -> Any:
        if "choices" in dial:
            return CategoricalDistribution(dial["choices"])
        if dial["whole"]:
            return IntDistribution(dial["low"], dial["high"], log=dial["log"])
        return FloatDistribution(dial["low"], dial["high"], log=dial["log"])

    def fixed(each: Any) -> tuple[Any, ...]:
        # What must be the same in all trials of a study; the ends of a range need not.
        return type(each), getattr(each, "choices", None), getattr(each, "log", None)

    dials = {dial["name"]: distribution(dial) for dial in job["hyperparameters"]}
    trials = study.get_trials(deepcopy=False)
    known = {name: each for trial in trials for name, each in trial.distributions.items()}
    changed = [name for name, each in known.items() if name in dials and fixed(dials[name]) != fixed(each)]
    if changed:
        raise ValueError(
            f"the study {job['job']} in {place} has other values, or another kind of range, of {', '.join(changed)}, "
            "and Optuna changes neither; name another place: --output"
        )
    there = {trial.user_attrs.get(_key): trial.user_attrs.get("status") for trial in trials}
    outdated = 0
    states = {"completed": TrialState.COMPLETE, "infeasible": TrialState.COMPLETE, "pruned": TrialState.PRUNED}
    for run in runs:
        if run["key"] in there:
            done.there += 1
            outdated += there[run["key"]] != run["status"]
            continue
        state, value = states.get(run["status"], TrialState.FAIL), run["result"]
        if value is None and state == TrialState.COMPLETE or value != value:
            # Optuna has no completed trial without a number.
            state, value = TrialState.FAIL, None
            done.note(f"runs whose {run['metric']} is not a number are failed trials there")
        intermediate: dict[int, float] = {}
        for iters, _, values in _reports(run):
            # The result summarises the first metric of the last stage.
            if run["objective"] in values:
                intermediate[iters] = values[run["objective"]]
        # An infeasible trial is never the best of its study: a constraint whose value is above 0 is broken.
        constraints = {"constraints": [1.0 if run["status"] == "infeasible" else 0.0]}
        trial = create_trial(
            state=state,
            value=value,
            params=run["hparams"],
            distributions={name: dials[name] for name in run["hparams"]},
            user_attrs={_key: run["key"], **_about(run), **{k: v for k, v in run["metrics"].items() if v is not None}},
            system_attrs=constraints if job["constrained"] and state == TrialState.COMPLETE else {},
            intermediate_values=intermediate,
        )
        trial.datetime_start = datetime.fromtimestamp(run["started"] / 1000)
        trial.datetime_complete = datetime.fromtimestamp(run["ended"] / 1000)
        study.add_trial(trial)
        done.written += 1
    done.keeps_outdated(outdated, "Optuna changes no trial that has ended")
    return done


_tools: dict[str, Callable[[Line, Iterator[Line], str | None], Done]] = {
    "mlflow": to_mlflow,
    "wandb": to_wandb,
    "trackio": to_trackio,
    "optuna": to_optuna,
}


def main() -> None:
    tool, place = sys.argv[1], sys.argv[2] or None
    lines = (json.loads(line) for line in sys.stdin)
    # What the packages print goes to standard error, so that standard output has only our result.
    ours, sys.stdout = sys.stdout, sys.stderr
    try:
        done = _tools[tool](next(lines), lines, place)
    except Exception as error:
        if os.environ.get("NEXUS_LOG") == "debug":
            raise
        sys.exit(f"{tool}: {type(error).__name__}: {error}")
    print(json.dumps(vars(done)), file=ours)


if __name__ == "__main__":
    main()
