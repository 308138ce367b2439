"""What the benchmarks of labelling share: the web process, annotators over HTTP, many open tasks."""

from __future__ import annotations

import json
import os
import random
import socket
import statistics
import subprocess
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

CLASSES = ["negative", "neutral", "positive"]
WORDS = "the quick brown fox jumps over a lazy dog while seven wizards box with care"


def percentile(values: Sequence[float], percent: int) -> float:
    return round(statistics.quantiles(values, n=100, method="inclusive")[percent - 1], 1)


class Server:
    """The web process as `make run` starts it, on a port of its own."""

    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def __enter__(self) -> Server:
        from lifecycle.contracts.settings import load_settings
        from workers.supervisor.plan import web_command

        os.environ["GRISTMILL_PORT"] = str(self.port)
        environment = {**os.environ, "GRISTMILL_DATABASE_POOL": "on"}
        command = web_command(load_settings(Path(__file__).resolve().parent.parent))
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wait()
        return self

    def __exit__(self, *exc) -> None:
        self.process.terminate()
        self.process.wait(20)

    def _wait(self) -> None:
        for _ in range(1_200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise RuntimeError("the web process did not start within two minutes")


class Client:
    """One annotator over HTTP, one connection kept open, with a token."""

    def __init__(self, server: Server, project, person):
        from http.client import HTTPConnection

        self.person, token = person
        self.connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.base = f"/api/v1/projects/{project.slug}/"
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.random = random.Random(self.person.pk)
        self.server_ms = 0.0  # of the last request, by the server's own clock

    def take(self) -> int:
        return self._post("queue/next/", {"count": 1, "share": True})["tasks"][0]["id"]

    def save(self, task: int) -> None:
        choice = {"choices": [self.random.choice(CLASSES)]}
        result = [{"from_name": "label", "to_name": "item", "type": "choices", "value": choice}]
        operation = {"key": uuid.uuid4().hex, "kind": "answer", "task": task, "result": result, "lead_time_ms": 900}
        outcome = self._post("annotations/batch/", {"as_user": self.person.pk, "operations": [operation]})
        if outcome["outcomes"][0]["status"] != "saved":
            raise RuntimeError(outcome)

    def _post(self, path: str, body: dict) -> dict:
        self.connection.request("POST", self.base + path, json.dumps(body), self.headers)
        response = self.connection.getresponse()
        content = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{response.status}: {content[:300]!r}")
        self.server_ms = float(response.headers["Server-Timing"].rpartition("=")[2])
        return json.loads(content)


def fill(project, owner, tasks: int) -> float:
    """Items by one statement, tasks by the service; the seconds of the latter."""
    from django.db import connection

    from lifecycle.annotations import services
    from lifecycle.datasets.models import Collection

    services.create_schema(project=project, classes=CLASSES, created_by=owner)
    dataset = project.datasets.get()
    collection = Collection.objects.create(dataset=dataset, title="bench", created_by=owner)
    columns = {
        "dataset_id": str(dataset.pk),
        "collection_id": str(collection.pk),
        "content_hash": "md5(n::text) || md5((n + 1)::text)",
        "text": f"n::text || ': {WORDS}'",
    }
    with connection.cursor() as cursor:
        cursor.execute(_build_insert(columns), [tasks])
        start = time.perf_counter()
        services.open_tasks(collection=collection)
        spent = time.perf_counter() - start
        cursor.execute("VACUUM ANALYZE")
    return round(spent, 2)


def _build_insert(columns: dict[str, str]) -> str:
    """INSERT … SELECT of so many items, with the model's defaults for every column that is not given."""
    from lifecycle.datasets.models import Item

    for field in Item._meta.concrete_fields:
        if field.primary_key or field.column in columns or field.null:
            continue
        if field.has_default() and not callable(field.default):
            columns[field.column] = repr(field.default)
        else:
            columns[field.column] = "now()" if "Date" in type(field).__name__ else "''"
    names = ", ".join(f'"{name}"' for name in columns)
    return f"INSERT INTO datasets_item ({names}) SELECT {', '.join(columns.values())} FROM generate_series(1, %s) n"


def make_people(project, count: int) -> list:
    from lifecycle.accounts.models import User
    from lifecycle.accounts.services import tokens
    from lifecycle.projects.models import Membership

    people = []
    for number in range(count):
        user = User.objects.create(username=f"annotator{number}")
        Membership.objects.create(project=project, user=user, role=Membership.Role.ANNOTATOR)
        _, secret = tokens.issue(user=user, name="bench")
        people.append((user, secret))
    return people


def log_in(context, user, server: Server) -> None:
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": f"http://127.0.0.1:{server.port}"}]
    )
