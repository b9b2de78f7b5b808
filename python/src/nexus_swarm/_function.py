"""Makes a search of a function: its module becomes the job's code, and a spec is written for it."""

from __future__ import annotations

import inspect
import json
import math
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nexus_swarm import _run

_caller = """\"\"\"Calls the function of a search with the run's settings; nexus_swarm.submit wrote this.\"\"\"

import nexus_swarm as nexus
from {module} import {function}

METRIC = {metric!r}


def report(value):
    nexus.report(**(value if isinstance(value, dict) else {{METRIC: value}}))


if __name__ == "__main__":
    result = {function}(**nexus.params())
    if hasattr(result, "__next__"):
        for value in result:
            report(value)
    elif result is not None:
        report(result)
"""


def write_spec(
    folder: Path,
    function: Callable[..., Any],
    space: Mapping[str, Any],
    *,
    total_runs: int,
    metric: str,
    goal: str,
    settings: Mapping[str, Any],
) -> Path:
    """Writes a runspec and its code into an empty folder.

    Args:
        folder: gets the spec, the function's module and a program that calls it.
        space: for each parameter a list of values, or (from, to), or (from, to, scale) with "log", "linear" or "integer".
            Without a scale, two whole numbers are the ends of a range of whole numbers.
        metric: name of the metric to search by, and of a plain number that the function returns.
        goal: "maximize" or "minimize".
        settings: further lines of the spec's job_launcher, by name; not component and code.

    Returns:
        Path of the spec.

    Raises:
        TypeError: workers could not import the function, or the space does not fit its parameters, or a setting is one that submit writes itself.
    """
    name = getattr(function, "__name__", "")
    if not name.isidentifier() or "<locals>" in getattr(function, "__qualname__", "<locals>"):
        raise TypeError("submit(): expected a function at the top of a module, which workers can import; found " + repr(function))
    _check_space(function, space)
    if goal not in ("maximize", "minimize"):
        raise TypeError(f'submit(): expected the goal "maximize" or "minimize", found {goal!r}')
    ours = [key for key in ("component", "code") if key in settings]
    if ours:
        raise TypeError(f"submit(): settings: {', '.join(ours)}: submit writes these; for other code write a runspec")
    source = inspect.getsourcefile(inspect.unwrap(function))
    if source is None or not Path(source).is_file() or source.startswith("<"):
        raise TypeError(f"submit(): {name} is in no file; write it to a module, such as train.py, and import it from there")
    module = Path(source).stem
    if not module.isidentifier() or module == "nexus_swarm_call":
        module = "nexus_swarm_module"
    shutil.copyfile(source, folder / f"{module}.py")
    call = folder / "nexus_swarm_call.py"
    call.write_text(_caller.format(module=module, function=name, metric=metric), encoding="utf-8")
    launcher = {"enabled": 1, "hp_tuning": "dgd", "total_runs": total_runs, **settings}
    lines = [
        "component: root/Root_Component",
        "job_launcher:",
        "  component: job_launchers/XT",
        *(f"  {key}: {json.dumps(value)}" for key, value in launcher.items()),
        f"  code: [{module}.py, {call.name}]",
        "hyperparameters:",
        *(line for key, values in space.items() for line in _dial(key, values)),
        "processing_stages:",
        "  - processing_stage:",
        "      component: processors/Command_Proc",
        f"      command: [python3, {call.name}]",
        "      as_options: false",
        f"      arguments: {{ {', '.join(f'{key}: *{key}' for key in space)} }}",
        f"      metrics: [{json.dumps(_run.metric_name(metric))}]",
        f"      goal: {goal}",
        "",
    ]
    spec = folder / "search.yaml"
    spec.write_text("\n".join(lines), encoding="utf-8")
    return spec


def _check_space(function: Callable[..., Any], space: Mapping[str, Any]) -> None:
    parameters = inspect.signature(function).parameters
    takes_all = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    for name in space:
        if not re.fullmatch(r"[A-Za-z_]\w*", name) or not (takes_all or name in parameters):
            raise TypeError(f"submit(): the space has {name!r}, and {function.__name__} takes: {', '.join(parameters)}")
    for name, each in parameters.items():
        if name not in space and each.default is each.empty and each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL):
            raise TypeError(f"submit(): {function.__name__} needs {name!r}; name it in the space, or give it a default")
    if not space:
        raise TypeError('submit(): a function needs a space, such as {"lr": (1e-4, 1e-1, "log"), "layers": [1, 2, 4]}')


def _dial(name: str, values: Any) -> list[str]:
    if isinstance(values, tuple):
        if len(values) not in (2, 3) or not all(isinstance(each, (int, float)) and math.isfinite(each) for each in values[:2]):
            raise TypeError(f'submit(): {name}: expected a list of values, (from, to) or (from, to, "log"), found {values!r}')
        low, high = values[:2]
        whole = isinstance(low, int) and isinstance(high, int)
        scale = values[2] if len(values) == 3 else "integer" if whole else "linear"
        return [
            f"  - name: &{name}",
            f"      range: {{ from: {json.dumps(low)}, to: {json.dumps(high)}, scale: {scale} }}",
            f"      tuned_value: {json.dumps(low)}",
        ]
    listed = list(values)
    if not listed:
        raise TypeError(f"submit(): {name}: expected at least one value, found none")
    if any(isinstance(each, float) and math.isnan(each) for each in listed):
        raise TypeError(f"submit(): {name}: expected values that a search can choose, found nan")
    numbers = all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in listed)
    kind = "ordered_tuning_values" if numbers else "unordered_tuning_values"
    return [
        f"  - name: &{name}",
        f"      {kind}: [{', '.join(map(_yaml, sorted(listed) if numbers else listed))}]",
        f"      tuned_value: {_yaml(listed[0])}",
    ]


def _yaml(value: Any) -> str:
    """As YAML reads it: JSON, which has no word for an infinity."""
    return f"{'-' if value < 0 else ''}.inf" if isinstance(value, float) and math.isinf(value) else json.dumps(value)
