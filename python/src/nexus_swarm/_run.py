"""Inside a run: its settings, its reports, its state. At a desk the same calls do what one expects there."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import json
import math
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any

_started_in = Path.cwd()
_printing = threading.Lock()
#: argparse's own, also where wandb.py has put another in its place.
_parse = argparse.ArgumentParser.parse_known_args


def in_run() -> bool:
    """Whether this process is a run of a search."""
    return "NEXUS_STATE" in os.environ


def resume() -> int:
    """``iters`` of the newest report that was kept from an earlier attempt; 0 if the run begins or none was kept."""
    return int(os.environ.get("NEXUS_RESUME") or 0)


def seed() -> int:
    """A whole number from 0 on, the same in every attempt at this run; 0 at a desk. Some libraries take 32 bits: ``seed % 2**32``."""
    return int(os.environ.get("NEXUS_SEED") or 0)


def checkpoint_dir() -> Path:
    """The folder that travels with the run, made if it is not there; at a desk ``checkpoints`` where the script was started.

    Raises:
        OSError: it cannot be made.
    """
    folder = Path(os.environ["NEXUS_STATE"]) if in_run() else _started_in / "checkpoints"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def should_stop() -> bool:
    """Whether this run should end: it was pruned, stopped or handed back. Save what it needs, then return.

    The stage must say ``asks_should_stop: true``, or SIGTERM comes at once. At a desk: always False.

    After the first call in the main thread, a SIGTERM that reaches every process of the machine at once, as Slurm sends
    it, does not end this program before the worker tells it to stop, for up to 15 s. A handler of your own stays.
    """
    _outlive_a_term_to_all()
    return _is_asked()


def _is_asked() -> bool:
    file = os.environ.get("NEXUS_SHOULD_STOP")
    return bool(file) and os.path.exists(file)


def must_leave() -> bool:
    """Whether this run must stop to leave its machine and continue elsewhere: state saved now is not lost."""
    file = os.environ.get("NEXUS_SHOULD_STOP")
    if not file:
        return False
    try:
        return '"leaving"' in Path(file).read_text(encoding="utf-8")
    except FileNotFoundError:
        return False


_word_seconds = 15
_outlives = False


def _outlive_a_term_to_all() -> None:
    """Outlives a SIGTERM sent to every process: it comes before the worker, which got it too, can ask for a stop."""
    global _outlives
    if _outlives or os.environ.get("NEXUS_ASKS_SHOULD_STOP") != "true":
        return
    if threading.current_thread() is not threading.main_thread():
        return
    _outlives = True
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return
    signal.signal(signal.SIGTERM, _term)
    # Processes that this one forks, such as the workers of a DataLoader, end at SIGTERM as before.
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_hold_term, after_in_parent=_let_term, after_in_child=_begin_child)


_mask: set[int] = set()


def _hold_term() -> None:
    """Holds SIGTERM back during a fork: Python forgets one that reaches the child before it has handlers of its own."""
    global _mask
    _mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _let_term() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _mask)


def _begin_child() -> None:
    with contextlib.suppress(ValueError):  # forked by a thread other than the main one, in an old Python
        _die_of_term()
    _let_term()


def _die_of_term() -> None:
    if signal.getsignal(signal.SIGTERM) is _term:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _term(*_: object) -> None:
    """Outlives the first SIGTERM, unless the worker asked well before it: then the SIGTERM is the worker's own."""
    _die_of_term()
    if not _is_asked():
        threading.Thread(target=_end_unless_asked, daemon=True).start()
    elif not _was_asked_just_now():
        os.kill(os.getpid(), signal.SIGTERM)


def _was_asked_just_now() -> bool:
    """The worker may ask before a SIGTERM that both got; its own comes after three quarters of the time it gives."""
    file = Path(os.environ.get("NEXUS_SHOULD_STOP", ""))
    try:
        seconds = json.loads(file.read_text(encoding="utf-8")).get("seconds", 0)
        return 0 <= time.time() - file.stat().st_mtime < seconds / 2
    except (OSError, ValueError, AttributeError):
        return False


def _end_unless_asked() -> None:
    """Ends this program if its worker says nothing for 15 s: then the SIGTERM was meant for this program alone."""
    limit = time.monotonic() + _word_seconds
    while not _is_asked():
        if time.monotonic() > limit:
            os.kill(os.getpid(), signal.SIGTERM)
            return
        time.sleep(0.1)


class Params(dict):
    """Settings by name: ``p["lr"]`` or ``p.lr``. A name that is not there is a ``KeyError`` or an ``AttributeError``."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            known = ", ".join(self) or "none"
            raise AttributeError(
                f"there is no setting {name!r}; there are: {known}\n"
                f"  name it among the stage's arguments in the spec, or give it a default: params({name}=...)"
            ) from None


def params(spec: str | os.PathLike[str] | None = None, /, **defaults: Any) -> Params:
    """The settings of this run.

    Args:
        spec: at a desk, a runspec's file, whose tuned values take the place of the defaults: ``params("search.yaml")``. It is looked for
            beside the script, and read by the ``nexus`` command that pip brings (0.3 s). In a run it is not read: there the
            search has chosen.
        **defaults: what holds at a desk, and in a run whose spec does not name it. At a desk the command line may say
            otherwise: ``--lr 0.3``, ``--amp`` and ``--no-amp`` for a bool. Other options are left alone, for a parser of your own,
            and named on standard error.

    Returns:
        All settings by name. A number has the type of its default: ``1`` becomes ``1.0`` where that is a float.

    Raises:
        ValueError: the spec's value does not fit the default's type, or several of its programs could be this one.
        SystemExit: at a desk, the command line has a value that does not fit (``--lr many``), or the Node that reads a spec is gone.
        NexusError: the spec cannot be read; the text says why.
    """
    if in_run() or spec is None:
        return settings(defaults, says_unknown=True)
    return settings({**defaults, **_alike(spelled(_tuned(Path(spec)), defaults), defaults)}, says_unknown=True)


def settings(defaults: dict[str, Any], says_unknown: bool = False, read: Mapping[str, tuple[str | None, Any]] | None = None) -> Params:
    """``defaults`` with what the search chose in their place; at a desk, with what the command line says.

    Args:
        read: what a parser of the script's own has read from the command line: by name, the word and what became of it. A text
            that the search chose becomes the same; at a desk these stay as they are in ``defaults``.
    """
    read = read or {}
    if in_run():
        named = spelled(chosen(), defaults, read)
        given = {name: read[name][1] if name in read and read[name][0] == value else value for name, value in named.items()}
    else:
        given = _typed({name: value for name, value in defaults.items() if name not in read}, says_unknown)
    return Params({**defaults, **_alike(given, defaults)})


def spelled(given: Mapping[str, Any], defaults: Mapping[str, Any], read: Container[str] = ()) -> dict[str, Any]:
    """``given`` by the names of ``defaults``: ``batch-size`` sets ``batch_size``, as it does on the command line.

    Not if both are given, nor where a parser of the script's own (``read``) has the value already.
    """
    found = {}
    for name, value in given.items():
        alike = name.replace("-", "_")
        is_other = name not in defaults and alike in defaults and alike not in given and alike not in read
        found[alike if is_other else name] = value
    return found


def _alike(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _like(name, value, defaults.get(name)) for name, value in given.items()}


def _tuned(spec: Path) -> dict[str, Any]:
    """The arguments that a run of this script would get at the spec's tuned values."""
    # Imported late: a run on a worker has none of our programs beside it, and never gets here.
    from nexus_swarm._swarm import check_values

    script = Path(getattr(sys.modules.get("__main__"), "__file__", None) or "")
    path = script.parent / spec
    stages = check_values(path)
    named = [each for each in stages if any(Path(word).name == script.name for word in map(str, each["command"]))]
    fitting = named or stages
    if len(fitting) > 1:
        raise ValueError(f"{path}: {len(fitting)} of its stages could be {script.name or 'this program'}; name it in one's `command`")
    return fitting[0]["arguments"]


def chosen() -> dict[str, Any]:
    """What the search chose for this run; at a desk nothing."""
    if not in_run():
        return {}
    file = Path(os.environ.get("NEXUS_PARAMETERS") or _started_in / "parameters.json")
    return json.loads(file.read_text(encoding="utf-8"))


def _typed(defaults: dict[str, Any], says_unknown: bool) -> dict[str, Any]:
    parser = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS, allow_abbrev=False)
    for name, default in defaults.items():
        flags = [f"--{name}", *([f"--{name.replace('_', '-')}"] if "_" in name else [])]
        if isinstance(default, bool):
            parser.add_argument(*flags, dest=name, action=argparse.BooleanOptionalAction)
        elif isinstance(default, (int, float, str)):
            parser.add_argument(*flags, dest=name, type=type(default))
        elif default is None:
            parser.add_argument(*flags, dest=name)
    typed, others = _parse(parser)
    if says_unknown:
        _say_unknown([word.split("=")[0] for word in others if re.match(r"--?[A-Za-z]", word)], list(defaults))
    return vars(typed)


def _say_unknown(options: list[str], names: list[str]) -> None:
    for option in options:
        name = option.lstrip("-").replace("-", "_")
        near = difflib.get_close_matches(name, names, 1)
        known = f"did you mean --{near[0]}?" if near else f"there are: {', '.join(f'--{each}' for each in names) or 'none'}"
        print(f"nexus_swarm: {option} is no setting of params(), and sets nothing there; {known}", file=sys.stderr)


def numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """The part of a framework's log that can be reported: numbers, and whatever has one value, such as a tensor.

    An ``iters`` of its own is left out: the report's counts.
    """
    found: dict[str, float] = {}
    for name, value in values.items():
        if name == "iters" or isinstance(value, (str, bytes)):
            continue
        try:
            found[name] = float(value)
        except (TypeError, ValueError, RuntimeError):
            continue  # a list, a picture, a tensor with several values
    return found


def _like(name: str, value: Any, default: Any) -> Any:
    if isinstance(default, bool) or default is None or value is None:
        return value
    if isinstance(default, float) and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(default, int) and isinstance(value, float):
        if not value.is_integer():
            raise ValueError(f"{name}: expected a whole number, as its default {default!r} is, found {value!r}")
        return int(value)
    if isinstance(default, (int, float)) and isinstance(value, str):
        return type(default)(value)
    return value


def metric_name(name: str) -> str:
    """As reports and specs have it: ``val/loss`` becomes ``val_loss``."""
    return re.sub(r"[^\w.-]", "_", name)


def report(iters: int | None = None, **metrics: Any) -> None:
    """Reports what was measured. The search sees it at once, and plots it over ``iters``.

    Args:
        iters: how far the run is: iterations, steps or epochs, at least 1 and rising. None: one more than before.
        **metrics: a number each, by the names in the stage's ``metrics``; other names are ignored there. NaN is allowed. What has
            one value counts as a number: a tensor, a NumPy scalar. ``val/loss`` is reported as ``val_loss``.

    Raises:
        TypeError: a metric is not a number.
        ValueError: ``iters`` is not a whole number above 0, or there is no metric.

    Of several processes that train together only the first reports, not those with ``RANK`` above 0 in the environment.
    """
    numbers = {metric_name(name): _number(name, value) for name, value in metrics.items()}
    if not numbers:
        raise ValueError("report() without a metric; expected one or more, such as report(iters=10, loss=0.3)")
    if iters is not None and (int(iters) != iters or iters < 1):
        raise ValueError(f"iters: expected a whole number above 0, found {iters!r}; count from 1")
    if os.environ.get("RANK", "0") != "0":
        return
    if in_run():
        line = json.dumps({**({} if iters is None else {"iters": int(iters)}), **numbers})
    else:
        line = "  ".join([*([] if iters is None else [f"iters {iters}"]), *(f"{k} {v:.6g}" for k, v in numbers.items())])
    # One write, past whatever has replaced sys.stdout: no other thread's line gets into it, and no progress bar.
    stream = sys.__stdout__ or sys.stdout
    with _printing:
        stream.write(f"{line}\n")
        stream.flush()


def _number(name: str, value: Any) -> float:
    if isinstance(value, (str, bytes)):
        raise TypeError(f"{name}: expected a number, found {type(value).__name__} {value!r:.80}")
    try:
        number = float(value)
    except (TypeError, ValueError, RuntimeError) as error:  # PyTorch raises the last for a tensor of several values
        raise TypeError(f"{name}: expected a number, found {type(value).__name__}: {error}") from None
    return int(number) if math.isfinite(number) and number.is_integer() and abs(number) < 2**53 else number


@contextlib.contextmanager
def replacing(name: str) -> Iterator[Path]:
    """Writes a file of ``checkpoint_dir`` whole: a checkpoint may be taken at any moment, and must not find half of it.

    ::

        with nexus.replacing("model.pt") as path:
            torch.save(model.state_dict(), path)

    Args:
        name: of the file, in ``checkpoint_dir``.

    Yields:
        Path to write to, with the same ending. It takes the file's place at the end of the block, or is deleted if the block raises.

    Raises:
        OSError: the block wrote no file there, or there is no room for it.
    """
    target = checkpoint_dir() / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if in_run():
        # Not at a desk: the folder may be shared with other machines, whose processes are unknown here.
        _drop_halves(target.parent)
    # With the ending of the name: some libraries choose a format by it, or add it where it is missing.
    half = target.with_name(f".{os.getpid()}.{target.name}")
    try:
        yield half
        os.replace(half, target)
    finally:
        half.unlink(missing_ok=True)


def _drop_halves(folder: Path) -> None:
    """Deletes the half-written files of killed processes, which would travel with every checkpoint."""
    for each in folder.glob(".[0-9]*.*"):
        found = re.match(r"\.(\d+)\.", each.name)
        if found and not _is_alive(int(found[1])):
            with contextlib.suppress(OSError):
                each.unlink()


def _is_alive(pid: int) -> bool:
    if os.name == "nt":
        return True  # there the question would end the process
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # another user's, or no valid process number
    return True
