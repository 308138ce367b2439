"""Install what a lock pins: by uv, which fetches side by side, where it can; by pip where it cannot.

`python -m workers.supervisor.python_packages LOCK`. Runs in a bare .venv: standard library only.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from lifecycle.contracts.settings import ROOT

PIP = (sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check")
EXACT = ("--no-deps", "--require-hashes", "--only-binary=:all:")

# Where pip was told to look for packages, in uv's words: a company's mirror must serve both.
UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_EXTRA_INDEX_URL",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
}
_SEPARATORS = {"UV_FIND_LINKS": ","}


def main(lock: Path) -> int:
    """Exit code 0 when all of the lock, and torch, is installed; otherwise pip's own words are on standard output."""
    torch = next(line for line in (ROOT / "requirements.txt").read_text().splitlines() if line.startswith("torch=="))
    if _install_with_uv(lock, torch):
        return 0
    # torch's builds differ from machine to machine, so it is in no hashed lock; what it needs is in there
    for command in ((*PIP, *EXACT, "-r", str(lock)), (*PIP, torch)):
        code = subprocess.run(command, check=False).returncode
        if code:
            return code
    return 0


def _install_with_uv(lock: Path, torch: str) -> bool:
    """False where uv cannot be had or fails for any reason: pip then goes on, and its words are the ones told."""
    with tempfile.TemporaryDirectory() as scratch:
        only_uv = Path(scratch) / "uv.lock"
        only_uv.write_text(find_pin(lock.read_text(), "uv"))
        if not _succeeds((*PIP, *EXACT, "-r", str(only_uv)), os.environ):
            return False
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    told = translate(listed.stdout)
    if told is None:
        return False
    # of several indexes pip takes the best match, whichever it comes from; the hashes see to it that it is ours
    program = str(Path(sys.executable).with_name("uv"))
    uv = (program, "pip", "install", "--quiet", "--python", sys.executable, "--index-strategy", "unsafe-best-match")
    exact = ("--no-deps", "--require-hashes", "--no-build", "-r", str(lock))
    environ = {**told, **os.environ}
    return _succeeds((*uv, *exact), environ) and _succeeds((*uv, torch), environ)


def find_pin(lock: str, name: str) -> str:
    """The lines of a lock that pin one package, hashes and all.

    Raises ValueError where it pins none.
    """
    found = re.search(rf"^{re.escape(name)}==[^\n]*(?:\n[ \t][^\n]*)*", lock, re.MULTILINE)
    if found is None:
        raise ValueError(f"{name} is not pinned.")
    return found[0] + "\n"


def translate(listed: str) -> dict[str, str] | None:
    """Environment for uv out of what `pip config list` printed; None where pip was told what uv has no word for.

    As pip does, the environment counts more than what a file says of `install`, that more than what it says of all.
    """
    ranks = {"global": 0, "install": 1, ":env:": 2}
    lines = re.findall(r"^([^.\s]+)\.([^=\s]+)=(.*)$", listed, re.MULTILINE)
    ranked = sorted((ranks[scope], key, value) for scope, key, value in lines if scope in ranks)
    values = {key: ast.literal_eval(value) for _, key, value in ranked}
    if values.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        return None
    names = {name: values[key].split() for key, name in UV_NAMES.items() if values.get(key)}
    return {name: _SEPARATORS.get(name, " ").join(parts) for name, parts in names.items()}


def _succeeds(command: tuple[str, ...], environ: Mapping[str, str]) -> bool:
    try:
        outcome = subprocess.run(command, env=dict(environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        return False
    return outcome.returncode == 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
