"""For a script written for Weights & Biases sweeps: ``import nexus_swarm.wandb as wandb``, and no account.

``init``, ``config``, ``log``, ``summary`` and ``finish`` do what a sweep needs. What draws, stores or alerts there is accepted and does
nothing here. ``python -m nexus_swarm.wandb train.py`` runs a script as it is: its ``import wandb`` finds this module.
"""

from __future__ import annotations

import argparse
import atexit
import runpy
import sys
import uuid
from collections.abc import Callable, Mapping
from importlib.machinery import PathFinder
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from nexus_swarm import _run


#: What the script's own argparse has read from the command line: by name, also as the option is spelled, the word and what became of it.
_read: dict[str, tuple[str | None, Any]] = {}


def _parse_known_args(parser: argparse.ArgumentParser, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
    words = list(sys.argv[1:] if args is None else args)
    found, left = _run._parse(parser, words, namespace)
    for action in parser._actions:
        for word, following in zip(words, [*words[1:], ""]):
            option, equals, value = word.partition("=")
            if option in action.option_strings:
                read = (value if equals else following, getattr(found, action.dest, None))
                _read[action.dest] = _read[option.lstrip("-").replace("-", "_")] = read
    return found, left


argparse.ArgumentParser.parse_known_args = _parse_known_args  # type: ignore[method-assign]


class Config(dict):
    """Settings as keys and as attributes. What the search chose stays, whatever the script sets afterwards.

    As W&B nests a sweep's parameters, what it chose as ``optimizer.lr`` is also the ``lr`` of the mapping ``optimizer``.
    """

    _chosen: Mapping[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"wandb.config has no {name!r}; there are: {', '.join(self) or 'none'}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in self._chosen or name not in self:  # a copy is filled anew
            super().__setitem__(name, self._with_chosen(name, value))

    def _with_chosen(self, name: str, value: Any) -> Any:
        for path, setting in self._chosen.items():
            if isinstance(value, Mapping) and path.startswith(f"{name}."):
                value = _with(value, path[len(name) + 1 :].split("."), setting)
        return value

    def update(self, values: Any = None, allow_val_change: bool | None = None, **more: Any) -> None:
        """Sets what the search did not choose, from a mapping or an object with attributes. Raises TypeError for anything else."""
        for name, value in {**_mapping(values), **more}.items():
            self[name] = value

    def setdefaults(self, values: Any) -> None:
        """Sets what is not there yet."""
        self.update({name: value for name, value in _mapping(values).items() if name not in self})

    def as_dict(self) -> dict[str, Any]:
        """The settings as a mapping of their own: changing it changes nothing here."""
        return dict(self)


class Summary(dict):
    """The newest value of what was logged. What the script sets itself counts instead, and is reported at the end."""

    def __init__(self) -> None:
        super().__init__()
        self._set: dict[str, Any] = {}

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self._set[name] = value

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"wandb.summary has no {name!r}; there are: {', '.join(self) or 'none'}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
        else:
            self[name] = value

    def update(self, values: Any = None, **more: Any) -> None:
        for name, value in {**_mapping(values), **more}.items():
            self[name] = value

    def _logged(self, values: Mapping[str, Any]) -> None:
        super().update({name: value for name, value in values.items() if name not in self._set})


class Run:
    """What ``wandb.init`` returns: ``config``, ``summary``, ``log`` and ``finish``; in a ``with`` block it finishes at the end.

    ``step`` counts from the newest report of an earlier attempt on (0: it begins), and ``resumed`` says whether there was one.
    """

    def __init__(self, config: Any, **about: Any) -> None:
        self.config = Config()
        defaults = _mapping(config)
        # What argparse returned has been read, even before this module was there to see it.
        read = {**dict.fromkeys(defaults, (None, None)), **_read} if isinstance(config, argparse.Namespace) else _read
        found = _run.settings(defaults, read=read)
        self.config.update(found)
        names = _run.spelled(_run.chosen(), defaults, read)
        chosen = {name: _run._like(name, found[name], _within(defaults, name.split("."))) for name in names}
        object.__setattr__(self.config, "_chosen", chosen)
        for name in chosen:
            outer, dot, _ = name.partition(".")
            if dot and name not in defaults:
                self.config[outer] = self.config.get(outer, {})
        self.summary = Summary()
        self.id = about.get("id") or uuid.uuid4().hex[:8]
        self.name = about.get("name") or f"nexus-{self.id}"
        self.project, self.entity, self.group, self.notes = (about.get(each) for each in ("project", "entity", "group", "notes"))
        self.tags = tuple(about.get("tags") or ())
        self.job_type, self.sweep_id = about.get("job_type"), None
        self.dir = str(Path.cwd())
        self.url = self.path = None
        self.disabled = self.offline = False
        self.resumed = _run.resume() > 0
        self.step = _run.resume()
        self._held: dict[str, Any] = {}
        self._is_over = False
        # For scripts that never call finish().
        atexit.register(self._end)

    def log(self, data: Mapping[str, Any], step: int | None = None, commit: bool | None = None, sync: Any = None) -> None:
        """Reports the numbers in ``data``; mappings within are flattened (``val.loss``), everything else is passed over.

        As in W&B, without ``step`` each call is a step. With it, values of the same step are reported together, once
        the next step comes. A step lower than the newest is dropped, with a line on standard error. Reported ``iters``
        are ``step + 1``.
        """
        if step is not None and step != self.step:
            if step < self.step:
                _say(f"step {step} comes after step {self.step} and is dropped")
                return
            self._send()
            self.step = step
        self._held.update(_numbers(data))
        if commit or (commit is None and step is None):
            self._send()
            self.step += 1

    def _send(self) -> None:
        held, self._held = self._held, {}
        metrics = _run.numbers(held)
        if metrics:
            _run.report(iters=self.step + 1, **metrics)
        self.summary._logged(held)

    def _end(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        # A sweep's metric may be one that the script sets only at its end: summary["best_accuracy"].
        self._held.update(_numbers(self.summary._set))
        self._send()

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:
        """Reports what is held back and what the script set in ``summary``, once. ``exit_code`` is ignored."""
        global run
        self._end()
        if run is self:
            run = None

    def get_url(self) -> None:
        """None: there is no page on the web."""

    def define_metric(self, *_: Any, **__: Any) -> None:
        """Nothing: the spec says which metric counts."""

    watch = unwatch = save = alert = log_artifact = use_artifact = log_code = mark_preempting = define_metric

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: Any) -> None:
        self.finish()


run: Run | None = None


#: W&B's own options of `init`, which are accepted here; most mean nothing without an account.
_about = frozenset(
    "entity name notes tags group job_type dir mode id resume reinit force settings save_code allow_val_change anonymous magic "
    "monitor_gym config_exclude_keys config_include_keys fork_from resume_from tensorboard sync_tensorboard".split()
)


def init(project: str | None = None, config: Any = None, **about: Any) -> Run:
    """Begins a run: ``config`` holds defaults, and what the search chose takes their place.

    In a run of a search the settings are those of the stage's ``arguments``. At a desk the command line may set them,
    except those that the script's own argparse has read from it.

    Args:
        project: kept as ``run.project``, like ``name``, ``tags`` and so on; it changes nothing here.
        config: a mapping, or an object with attributes, such as what argparse returns.
        **about: W&B's other options. Unknown ones are named on standard error.

    Returns:
        The run, also as ``wandb.run``. It finishes at the end of the process, if the script does not finish it.

    Raises:
        TypeError: ``config`` is neither of these.
        ValueError: what the search chose does not fit the type of its default.
    """
    global run
    for name in about:
        if name not in _about:
            _say(f"init() has no option {name!r}; it does nothing")
    if about.get("sync_tensorboard"):
        _say("sync_tensorboard copies nothing here; call log(), or name the event files in the spec (docs/own-code.md)")
    run = Run(config, project=project, **about)
    return run


def log(data: Mapping[str, Any], step: int | None = None, commit: bool | None = None, sync: Any = None) -> None:
    """As ``Run.log`` of the run that ``init`` began. Raises RuntimeError before ``init``."""
    _current("log").log(data, step, commit, sync)


def finish(exit_code: int | None = None, quiet: bool | None = None) -> None:
    """As ``Run.finish``; without a run it does nothing."""
    if run is not None:
        run.finish(exit_code, quiet)


def agent(sweep_id: Any = None, function: Callable[[], Any] | None = None, **_: Any) -> None:
    """Calls the function once: here each run is a process of its own, and the coordinator chooses its settings."""
    if function is not None:
        function()


def sweep(sweep: Mapping[str, Any], *_: Any, **__: Any) -> str:
    """Starts nothing: the spec says what is searched. ``nexus init sweep.yaml`` makes a spec from a sweep's file."""
    _say("sweep() starts no search; the runspec does")
    return "nexus"


def login(*_: Any, **__: Any) -> bool:
    """True: there is no account to log in to."""
    return True


def setup(*_: Any, **__: Any) -> None:
    """Does nothing: there is nothing to set up."""


class _Drawn:
    """An image, a table, a histogram: accepted, and not kept."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __getattr__(self, _: str) -> Callable[..., None]:
        return lambda *_, **__: None


class Error(Exception):
    """For scripts that catch what W&B raises; nothing here raises it."""


CommError = UsageError = Error
errors = SimpleNamespace(Error=Error, CommError=Error, UsageError=Error)
util = SimpleNamespace(generate_id=lambda length=8: uuid.uuid4().hex[:length])
plot = _Drawn()
Image = Table = Histogram = Video = Audio = Html = Object3D = Molecule = Plotly = Graph = Artifact = Settings = _Drawn
watch = unwatch = save = alert = define_metric = log_artifact = use_artifact = setup


def __getattr__(name: str) -> Any:
    if name in ("config", "summary"):
        return getattr(_current(name), name)
    raise AttributeError(f"nexus_swarm.wandb has no {name!r}: it does what sweeps need; docs/python.md says what that is")


def _say(text: str) -> None:
    print(f"nexus_swarm.wandb: {text}", file=sys.stderr)


def _mapping(values: Any) -> dict[str, Any]:
    if values is None:
        return {}
    if isinstance(values, Mapping):
        return dict(values)
    if hasattr(values, "__dict__"):
        return dict(vars(values))
    if hasattr(values, "keys"):
        return {name: values[name] for name in values.keys()}
    raise TypeError(f"config: expected a mapping, or an object with attributes, found {type(values).__name__} {values!r:.80}")


def _within(values: Any, path: list[str]) -> Any:
    """What lies at a path of keys; None if nothing does."""
    for key in path:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values


def _with(values: Mapping[str, Any], path: list[str], setting: Any) -> Mapping[str, Any]:
    """A copy with the setting at a path of keys; unchanged if something other than a mapping is on the way."""
    key, *below = path
    if not below:
        return {**values, key: setting}
    inner = values.get(key, {})
    return {**values, key: _with(inner, below, setting)} if isinstance(inner, Mapping) else values


def _current(what: str) -> Run:
    if run is None:
        raise RuntimeError(f"wandb.{what} before wandb.init()")
    return run


def _numbers(data: Mapping[str, Any], before: str = "") -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in data.items():
        if isinstance(value, Mapping):
            found.update(_numbers(value, f"{before}{name}."))
        elif not isinstance(value, (str, bytes)):
            try:
                found[f"{before}{name}"] = float(value)
            except (TypeError, ValueError, RuntimeError):
                continue  # an image, a table, a list, a tensor of several values: nothing that a search could maximise
    return found


def _run_script(words: list[str]) -> None:
    """``python -m nexus_swarm.wandb train.py --epochs 3``"""
    if not words or words[0].startswith("-"):
        sys.exit("nexus_swarm.wandb: expected a script, found none; type: python -m nexus_swarm.wandb train.py")
    if not Path(words[0]).is_file():
        sys.exit(f"nexus_swarm.wandb: there is no script {words[0]}")
    from nexus_swarm import wandb as ours

    sys.modules["wandb"] = ours
    sys.argv = words
    # As with `python train.py`, modules beside the script can be imported, and its folder comes first. Processes that
    # `multiprocessing` spawns get the same path and find `wandb` in its second folder, or in its first if another lies beside the script.
    beside, named = str(Path(words[0]).resolve().parent), str(Path(__file__).resolve().parent / "_named_wandb")
    other = PathFinder.find_spec("wandb", [beside])
    sys.path[:0] = [named, beside] if other is not None and other.has_location else [beside, named]
    runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    _run_script(sys.argv[1:])
