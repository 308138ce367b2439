"""Labelling with 200,000 open tasks: next + save by 1 and by 20 annotators over HTTP, beside the same steps as bare
SQL, and in Chromium the time from key press to the next item painted."""

from __future__ import annotations

import io
import json
import os
import random
import socket
import statistics
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import _product

TASKS = int(os.environ.get("BENCH_TASKS", 200_000))
SECONDS = float(os.environ.get("BENCH_SECONDS", 15))
PICTURES, PICTURE_SIDE, PRESSES = 60, 1600, 40
CLASSES = ["negative", "neutral", "positive"]
WORDS = "the quick brown fox jumps over a lazy dog while seven wizards box with care"


def main() -> None:
    _product.start()
    project, owner = _product.make_project("text_classification")
    _fill(project, owner)
    plan = _explain(project, owner)
    print(json.dumps({"what": "query of next, warm", "tasks": TASKS, **plan}))
    people = _make_people(project, 20)
    with _Server() as server:
        for crowd in (1, 20):
            print(json.dumps(_compare(server, project, people[:crowd])))
        print(json.dumps(_measure_browser(server, owner)))


def _compare(server: _Server, project, people) -> dict:
    http = _run_crowd([_Client(server, project, person) for person in people])
    bare = _run_crowd([_BareClient(project, person) for person in people])
    ratio = round(http["per_second"] / bare["per_second"], 3)
    limit = {f"limit_{name}": value for name, value in bare.items()}
    return {"what": "next + save", "tasks": TASKS, "annotators": len(people), **http, **limit, "ratio": ratio}


def _run_crowd(clients: list) -> dict:
    """Every client takes and answers one task after the other until the time is over."""
    for client in clients:  # connections, caches and plans are warm before the clock starts
        client.save(client.take())
    end = time.perf_counter() + SECONDS
    rows: list[tuple[float, float]] = []

    def work(client) -> None:
        while time.perf_counter() < end:
            start = time.perf_counter()
            task = client.take()
            taken = time.perf_counter()
            client.save(task)
            rows.append((taken - start, time.perf_counter() - taken))

    start = time.perf_counter()
    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(work, clients))
    spent = time.perf_counter() - start
    both = [1000 * (take + save) for take, save in rows]
    return {
        "per_second": round(len(rows) / spent, 1),
        "next_p50_ms": _percentile([1000 * take for take, _ in rows], 50),
        "save_p50_ms": _percentile([1000 * save for _, save in rows], 50),
        "both_p50_ms": _percentile(both, 50),
        "both_p95_ms": _percentile(both, 95),
    }


def _percentile(values: list[float], percent: int) -> float:
    return round(statistics.quantiles(values, n=100, method="inclusive")[percent - 1], 1)


class _Server:
    """The web process as `make run` starts it, on a port of its own."""

    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def __enter__(self) -> _Server:
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
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise RuntimeError("the web process did not start within 30 s")


class _Client:
    """One annotator over HTTP, one connection kept open, with a token."""

    def __init__(self, server: _Server, project, person):
        from http.client import HTTPConnection

        self.person, token = person
        self.connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.base = f"/api/v1/projects/{project.slug}/"
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.random = random.Random(self.person.pk)

    def take(self) -> int:
        return self._post("queue/next/", {"count": 1})["tasks"][0]["id"]

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
        return json.loads(content)


class _BareClient:
    """The raw limit: the same rows locked and written by five statements in two transactions, no web process."""

    def __init__(self, project, person):
        import psycopg
        from django.conf import settings

        user, _ = person
        self.user, self.dataset = user.pk, project.datasets.get().pk
        database = settings.DATABASES["default"]
        self.connection = psycopg.connect(
            host=database["HOST"], port=database["PORT"] or None, user=database["USER"],
            password=database["PASSWORD"] or None, dbname=database["NAME"], autocommit=True,
        )  # fmt: skip

    def take(self) -> int:
        with self.connection.transaction():
            task = self.connection.execute(
                """SELECT id FROM annotations_task t WHERE dataset_id = %s AND state = 'open' AND NOT EXISTS (
                       SELECT 1 FROM annotations_lease l WHERE l.task_id = t.id AND l.expires_at > now())
                   ORDER BY answers, priority DESC, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED""",
                [self.dataset],
            ).fetchone()[0]
            self.connection.execute(
                """INSERT INTO annotations_lease (task_id, user_id, expires_at, created_at)
                   VALUES (%s, %s, now() + interval '2 minutes', now())
                   ON CONFLICT (task_id, user_id) DO UPDATE SET expires_at = excluded.expires_at""",
                [task, self.user],
            )
        return task

    def save(self, task: int) -> None:
        value = random.choice(CLASSES)
        with self.connection.transaction():
            item = self.connection.execute(
                "UPDATE annotations_task SET state = 'done', answers = 1, updated_at = now() WHERE id = %s "
                "RETURNING item_id",
                [task],
            ).fetchone()[0]
            annotation = self.connection.execute(
                """INSERT INTO annotations_annotation (task_id, item_id, user_id, origin, kind, result, value, reason,
                       is_current, schema_version, lead_time_ms, created_at, idempotency_key)
                   VALUES (%s, %s, %s, 'human', 'answer', '[]', %s, '', true, 1, 900, now(), %s) RETURNING id""",
                [task, item, self.user, value, uuid.uuid4().hex],
            ).fetchone()[0]
            self.connection.execute(
                "UPDATE datasets_item SET label = %s, label_annotation_id = %s, labeled_at = now() WHERE id = %s",
                [value, annotation, item],
            )
            self.connection.execute(
                "UPDATE annotations_lease SET expires_at = now() WHERE task_id = %s AND user_id = %s", [task, self.user]
            )


def _fill(project, owner) -> None:
    """Items by one statement, tasks by the service; the time of the latter is a figure too."""
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
        cursor.execute(_build_insert(columns), [TASKS])
        start = time.perf_counter()
        services.open_tasks(collection=collection)
        spent = time.perf_counter() - start
        cursor.execute("VACUUM ANALYZE")
    print(json.dumps({"what": "open tasks", "tasks": TASKS, "seconds": round(spent, 2)}))


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


def _explain(project, owner) -> dict:
    from django.db import connection, transaction

    from lifecycle.annotations.services import queue

    dataset = project.datasets.get().pk
    where = {"dataset": dataset, "user": owner.pk, "passed": [], "count": 10}
    with transaction.atomic(), connection.cursor() as cursor:
        for _ in range(2):
            cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + queue._CANDIDATES, where)
            [plan] = cursor.fetchone()[0]
    text = json.dumps(plan)
    return {"ms": round(plan["Execution Time"], 2), "uses_task_queue_index": "task_queue" in text,
            "sequential_scans": text.count("Seq Scan")}  # fmt: skip


def _make_people(project, count: int) -> list:
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


def _measure_browser(server: _Server, owner) -> dict:
    """Key press to the next picture painted, at the pace of a fast person, pictures of about 2 MB."""
    project, annotator, byte_size = _make_pictures()
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import ARGUMENTS, find_chromium

    executable, environment = find_chromium()
    with sync_playwright() as playwright:
        options = {"executable_path": executable, "args": ARGUMENTS, "env": {**os.environ, **environment}}
        browser = playwright.chromium.launch(**options)
        context = browser.new_context(base_url=f"http://127.0.0.1:{server.port}")
        _log_in(context, annotator, server)
        page = context.new_page()
        page.goto(f"/projects/{project.slug}/label")
        page.wait_for_selector("#annotator[data-ready=true]", state="attached")
        page.wait_for_timeout(3_000)
        page.evaluate(_WATCH)
        for _ in range(PRESSES):
            page.keyboard.press("1")
            page.wait_for_timeout(600)
        times = page.evaluate("() => window.painted")
        browser.close()
    return {
        "what": "key press → next picture painted",
        "picture_mb": round(byte_size / 1e6, 2),
        "presses": len(times),
        "p50_ms": _percentile(times, 50),
        "p95_ms": _percentile(times, 95),
        "target_ms": 100,
    }


_WATCH = """() => {
  window.painted = [];
  const stage = document.querySelector('[data-part=stage]');
  addEventListener('keydown', () => {
    const start = performance.now();
    const before = stage.firstElementChild;
    const look = () => {
      const now = stage.firstElementChild;
      if (now === before || !now || now.tagName !== 'IMG' || !now.complete) return requestAnimationFrame(look);
      requestAnimationFrame(() => {
        const channel = new MessageChannel(); // its message comes after the frame was painted
        channel.port1.onmessage = () => window.painted.push(performance.now() - start);
        channel.port2.postMessage(null);
      });
    };
    queueMicrotask(look);
  }, true);
}"""


def _make_pictures():
    import numpy as np
    from django.conf import settings
    from PIL import Image

    from lifecycle.accounts.models import User
    from lifecycle.annotations import services
    from lifecycle.common.blobs import open_blobs
    from lifecycle.datasets.models import Collection, Item
    from lifecycle.projects.models import Membership

    project, owner = _product.make_project("image_classification")
    services.create_schema(project=project, classes=CLASSES, created_by=owner)
    dataset = project.datasets.get()
    collection = Collection.objects.create(dataset=dataset, title="bench", created_by=owner)
    dice = np.random.default_rng(0)
    blobs, byte_size = open_blobs(settings.STORAGE_URL), 0
    for number in range(PICTURES):
        pixels = dice.integers(0, 255, (PICTURE_SIDE, PICTURE_SIDE, 3), dtype=np.uint8)
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=72)
        byte_size = len(file.getvalue())
        Item.objects.create(
            dataset=dataset, collection=collection, content_hash=f"{number:064x}", blob=blobs.put(file.getvalue()),
            mime="image/jpeg", width=PICTURE_SIDE, height=PICTURE_SIDE, byte_size=byte_size,
        )  # fmt: skip
    services.open_tasks(collection=collection)
    annotator = User.objects.create(username="painter")
    Membership.objects.create(project=project, user=annotator, role=Membership.Role.ANNOTATOR)
    return project, annotator, byte_size


def _log_in(context, user, server: _Server) -> None:
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": f"http://127.0.0.1:{server.port}"}]
    )


if __name__ == "__main__":
    main()
