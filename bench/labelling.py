"""Labelling with a million tasks (or as many as the argument says): import, list, export, and next + save by 1 and
by 20 annotators over HTTP while another import runs, beside the same steps as bare SQL.

`python -m bench.labelling [tasks]`
"""

from __future__ import annotations

import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

from bench import _product
from bench._annotating import CLASSES, Client, Server, fill, make_people, percentile

TASKS = 1_000_000
SYLLABLES = ["".join(pair) for pair in itertools.product("bcdfghjklmnprstv", "aeiou")]
SECONDS = float(os.environ.get("BENCH_SECONDS", 15))
PACE_SECONDS = 1.0  # of one annotator among many
PACE_ALONE, SECONDS_ALONE = 0.2, 7 * SECONDS  # about 500 samples: a p95 of few is the worst of them
LIST_MS, EXPORT_SECONDS, IMPORT_SECONDS, MEMORY_MB = 300, 60, 120, 300  # targets, at a million
NEXT_SAVE_MS = {1: 20, 20: 150}


def main(tasks: int = TASKS) -> None:
    home = _product.start()
    labeled, owner = _product.make_project("text_classification")
    table = home / "labels.csv"
    write_table(table, tasks)
    print(
        json.dumps(
            _run_child("import", labeled.pk, table)
            | {"what": "import labeled tasks", "tasks": tasks, "target": IMPORT_SECONDS, "limit": _copy_bare(table)}
        )
    )
    for layout in ("JSON", "CSV"):
        row = _run_child("export", labeled.pk, layout)
        row |= {"what": f"export {layout}", "tasks": tasks, "target": EXPORT_SECONDS, "target_mb": MEMORY_MB}
        print(json.dumps(row | {"limit": _copy_out(labeled)}))
    project, owner = _product.make_project("text_classification", "bench-open")
    print(json.dumps({"what": "open tasks", "tasks": tasks, "seconds": fill(project, owner, tasks)}))
    people = make_people(project, 20)
    with Server() as server:
        for row in _measure_lists(server, labeled, owner):
            print(json.dumps(row | {"tasks": tasks}))
        for crowd in (1, 20):
            with _Importing(home, tasks):
                row = _compare(server, project, people[:crowd])
            print(json.dumps(row | {"tasks": tasks, "target": NEXT_SAVE_MS[crowd]}))


def write_table(path: Path, rows: int, mark: str = "") -> None:
    """Texts as different as people's are, and their classes."""
    dice = random.Random(f"3{mark}")
    words = ["".join(parts) for parts in itertools.product(SYLLABLES, repeat=2)]
    with open(path, "w", encoding="utf-8") as out:
        out.write("text,label\n")
        for number in range(rows):
            text = " ".join(dice.choices(words, k=12))
            out.write(f"{mark}{number}: {text},{dice.choice(CLASSES)}\n")


def _run_child(verb: str, *arguments: object) -> dict:
    """In a process of its own, so that its memory is its own too."""
    command = [sys.executable, "-m", "bench._labels", verb, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


class _Importing:
    """Another import goes on beside what is measured."""

    def __init__(self, home: Path, tasks: int):
        nice = ["nice", "-n", "10"]  # as the supervisor starts workers
        import_on = [sys.executable, "-m", "bench._labels", "import-on", str(home), str(max(tasks // 10, 1_000))]
        self._command = [*nice, *import_on]

    def __enter__(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._process.stdout.readline()  # it says when it begins

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()


def _copy_bare(path: Path) -> float:
    """Seconds for Postgres alone to take the same file in, into a table without indexes."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bare (text text, label text)")
        start = time.perf_counter()
        with open(path, "rb") as source, cursor.copy("COPY bare FROM STDIN (FORMAT csv, HEADER true)") as copy:
            while block := source.read(1 << 20):
                copy.write(block)
        seconds = time.perf_counter() - start
        cursor.execute("DROP TABLE bare")
    return round(seconds, 2)


def _copy_out(project) -> float:
    """Seconds for Postgres alone to give the same rows out."""
    from django.db import connection

    dataset, start = int(project.datasets.get().pk), time.perf_counter()
    with (
        connection.cursor() as cursor,
        cursor.copy(
            f"""COPY (SELECT t.id, i.text, a.result FROM annotations_task t JOIN datasets_item i ON i.id = t.item_id
        JOIN annotations_annotation a ON a.task_id = t.id WHERE t.dataset_id = {dataset}) TO STDOUT"""
        ) as copy,
    ):
        for _ in copy:
            pass
    return round(time.perf_counter() - start, 2)


def _measure_lists(server: Server, project, owner) -> list[dict]:
    from lifecycle.accounts.services import tokens

    _, secret = tokens.issue(user=owner, name="lists")
    rows = []
    base, headers = f"/api/v1/projects/{project.slug}/", {"Authorization": f"Bearer {secret}"}
    for what, path in (
        ("task list", base + "tasks/"),
        ("task list, done and positive", base + "tasks/?state=done&label=positive"),
        ("task list, open", base + "tasks/?state=open"),
        ("counts of the queue", base + "queue/"),
        ("Label Studio door: 100 tasks", f"/label-studio/api/tasks/?project={project.pk}&page_size=100"),
    ):
        times = [_get(server, path, headers) for _ in range(7)][1:]
        rows.append({"what": what, "milliseconds": round(statistics.median(times), 1), "target": LIST_MS})
    return rows


def _get(server: Server, path: str, headers: dict) -> float:
    connection, start = HTTPConnection("127.0.0.1", server.port, timeout=120), time.perf_counter()
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    content = response.read()
    if response.status != 200:
        raise RuntimeError(f"{path}: {response.status} {content[:300]!r}")
    return 1000 * (time.perf_counter() - start)


def _compare(server: Server, project, people) -> dict:
    pace, seconds = (PACE_ALONE, SECONDS_ALONE) if len(people) == 1 else (PACE_SECONDS, SECONDS)
    http = _run_crowd([Client(server, project, person) for person in people], pace, seconds)
    bare = _run_crowd([BareClient(project, person) for person in people], pace, seconds)
    ratio = round(http["per_second"] / bare["per_second"], 3)
    limit = {f"limit_{name}": value for name, value in bare.items()}
    return {"what": "next + save beside an import", "annotators": len(people), **http, **limit, "ratio": ratio}


def _run_crowd(clients: list, pace: float, seconds: float) -> dict:
    """Every client takes and answers about one task each `pace` seconds (one a second is a very fast person's) until
    the time is over. No two begin at the same moment or stay in step, as people do not."""
    for client in clients:  # connections, caches and plans are warm before the clock starts
        client.save(client.take())
    end = time.perf_counter() + seconds
    rows: list[tuple[float, ...]] = []

    def work(client) -> None:
        dice = random.Random(id(client))
        time.sleep(dice.random() * pace)
        while time.perf_counter() < end:
            start = time.perf_counter()
            task = client.take()
            taken, taking = time.perf_counter(), client.server_ms
            client.save(task)
            spent = time.perf_counter() - start
            rows.append((1000 * (taken - start), 1000 * (start + spent - taken), taking, client.server_ms))
            time.sleep(max(dice.uniform(0.5, 1.5) * pace - spent, 0))

    start = time.perf_counter()
    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(work, clients))
    spent = time.perf_counter() - start
    next_ms, save_ms, next_server, save_server = zip(*rows, strict=True)
    times = {"next": next_ms, "save": save_ms, "both": [a + b for a, b in zip(next_ms, save_ms, strict=True)]}
    if any(next_server):
        times |= {"next_server": next_server, "save_server": save_server}
    return {
        "samples": len(rows),
        "per_second": round(len(rows) / spent, 1),
        **{
            f"{name}_p{percent}_ms": percentile(values, percent)
            for name, values in times.items()
            for percent in (50, 95)
        },
    }


class BareClient:
    """The raw limit: the same rows locked and written by five statements in two transactions, no web process."""

    server_ms = 0.0

    def __init__(self, project, person):
        import psycopg
        from django.conf import settings

        user, _ = person
        self.user, self.dataset, self.server_ms = user.pk, project.datasets.get().pk, 0.0
        database = settings.DATABASES["default"]
        self.connection = psycopg.connect(
            host=database["HOST"], port=database["PORT"] or None, user=database["USER"],
            password=database["PASSWORD"] or None, dbname=database["NAME"], autocommit=True,
        )  # fmt: skip

    def take(self) -> int:
        with self.connection.transaction():
            task = self.connection.execute(
                """SELECT id FROM annotations_task t
                   WHERE dataset_id = %s AND state = 'open' AND NOT is_reserved AND 0 = (
                       SELECT count(*) FROM annotations_lease l WHERE l.task_id = t.id AND l.expires_at > now())
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


if __name__ == "__main__":
    main(*(int(number) for number in sys.argv[1:]))
