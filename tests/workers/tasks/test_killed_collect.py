"""A run of a source that is killed again and again ends with every row, none of them twice."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from lifecycle.datasets.models import Item
from lifecycle.jobs.models import Job
from lifecycle.sources import services
from lifecycle.sources.models import SourceRow, SourceRowChange
from tests import factories

pytestmark = [
    pytest.mark.django_db(transaction=True), pytest.mark.serial, pytest.mark.long, pytest.mark.timeout(600),
]  # fmt: skip

ROOT = Path(__file__).resolve().parents[3]
ROWS = 60_000
CONTRACT = {
    "columns": [{"name": "id", "type": "integer"}, {"name": "age", "type": "integer", "maximum": 100},
                {"name": "name", "type": "text"}, {"name": "label", "type": "category"}],
    "key": ["id"],
}  # fmt: skip


@pytest.fixture
def start(tmp_path):
    """start(job) works on it in a process of its own; whatever is left is killed."""
    started = []

    def begin(job_id: int) -> subprocess.Popen:
        parts = urlsplit(os.environ["DATABASE_URL"])
        url = urlunsplit(parts._replace(path="/" + connection.settings_dict["NAME"]))
        log = open(tmp_path / f"worker-{len(started)}.log", "w")  # noqa: SIM115  (the process writes to it)
        environment = {**os.environ, "DATABASE_URL": url, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "tests.workers.tasks.job_worker", str(job_id), str(tmp_path)]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        started.append((process, log))
        return process

    yield begin
    for process, log in started:
        process.kill()
        process.wait()
        log.close()


def wait_for(process, is_true, seconds=120) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        if is_true():
            return True
        time.sleep(0.02)
    return False


def give_back(job: Job) -> None:
    """What the sweeper does once the lease of a killed worker has run out."""
    Job.objects.filter(pk=job.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_a_run_killed_at_every_stage_ends_with_each_row_once(tmp_path, owner, start):
    project = factories.ProjectFactory(owner=owner, problem_type="tabular_classification")
    base = tmp_path / "base.db"
    with sqlite3.connect(base) as file:
        file.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, age INT, name TEXT, label TEXT)")
        file.executemany(
            "INSERT INTO t VALUES (?, ?, ?, ?)", ((n, n % 101, f"name {n}", "ab"[n % 2]) for n in range(ROWS))
        )
        file.execute("UPDATE t SET age = 500 WHERE id % 1000 = 7")
    source = services.create_source(
        dataset=project.datasets.get(), user=owner, kind="sql", title="T",
        config={"url": f"sqlite:///{base}", "table": "t"},
    )  # fmt: skip
    services.save_contract(source=source, user=owner, contract=CONTRACT)
    run = services.run_source(source=source, user=owner)
    job = run.collection.job
    Job.objects.filter(pk=job.pk).update(max_attempts=50)
    folder = Path(settings.RUNS_DIR) / str(job.pk)
    stages = [
        lambda: (folder / "collect" / "chunks" / "t00000.parquet").exists(),
        lambda: (folder / "parts" / "state.json").exists(),
        lambda: (folder / "collect" / "bound" / "part-00001.parquet").exists(),
        lambda: Item.objects.filter(dataset__project=project).exists(),
        lambda: Item.objects.filter(dataset__project=project).count() > 30_000,
        lambda: SourceRow.objects.exists(),
        lambda: SourceRow.objects.count() > 30_000,
    ]

    for number, stage in enumerate(stages):
        process = start(job.pk)
        wait_for(process, stage)
        process.kill()
        process.wait()
        give_back(job)
        if number == 4:
            shutil.rmtree(folder)  # the next attempt is on another machine
    assert start(job.pk).wait(timeout=300) == 0

    job.refresh_from_db()
    run.refresh_from_db()
    run.collection.refresh_from_db()
    assert job.state == "succeeded", (job.error, job.traceback)
    assert run.collection.rejected == ROWS // 1000
    assert run.collection.accepted + run.collection.rejected == ROWS
    assert Item.objects.filter(dataset__project=project).count() == run.collection.accepted
    assert SourceRow.objects.filter(source=source).count() == run.collection.accepted
    assert SourceRow.objects.values("item_id").distinct().count() == run.collection.accepted
    assert not SourceRowChange.objects.exists() and run.updated == 0
