"""A real inference server beside the tests, on the tests' own database."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import connection

from lifecycle.accounts.models import ApiToken
from lifecycle.common.blobs import open_blobs
from lifecycle.contracts.tokens import generate_token, hash_token
from lifecycle.deployments import services
from lifecycle.deployments.models import Prediction
from lifecycle.registry import services as registry
from tests.artifacts import build_row_artifact, store_artifact
from tests.factories import ArtifactFactory, ProjectFactory, RunFactory, UserFactory

ROOT = Path(__file__).resolve().parents[3]


def pick_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def database_url() -> str:
    """The tests' database as a URL, for another process."""
    parts = connection.settings_dict
    host, port = parts["HOST"], parts["PORT"]
    query = f"?host={host}" if host.startswith("/") else ""
    place = "" if host.startswith("/") else f"{host}:{port}"
    return f"postgresql://{parts['USER']}@{place}/{parts['NAME']}{query}"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Serving:
    """One running inference server and a small client of it."""

    home: Path
    workers: int = 1
    port: int = field(default_factory=pick_port)
    token: str = ""
    database: str = ""  # the tests' own unless a test puts something in front of it
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        environ = {
            **os.environ,
            "GRISTMILL_HOME": str(self.home),
            "GRISTMILL_HOST": "127.0.0.1",
            "GRISTMILL_SERVING_PORT": str(self.port),
            "GRISTMILL_SERVING_WORKERS": str(self.workers),
            "GRISTMILL_SECRET_KEY": django_settings.SECRET_KEY,
            "DATABASE_URL": self.database or database_url(),
            "STORAGE_URL": django_settings.STORAGE_URL,
            "OMP_NUM_THREADS": "1",
        }
        log = (self.home / "serving.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "workers.serving"], cwd=ROOT, env=environ, stdout=log, stderr=log
        )
        self.wait_for(lambda: self.get("/healthz").status == 200)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(25)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def log(self) -> str:
        return (self.home / "serving.log").read_text()

    def worker_pids(self) -> list[int]:
        states = [json.loads(p.read_text()) for p in (self.home / "serving" / "state").glob("worker-*.json")]
        return [state["pid"] for state in states]

    def kill_workers(self) -> None:
        for pid in self.worker_pids():
            os.kill(pid, signal.SIGKILL)

    def wait_for(self, condition, seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                if condition():
                    return
            except OSError:
                pass  # not listening yet
            if time.monotonic() > deadline:
                raise AssertionError(f"it did not happen within {seconds} s; the server's log:\n{self.log()[-6000:]}")
            time.sleep(0.05)

    def call(self, method: str, path: str, body: bytes | None = None, headers: dict | None = None) -> Answer:
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=sent)
        try:
            with urllib.request.urlopen(request, timeout=20) as found:
                return Answer(found.status, {k.lower(): v for k, v in found.headers.items()}, found.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, {k.lower(): v for k, v in error.headers.items()}, error.read())

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, None, headers)

    def post(self, path: str, value: Any, **headers: str) -> Answer:
        return self.call("POST", path, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})

    def wait_for_release(self, deployment) -> None:
        def is_loaded() -> bool:
            deployment.refresh_from_db()
            deployment.current_release.refresh_from_db()
            return deployment.current_release.loaded_at is not None

        self.wait_for(is_loaded)

    def wait_for_log(self, deployment, count: int) -> None:
        self.wait_for(lambda: Prediction.objects.filter(deployment=deployment).count() >= count)


def make_token(user, scope: str = ApiToken.Scope.WRITE, **more) -> str:
    secret = generate_token()
    ApiToken.objects.create(
        user=user, name=scope, scope=scope, token_hash=hash_token(secret), prefix=secret[:10], **more
    )
    return secret


def make_version(project, folder: Path, build=build_row_artifact, **options):
    """A registered model version with a real artifact behind it."""
    manifest = build(folder, **options)
    files, content_hash, size = store_artifact(folder, open_blobs(django_settings.STORAGE_URL))
    run = RunFactory(project=project)
    artifact = ArtifactFactory(
        run=run, manifest=json.loads(manifest.to_json()), files=files, content_hash=content_hash, byte_size=size
    )
    return registry.register(project=project, user=project.created_by, artifact=artifact)


@pytest.fixture
def tabular(transactional_db):
    """A tabular project and its owner."""
    return ProjectFactory(owner=UserFactory(username="maker"), problem_type="tabular_classification", slug="cells")


@pytest.fixture
def version(tabular, tmp_path):
    return make_version(tabular, tmp_path / "v1", winner=0)


@pytest.fixture
def deployment(tabular, version):
    return services.create(project=tabular, user=tabular.created_by, version=version, slug="cells")


@pytest.fixture
def build_serving(tmp_path):
    """build_serving(workers=…) starts an inference server; all are stopped at the end."""
    running: list[Serving] = []

    def build(*, workers: int = 1, token: str = "", name: str = "serving", database: str = "") -> Serving:
        home = tmp_path / name
        home.mkdir(exist_ok=True)
        serving = Serving(home, workers=workers, token=token, database=database)
        running.append(serving)
        serving.start()
        return serving

    yield build
    for serving in running:
        serving.stop()


def assert_disconnected() -> None:
    """Postgres notices a little later that a client is gone; until then the tests' database cannot be dropped."""
    asked = (
        "SELECT pid, backend_start, state, query FROM pg_stat_activity "
        "WHERE application_name = 'gristmill-serving' AND datname = current_database()"
    )
    with psycopg.connect(database_url(), autocommit=True) as own:
        for _ in range(100):
            left = own.execute(asked).fetchall()
            if not left:
                return
            time.sleep(0.1)
    raise AssertionError(f"stopped servers leave connections behind: {left}")


@pytest.fixture(scope="session")
def lasting_serving(django_db_setup, tmp_path_factory):
    """One inference server for all tests that leave it alive; it follows the database, whatever a test puts there."""
    home = tmp_path_factory.mktemp("lasting-serving")
    serving = Serving(home)
    serving.start()
    yield serving
    serving.stop()
    assert_disconnected()


@pytest.fixture
def serving(lasting_serving, deployment, tabular):
    """One worker that answers for `deployment`, called by the project's owner."""
    lasting_serving.token = make_token(tabular.created_by)
    lasting_serving.wait_for_release(deployment)
    return lasting_serving


@pytest.fixture
def shared(serving):
    """One server for many bad requests; it must still answer at the end."""
    yield serving
    answer = serving.post("/v1/cells/predict", {"row": {"x0": 1, "x1": None, "x2": 0.5, "x3": "2"}})
    assert answer.status == 200, answer.body
