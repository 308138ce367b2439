"""The whole product as `make run` starts it, with databases, workers, beat and serving, on ports of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.browser.conftest import _playwright, browser, chromium_options  # noqa: F401  (fixtures)

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a password for journeys"
PATIENCE_SECONDS = 240


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in Path(str(item.fspath)).parents:
            item.add_marker(pytest.mark.serial)
            item.add_marker(pytest.mark.timeout(600))


@dataclass
class Product:
    """A running instance and an admin's token for it."""

    url: str
    serving_url: str
    environment: dict[str, str]
    token: str = ""

    def call(self, method: str, path: str, **options):
        """One REST call; fails the test with the problem document when it is refused."""
        headers = {"Authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        answer = requests.request(method, f"{self.url}/api/v1{path}", headers=headers, timeout=60, **options)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def wait_for(self, path: str, is_done, what: str):
        """Poll a resource until `is_done(resource)`."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found = self.call("GET", path)
            if is_done(found):
                return found
            time.sleep(0.5)
        pytest.fail(f"{what} did not happen within {PATIENCE_SECONDS} s; last seen: {str(found)[:600]}")

    def wait_for_job(self, project: str, job_id: int) -> dict:
        job = self.wait_for(
            f"/projects/{project}/jobs/{job_id}/",
            lambda j: j["state"] in ("succeeded", "failed", "canceled"),
            f"the end of job {job_id}",
        )
        assert job["state"] == "succeeded", job["error"]
        return job

    def upload(self, project: str, name: str, content: bytes) -> int:
        """Send a file in pieces, as the browser does; returns the upload's id."""
        announced = {"name": name, "byte_size": len(content)}
        (upload,) = self.call("POST", f"/projects/{project}/uploads/", json=announced)
        headers = {"Content-Type": "application/octet-stream", "Upload-Offset": "0"}
        self.call("PATCH", f"/projects/{project}/uploads/{upload['id']}/", data=content, headers=headers)
        return upload["id"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def product():
    home = Path(tempfile.mkdtemp(prefix="gm-journey-"))
    home.chmod(0o755)  # Postgres runs as another user when we are root
    web, serving = _free_port(), _free_port()
    ours = ("GRISTMILL_", "DATABASE_", "REDIS_", "STORAGE_")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    environment |= {
        "GRISTMILL_HOME": str(home),
        "GRISTMILL_PORT": str(web),
        "GRISTMILL_SERVING_PORT": str(serving),
        "GRISTMILL_ADMIN_PASSWORD": PASSWORD,
    }
    packages = os.environ.get("GRISTMILL_PACKAGES")
    if packages and Path(packages).exists():
        (home / "packages").symlink_to(packages)
    running = Product(f"http://127.0.0.1:{web}", f"http://127.0.0.1:{serving}", environment)
    log = (home / "supervisor.log").open("wb")
    command = [sys.executable, "-m", "workers.supervisor", "supervise"]
    supervisor = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        _await_health(running, supervisor, home / "supervisor.log")
        made = subprocess.run(
            [sys.executable, "manage.py", "token", "admin"],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        running.token = made.stdout.split()[-1]
        yield running
    finally:
        supervisor.send_signal(signal.SIGTERM)
        supervisor.wait(timeout=60)
        log.close()
        shutil.rmtree(home, ignore_errors=True)


def _await_health(product: Product, supervisor: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if supervisor.poll() is not None:
            break
        try:
            answers = [requests.get(f"{url}/healthz", timeout=5) for url in (product.url, product.serving_url)]
            if all(answer.status_code == 200 for answer in answers):
                return
        except requests.RequestException:
            pass  # not listening yet: that is what is waited for
        time.sleep(0.3)
    pytest.fail(f"the product did not start:\n{log.read_text(errors='replace')[-3000:]}")
