"""A training whose process is killed goes on in the same run and ends with the same curve."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection
from django.utils import timezone

from lifecycle.experiments import services
from lifecycle.experiments.models import Checkpoint, Metric, Run
from lifecycle.jobs.models import Job
from tests import factories
from tests.versions import commit_rows
from tests.workers.tasks.test_train import write_reviews

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def start_worker(tmp_path):
    """start_worker(job) trains in a process of its own on the test database; whatever is left is killed."""
    started = []

    def start(job_id: int) -> subprocess.Popen:
        parts = urlsplit(os.environ["DATABASE_URL"])
        url = urlunsplit(parts._replace(path="/" + connection.settings_dict["NAME"]))
        log = open(tmp_path / f"worker-{len(started)}.log", "w")  # noqa: SIM115  (the process writes to it until it ends)
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.workers.tasks.train_worker", str(job_id)],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": url, "OMP_NUM_THREADS": "1"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        started.append((process, log))
        return process

    yield start
    for process, log in started:
        process.kill()
        process.wait()
        log.close()


def read_curve(run: Run) -> list[tuple[str, int, float]]:
    return sorted(Metric.objects.filter(run=run).values_list("key", "step", "value"))


def start_run(project, owner, version) -> Run:
    return services.start_run(
        project=project,
        user=owner,
        recipe="text_fast",
        parameters={"epochs": 6, "patience": 0},
        seed=5,
        dataset_version=version,
    )


def wait_for(condition, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def test_a_killed_training_continues_in_the_same_run_with_the_same_curve(owner, tmp_path, start_worker):
    project = factories.ProjectFactory(owner=owner, problem_type="text_classification")
    version = commit_rows(project.datasets.get(), write_reviews(800), tmp_path)
    whole, killed = start_run(project, owner, version), start_run(project, owner, version)
    start_worker(whole.job_id).wait(150)

    first = start_worker(killed.job_id)
    wait_for(lambda: Checkpoint.objects.filter(run=killed).exists())
    first.send_signal(signal.SIGKILL)
    first.wait()
    left = Job.objects.get(pk=killed.job_id)
    points_left = len(read_curve(killed))
    Job.objects.filter(pk=killed.job_id).update(lease_expires_at=timezone.now())  # instead of waiting it out
    start_worker(killed.job_id).wait(150)

    job = Job.objects.get(pk=killed.job_id)
    assert (left.state, job.state, job.attempt) == ("running", "succeeded", 2), job.traceback
    assert any("Continuing from step" in line.text for line in job.log_lines.all())
    assert 0 < points_left < len(read_curve(killed))
    assert read_curve(killed) == read_curve(whole)
    whole.refresh_from_db()
    killed.refresh_from_db()
    assert killed.metrics == whole.metrics and killed.steps == whole.steps
    assert killed.artifacts.count() == 1
