"""Label Studio itself, where it is installed: on SQLite as its package brings it, by gunicorn with two processes of
four threads, as its own container does it with uwsgi."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

PATIENCE = 300
EMAIL, PASSWORD = "admin@example.org", "benchbench1"
WHERE = """
from importlib.metadata import distribution
found = distribution("label-studio")
print(found.version, found.locate_file("label_studio"))
"""
# an organization's tokens of the kind that the SDK sends as they are
TOKEN = """
import django
django.setup()
from organizations.models import Organization
from rest_framework.authtoken.models import Token
from users.models import User
organization = Organization.objects.first()
organization.jwt.legacy_api_tokens_enabled = True
organization.jwt.save()
print("TOKEN", Token.objects.get_or_create(user=User.objects.first())[0].key)
"""


def find_program() -> Path | None:
    """`label-studio` on the PATH; its environment needs gunicorn too."""
    found = shutil.which("label-studio")
    return Path(found).parent if found else None


@contextmanager
def serve(programs: Path, home: Path) -> Iterator[tuple[str, str, str]]:
    """(address, token, version) of a fresh installation, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    python, address = programs / "python", f"http://127.0.0.1:{port}"
    version, package = subprocess.check_output([python, "-c", WHERE], text=True).split()
    environment = _surround(home, package)
    account = ["--username", EMAIL, "--password", PASSWORD, "--enable-legacy-api-token"]
    start = [programs / "label-studio", "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port)]
    with _running([*start, *account], environment, f"{address}/health"):
        pass  # it has made its tables and its first user
    said = subprocess.check_output([python, "-c", TOKEN], env=environment, text=True)
    token = said.split("TOKEN ")[1].split()[0]
    command = [programs / "gunicorn", "label_studio.core.wsgi:application", "-b", f"127.0.0.1:{port}", "-w", "2",
               "--threads", "4", "-t", "600", "--pythonpath", package]  # fmt: skip
    with _running(command, environment, f"{address}/health"):
        yield address, token, version


def _surround(home: Path, package: str) -> Mapping[str, str]:
    """Its settings. SQLite, which its package brings: the embedded Postgres lacks an extension that it needs."""
    folder = home / "label-studio"
    folder.mkdir()
    return {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        "PYTHONPATH": package, "DJANGO_SETTINGS_MODULE": "core.settings.label_studio",
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder), "COLLECT_ANALYTICS": "false", "LATEST_VERSION_CHECK": "false",
        "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": "", "LOG_LEVEL": "ERROR", "DEBUG": "false", "NO_PROXY": "*",
        "DJANGO_DB": "sqlite",
    }  # fmt: skip


@contextmanager
def _running(command: list, environment: Mapping[str, str], health: str) -> Iterator[None]:
    log = Path(environment["LABEL_STUDIO_BASE_DATA_DIR"]) / "server.log"
    with open(log, "ab") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out, start_new_session=True)
    try:
        _wait(process, health, log)
        yield
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait(process: subprocess.Popen, health: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(health, timeout=5) as answer:
                if json.loads(answer.read()).get("status") == "UP":
                    return
        except (URLError, OSError, ValueError):
            time.sleep(0.5)
    raise RuntimeError(f"Label Studio did not start: {log.read_text()[-2000:]}")
